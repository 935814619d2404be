"""Texts of a run: YAML, tagged JSON and run.log (sections 3, 5 and 6 of FORMAT.md).

Values are held so: a number is a float, a bigint an int, a boolean a bool, a text a str.
"""
from __future__ import annotations

import datetime
import json
import math
import os
import re
from typing import Any, Optional, Union

Value = Union[float, int, bool, str]
SAFE = 2**53


class Damaged(Exception):
    """A file is not what it was when it was written."""


class Refused(Exception):
    """A file needs a newer reader."""


# ---------------------------------------------------------------- 3 YAML

YAML_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
                " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}
HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


class Yaml:
    """A parser for the subset of YAML that section 3 describes."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.at = 0

    def peek(self) -> Optional[tuple[int, str]]:
        """Column and text of the next line that is neither blank nor a comment."""
        while self.at < len(self.lines):
            line = self.lines[self.at].rstrip("\r")
            bare = line.lstrip(" ")
            if bare.strip() and not bare.startswith("#"):
                return len(line) - len(bare), bare
            self.at += 1
        return None

    def document(self) -> Any:
        first = self.peek()
        if first is None:
            return {}
        if first[1].rstrip() in ("{}", "[]"):
            self.at += 1
            result: Any = {} if first[1][0] == "{" else []
        else:
            result = self.block(0, 0)
        if self.peek() is not None:
            raise Damaged(f"line {self.at + 1} of the YAML does not belong where it stands")
        return result

    def block(self, least: int, depth: int) -> Any:
        if depth > 64:
            raise Damaged("the YAML is too deep")
        head = self.peek()
        if head is None or head[0] < least:
            return None
        return self.list(head[0], depth) if is_item(head[1]) else self.mapping(head[0], depth)

    def list(self, column: int, depth: int) -> list:
        result = []
        while (head := self.peek()) and head[0] == column and is_item(head[1]):
            rest = head[1][1:].lstrip(" ")
            if not rest:
                self.at += 1
                result.append(self.block(column + 1, depth + 1))
            elif is_item(rest) or self.key(rest):
                inner = column + len(head[1]) - len(rest)
                self.lines[self.at] = " " * inner + rest
                result.append(self.block(inner, depth + 1))
            else:
                result.append(self.scalar(rest, column))
        return result

    def mapping(self, column: int, depth: int) -> dict:
        result: dict[str, Any] = {}
        while (head := self.peek()) and head[0] == column and not is_item(head[1]):
            found = self.long_key(head[1]) or self.key(head[1])
            if found is None:
                raise Damaged(f"line {self.at + 1} of the YAML has no key")
            key, rest = found
            if key in result:
                raise Damaged(f"key {key!r} is there twice")
            if rest:
                result[key] = self.scalar(rest, column)
                continue
            self.at += 1
            after = self.peek()
            is_list = after is not None and after[0] == column and is_item(after[1])
            result[key] = self.block(column if is_list else column + 1, depth + 1)
        return result

    def key(self, text: str) -> Optional[tuple[str, str]]:
        """The key that a text begins with, and what follows its colon."""
        if text[0] in "\"'":
            try:
                key, end = quoted(text)
            except Damaged:
                return None
        else:
            match = re.search(r":(?= |$)", text)
            if match is None or text[0] in "|{[":
                return None
            key, end = text[: match.start()], match.start()
        if not re.match(r" *:( |$)", text[end:]):
            return None
        return key, text[end:].split(":", 1)[1].strip(" ")

    def long_key(self, text: str) -> Optional[tuple[str, str]]:
        """A key of more than 1,024 characters: a line "? key", and one ": value"."""
        after = self.lines[self.at + 1].strip(" ") if self.at + 1 < len(self.lines) else ""
        if not text.startswith("? ") or not after.startswith(":"):
            return None
        self.at += 1
        key = text[2:].strip(" ")
        return quoted(key)[0] if key[0] in "\"'" else key, after[1:].strip(" ")

    def scalar(self, text: str, column: int) -> Any:
        """A scalar that begins on this line, and the lines it takes."""
        self.at += 1
        if re.fullmatch(r"\|\d?[-+]?\d?", text):
            return self.literal(text, column)
        if text[0] in "\"'":
            while True:  # a long text may go on below
                try:
                    value, end = quoted(text)
                    break
                except Damaged:
                    text = self.folded(text)
            if text[end:].strip(" ") and not text[end:].lstrip(" ").startswith("#"):
                raise Damaged("something follows a text in quotes")
            return value
        return plain(text.rstrip(" "))

    def folded(self, text: str) -> str:
        """The text with the next line of it, folded as YAML does."""
        breaks = 0
        while self.at < len(self.lines) and not self.lines[self.at].strip():
            breaks, self.at = breaks + 1, self.at + 1
        if self.at >= len(self.lines):
            raise Damaged("a text in quotes does not end")
        line = self.lines[self.at].strip(" ")
        self.at += 1
        if text[0] == '"' and (len(text) - len(text.rstrip("\\"))) % 2:
            return text[:-1] + "\\n" * breaks + line
        newline = "\\n" if text[0] == '"' else "\n"
        return text.rstrip(" ") + (newline * breaks or " ") + line

    def literal(self, header: str, column: int) -> str:
        digit = re.search(r"\d", header)
        indent = max(column, 0) + int(digit[0]) if digit else 0
        taken: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            width = len(line) - len(line.lstrip(" "))
            if line.strip(" ") and not indent:
                indent = width if width > column else 10**9
            if line.strip(" ") and width < indent:
                break
            taken.append(line[indent:] if indent else "")
            self.at += 1
        text = "\n".join(taken) + "\n" if taken else ""
        if "+" in header:
            return text
        kept = text.rstrip("\n")
        return kept if "-" in header or not kept else kept + "\n"


def is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def quoted(text: str) -> tuple[str, int]:
    """The value of a scalar in quotes at the beginning of a text, and where it ends."""
    mark, out, i = text[0], [], 1
    while i < len(text):
        char = text[i]
        if mark == "'" and text.startswith("''", i):
            out.append("'")
            i += 2
        elif char == mark:
            return join_surrogates("".join(out)), i + 1
        elif mark == '"' and char == "\\":
            letter = text[i + 1 : i + 2]
            if letter in HEX_ESCAPES and letter:
                size = HEX_ESCAPES[letter]
                out.append(chr(int(text[i + 2 : i + 2 + size], 16)))
                i += 2 + size
            elif letter in YAML_ESCAPES:
                out.append(YAML_ESCAPES[letter])
                i += 2
            else:
                raise Damaged("an escape that YAML does not know")
        else:
            out.append(char)
            i += 1
    raise Damaged("a text in quotes does not end")


def join_surrogates(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass") if re.search("[\ud800-\udfff]", text) else text


def plain(text: str) -> Any:
    words = {"null": None, "~": None, "true": True, "false": False, "{}": {}, "[]": [],
             ".nan": math.nan, ".inf": math.inf, "-.inf": -math.inf, "-0": -0.0}
    if text in words:
        return words[text]
    if re.fullmatch(r"-?[0-9]+", text):
        return integer(int(text))
    if re.fullmatch(r"-?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?|-?[0-9]+\.", text):
        return float(text)
    return text


def integer(value: int) -> Value:
    """An integer below 2^53 and the number are one."""
    return float(value) if -SAFE < value < SAFE else value


def read_yaml(path: str, limit: int = 1 << 20) -> dict:
    if os.path.getsize(path) > limit:
        raise Damaged(f"{path} is too large")
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    if text.rstrip().rsplit("\n", 1)[-1] != "# end":
        raise Damaged(f"{path} was cut off")
    document = Yaml(text).document()
    if not isinstance(document, dict):
        raise Damaged(f"{path} is no mapping")
    return document


# ---------------------------------------------------------------- 5 Tagged JSON, parameters

NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}


def no_constant(name: str) -> Any:
    raise ValueError(name)


def parse_tagged(text: str) -> Any:
    return untag(json.loads(text, parse_int=float, parse_constant=no_constant))


def untag(value: Any) -> Any:
    if isinstance(value, list):
        return [untag(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (key, body), = value.items()
        if key == "$number" and body in NUMBERS:
            return NUMBERS[body]
        if key == "$bigint" and isinstance(body, str) and re.fullmatch(r"-?\d+", body):
            return int(body)
    if any(key.startswith("$") and not key.startswith("$$") for key in value):
        raise Damaged("tagged JSON with an unknown tag")
    return {key[1:] if key.startswith("$$") else key: untag(item) for key, item in value.items()}


def tag(value: Any) -> Any:
    """What json.dumps is to write for a value."""
    if isinstance(value, dict):
        return {"$" + key if key.startswith("$") else key: tag(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [tag(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"$bigint": str(value)} if not -SAFE < value < SAFE else value
    if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
        return {"$number": next(k for k, v in NUMBERS.items() if repr(v) == repr(value))}
    return int(value) if value == int(value) and abs(value) < 1e21 else value


def merge(into: dict, other: dict) -> dict:
    """Mappings are merged key by key; all else replaces what was there."""
    result = dict(into)
    for key, value in other.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


# ---------------------------------------------------------------- 6 run.log

LINE = re.compile(r"((?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([A-Z0-9_.-]{1,32})( *)")
UNESCAPE = re.compile(r"\\(\\|n|r|t|u[0-9a-f]{4})")
LogLine = tuple[Optional[int], str, str, Any]


def parse_lines(lines: list[str]) -> list[LogLine]:
    """The lines of a log, each without its newline."""
    out: list[LogLine] = []
    last: Optional[int] = 0
    for line in lines:
        parsed = parse_line(line) or (last, "", line, {})
        last = parsed[0]
        out.append(parsed)
    return out


def parse_line(line: str) -> Optional[LogLine]:
    head = LINE.match(line)
    if head is None:
        return None
    spaces = max(0, 5 - len(head[2])) + 1
    milliseconds = parse_time(head[1])
    if len(head[3]) < spaces or milliseconds is None:
        return None
    rest = line[head.end(2) + spaces :]
    message, meta = split_meta(rest)
    text = UNESCAPE.sub(lambda m: {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}.get(m[1]) or chr(int(m[1][1:], 16)), message)
    return milliseconds, head[2].lower(), join_surrogates(text), meta


def parse_time(text: str) -> Optional[int]:
    year, month, day, hour, minute, second, milli = map(int, re.fullmatch(
        r"([+-]?\d+)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z", text).groups())  # type: ignore[union-attr]
    try:  # Python's years end at 9999: count in cycles of 400 years
        days = datetime.date(year % 400 + 400, month, day).toordinal() + (year // 400 - 1) * 146097
    except ValueError:
        return None
    return ((((days - 719163) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli


def split_meta(rest: str) -> tuple[str, dict]:
    if not rest.endswith("}"):
        return rest, {}
    depth, i, inside = 0, len(rest) - 1, False
    while i >= 0:
        char = rest[i]
        if char == '"':
            before = len(rest[:i]) - len(rest[:i].rstrip("\\"))
            if not inside or before % 2 == 0:
                inside = not inside
        elif not inside and char in "{}":
            depth += 1 if char == "}" else -1
            if depth == 0:
                break
        i -= 1
    if i < 1 or rest[i - 1] != " ":
        return rest, {}
    try:
        meta = json.loads(rest[i:], parse_int=float, parse_constant=no_constant)
    except ValueError:
        return rest, {}
    return (rest[: i - 1], meta) if isinstance(meta, dict) else (rest, {})
