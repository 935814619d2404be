"""The write-ahead log of a run: records and segments (sections 7 and 8 of FORMAT.md)."""
from __future__ import annotations

import json
import math
import re
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, Iterator, NamedTuple, Optional

from texts import Damaged, Refused, Value, merge, parse_tagged

SEGMENT = re.compile(r"^wal-(\d{1,9})-(\d{1,9})\.log$")


# ---------------------------------------------------------------- 7 Records

METRIC, SHAPE, ROW, LOG, PARAMS, FACT, CLOSE, STAMPED, WIDE, WIDE_STAMPED, REWIND = range(1, 12)
ROWS = (ROW, STAMPED, WIDE, WIDE_STAMPED)


class Malformed(Exception):
    """A frame's records make no sense."""


@dataclass
class Dictionary:
    metrics: list[str] = field(default_factory=list)
    shapes: dict[int, list[int]] = field(default_factory=dict)

    def copy(self) -> "Dictionary":
        return Dictionary(list(self.metrics), dict(self.shapes))


@dataclass
class Call:
    step: Optional[int]
    timestamp: int
    stamped: bool
    values: dict[str, Value]


class Record(NamedTuple):
    kind: int
    body: Any  # a Call, a text, or None for metrics and shapes


def record_heads(payload: bytes) -> Iterator[tuple[int, int, int]]:
    """(place, length, tag) of each record."""
    at = 0
    while at < len(payload):
        if at + 8 > len(payload):
            raise Malformed("a record's head is cut off")
        length, tag_ = struct.unpack_from("<iI", payload, at)
        if length < 8 or length % 8 or at + length > len(payload):
            raise Malformed("a record's length")
        yield at, length, tag_
        at += length


def read_records(payload: bytes, dictionary: Dictionary) -> list[Record]:
    """All records of a payload; changes the dictionary."""
    out = []
    try:
        for at, length, tag_ in record_heads(payload):
            record, kind = payload[at : at + length], tag_ & 255
            if kind == METRIC:
                define_metric(record, dictionary)
                out.append(Record(kind, None))
            elif kind == SHAPE:
                define_shape(record, tag_ >> 8, dictionary)
                out.append(Record(kind, None))
            elif kind in ROWS:
                out.append(Record(kind, read_call(record, kind, tag_ >> 8, dictionary)))
            elif not METRIC <= kind <= REWIND:
                raise Malformed("a record's kind")
            else:
                out.append(Record(kind, read_text(kind, text_at(record, 16, struct.unpack_from("<I", record, 12)[0]))))
    except (struct.error, ValueError, OverflowError, Damaged) as error:
        raise Malformed(str(error)) from error
    return out


def read_text(kind: int, text: str) -> Any:
    if kind == LOG:
        return text
    value = parse_tagged(text) if kind in (PARAMS, FACT) else json.loads(text)
    if not isinstance(value, dict):
        raise Malformed("a record that holds no JSON object")
    return value


def text_at(record: bytes, at: int, size: int) -> str:
    if at + size > len(record):
        raise Malformed("a text reaches beyond its record")
    return record[at : at + size].decode("utf-8", "replace")


def define_metric(record: bytes, dictionary: Dictionary) -> None:
    number, size = struct.unpack_from("<II", record, 8)
    name = text_at(record, 16, size)
    if number > len(dictionary.metrics):
        raise Malformed("a metric's number")
    dictionary.metrics[number : number + 1] = [name]


def define_shape(record: bytes, number: int, dictionary: Dictionary) -> None:
    count, = struct.unpack_from("<I", record, 8)
    if 12 + 4 * count > len(record):
        raise Malformed("a shape reaches beyond its record")
    words = list(struct.unpack_from(f"<{count}I", record, 12))
    if any(word >> 2 >= len(dictionary.metrics) for word in words):
        raise Malformed("a shape names an unknown metric")
    dictionary.shapes[number] = words


def read_call(record: bytes, kind: int, shape: int, dictionary: Dictionary) -> Call:
    words = dictionary.shapes.get(shape)
    if words is None:
        raise Malformed("a row names an unknown shape")
    if kind in (WIDE, WIDE_STAMPED):
        step: Optional[int] = struct.unpack_from("<q", record, 8)[0]
    else:
        double, = struct.unpack_from("<d", record, 8)
        step = None if math.isnan(double) else int(double)
    timestamp = int(struct.unpack_from("<d", record, 16)[0])
    values: dict[str, Value] = {}
    end = 24 + 8 * len(words)
    for i, word in enumerate(words):
        name, at = dictionary.metrics[word >> 2], 24 + 8 * i
        number, = struct.unpack_from("<d", record, at)
        if word & 3 == 0:
            values[name] = number
        elif word & 3 == 1:
            values[name] = struct.unpack_from("<q", record, at)[0]
        elif word & 3 == 2:
            values[name] = number != 0
        else:
            values[name] = text_at(record, end, int(number))
            end += int(number)
    if len(record) - end >= 8:
        raise Malformed("a row that does not fit its shape")
    return Call(step, timestamp, kind in (STAMPED, WIDE_STAMPED), values)


# ---------------------------------------------------------------- 8 Write-ahead log

CHECKPOINT, RECORDS, CARRIED, DEFINITIONS = 1, 2, 3, 4


class Frame(NamedTuple):
    type: int
    part: int
    seq: int
    calls: Optional[int]
    payload: bytes
    end: int


@dataclass
class Segment:
    name: str
    epoch: int
    number: int
    version: int = 0
    frames: list[Frame] = field(default_factory=list)
    salvaged: list[Frame] = field(default_factory=list)
    foreign: bool = False
    verdict: str = "empty"
    torn: int = 0


class Block(NamedTuple):
    digit: int
    uuid: bytes
    epoch: int
    salt: bytes
    version: int
    writer: tuple[int, ...]


def read_block(data: bytes, at: int) -> Optional[Block]:
    """A guard or head, if it is intact."""
    block = data[at : at + 56]
    if len(block) < 56 or block[:7] != b"EXPMWAL" or zlib.crc32(block[:52]) != struct.unpack_from("<I", block, 52)[0]:
        return None
    epoch, = struct.unpack_from("<I", block, 24)
    version, *writer = struct.unpack_from("<4H", block, 40)
    return Block(block[7] - 48, block[8:24], epoch, block[32:40], version, tuple(writer))


def read_frame(data: bytes, at: int, version: int, salt: bytes) -> Optional[Frame]:
    size = 24 if version == 1 else 32
    if at + size > len(data):
        return None
    length, head_crc, seq, type_, part, payload_crc = struct.unpack_from("<IIQHHI", data, at)
    if length > 64 << 20 or not 1 <= type_ <= (2 if version == 1 else 4) or at + size + length > len(data):
        return None
    head = data[at : at + 4] + bytes(4) + data[at + 8 : at + size]
    payload = data[at + size : at + size + length]
    if zlib.crc32(salt + head) != head_crc or zlib.crc32(payload, zlib.crc32(salt)) != payload_crc:
        return None
    calls = None if version == 1 else struct.unpack_from("<Q", data, at + 24)[0]
    return Frame(type_, part, seq, calls, payload, at + size + length)


def belongs_behind(frame: Frame, last: Optional[Frame]) -> bool:
    if last is None:
        return True
    state = (CHECKPOINT, CARRIED)
    if last.type in state:
        return frame.type not in state or frame.part > last.part
    return frame.type not in state and (frame.seq > last.seq or frame.seq == last.seq and last.type > frame.type)


def read_segment(name: str, data: bytes, uuid: str) -> Segment:
    epoch, number = map(int, SEGMENT.match(re.sub(r"\.corrupt(\.\d+)?$", "", name)).groups())  # type: ignore[union-attr]
    segment = Segment(name, epoch, number)
    guard, head = read_block(data, 0), read_block(data, 56)
    damaged_start, begin = False, 112
    if head and head.digit > 1:
        block, owner, segment.version = head, head.uuid, head.digit
        damaged_start = guard is None or guard.version != head.version
    elif guard is None:
        segment.torn = len(data)
        segment.verdict = "corrupt" if len(data) >= 56 and any(data) else "empty"
        return segment
    elif guard.digit > 1 or guard.version == 0:
        block, owner, segment.version, begin = guard, guard.uuid, guard.digit, 56
    else:
        block, owner, segment.version = guard, bytes(255 - byte for byte in guard.uuid), guard.version
        damaged_start = len(data) >= 112
    if segment.version > 2:
        raise Refused(f"{name} needs expman-rx {'.'.join(map(str, block.writer))}")
    segment.foreign = owner.hex() != uuid or block.epoch != epoch
    end = min(begin, len(data))
    while frame := read_frame(data, end, segment.version, block.salt):
        segment.frames.append(frame)
        end = frame.end
    segment.salvaged = list(salvage(data, end, segment, block.salt))
    found = segment.frames or segment.salvaged
    if segment.salvaged or (damaged_start and found) or segment.foreign:
        segment.verdict = "corrupt"
    elif not segment.frames:
        segment.verdict, segment.torn = "empty", len(data) - end
    else:
        segment.verdict, segment.torn = ("torn", len(data) - end) if end < len(data) else ("whole", 0)
    return segment


def salvage(data: bytes, end: int, segment: Segment, salt: bytes) -> Iterator[Frame]:
    last, at = segment.frames[-1] if segment.frames else None, end + 1
    while at + 24 <= len(data):
        if 1 <= data[at + 16] <= 4 and data[at + 17] == 0:
            frame = read_frame(data, at, segment.version, salt)
            if frame and belongs_behind(frame, last):
                yield frame
                last, at = frame, frame.end
                continue
        at += 1


@dataclass
class State:
    """What the log says besides calls: section 11.2."""
    dictionary: Dictionary = field(default_factory=Dictionary)
    params: dict = field(default_factory=dict)
    facts: dict = field(default_factory=dict)
    ending: Any = None
    offset: Optional[int] = 0
    pending: list[str] = field(default_factory=list)
    lost: list[tuple[str, int, int]] = field(default_factory=list)  # kind, entries and bytes of pieces of a checkpoint
    there: frozenset[str] = frozenset()  # names of the facts in the pieces that are there
    at: tuple[int, int, str] = (-1, 0, "")  # epoch, seq and file of that checkpoint


@dataclass
class Checkpoint:
    seq: int
    calls: Optional[int]
    before: Optional[dict]
    state: State
    whole: bool


def dictionary_of(core: dict) -> Dictionary:
    return Dictionary(list(core["metrics"]), {number: list(words) for number, words in core["shapes"]})


def read_checkpoint(frames: list[Frame], version: int) -> Optional[Checkpoint]:
    """8.4: the checkpoint that the intact frames of a segment make."""
    frames = [frame for frame in frames if frame.type in (CHECKPOINT, CARRIED)]
    if not frames:
        return None
    first, state = frames[0], State(offset=None)
    if version == 1:
        core = json.loads(first.payload)
        state = State(dictionary_of(core["dictionary"]), parse_tagged(core["params"]), parse_tagged(core["facts"]),
                      core["ending"], core["log"]["offset"], list(core["log"]["pending"]))
        return Checkpoint(first.seq, None, core.get("before"), state, True)
    cores = [frame for frame in frames if frame.type == CHECKPOINT]
    core = json.loads(cores[0].payload) if cores else {}
    if cores:
        state.dictionary, state.ending, state.offset = dictionary_of(core["dictionary"]), core["ending"], core["logOffset"]
    pieces = {frame.part: json.loads(frame.payload) for frame in frames if frame.type == CARRIED}
    for _, piece in sorted(pieces.items()):
        state.pending += piece.get("lines", [])
        state.params = merge(state.params, parse_tagged(piece.get("params", "{}")))
        state.facts = merge(state.facts, parse_tagged(piece.get("facts", "{}")))
    state.there = frozenset(state.facts)
    state.lost = [(kind, entries, size) for i, (kind, entries, size) in enumerate(core.get("carried", ())) if 2 + i not in pieces]
    return Checkpoint(first.seq, first.calls, core.get("before"), state, bool(cores) and not state.lost)
