"""A reader of the runs that expman-rx writes, made from FORMAT.md alone.

The sections below bear the numbers of FORMAT.md; sections 3, 5 and 6 are in texts.py, 7 and 8 in
wal.py. Values are held so: a number is a float, a bigint an int, a boolean a bool, a text a str.
Needs pyarrow.   python reader.py RUN_DIR --json
"""
from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import os
import re
import socket
import struct
import sys
import zlib
from dataclasses import dataclass, field
from typing import Any, Iterator, Optional

import pyarrow as pa
import pyarrow.parquet as pq

from texts import SAFE, Damaged, LogLine, Refused, Value, merge, parse_lines, parse_tagged, read_yaml, tag, untag  # noqa: F401
from wal import (CLOSE, DEFINITIONS, FACT, LOG, PARAMS, RECORDS, REWIND, ROWS, SEGMENT, Call, Checkpoint, Dictionary, Frame,
                 Malformed, Record, Segment, State, read_checkpoint, read_records, read_segment, record_heads)

INFINITE = 2**80  # a seq above all
TEMPORARY = re.compile(r"^\..+\.[0-9a-f]{12}\.tmp$")
KEPT = re.compile(r"^(.+)\.corrupt(\.\d+)?$")


# ---------------------------------------------------------------- 9 metrics.parquet

ALIKE = re.compile(r"-?(\d+(\.\d+)?(e[+-]\d+)?|Infinity)|NaN|true|false", re.ASCII)
TYPES = {pa.float64(): "DOUBLE", pa.int64(): "INT64", pa.bool_(): "BOOLEAN", pa.string(): "UTF8"}


@dataclass
class Row:
    step: Optional[int]
    timestamp: int
    stamp: Optional[int]
    values: dict[str, Value]


@dataclass
class Published:
    """What metrics.parquet says; as it stands, a file that is not there."""
    watermark: tuple[int, int, Optional[int]] = (-1, 0, None)
    has_wal_calls: bool = False
    logged: int = 0
    sessions: Optional[list[tuple[int, int]]] = None
    rewound: int = 0
    rewinds: list[tuple[int, int, int, int]] = field(default_factory=list)  # epoch, seq, fromStep, mediaBytes
    stamps: list[int] = field(default_factory=list)
    columns: list[tuple[str, str, str, bool]] = field(default_factory=list)  # metric, column, type, exact
    tallies: dict[str, dict] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


def verify(data: bytes, metadata: dict[str, str]) -> None:
    """9.3: what a reader that wants certainty must check."""
    size, = struct.unpack_from("<I", data, len(data) - 8)
    start = len(data) - 8 - size
    footer = data[start : len(data) - 8]
    places = list(re.finditer(rb"\x18\x0aexpman\.crc\x18\x08([0-9a-f]{8})\x00", footer))
    if not places:
        raise Damaged("metrics.parquet has no CRC")
    at = places[-1].start(1)
    if zlib.crc32(footer[:at] + b"00000000" + footer[at + 8 :]) != int(places[-1][1], 16):
        raise Damaged("the footer of metrics.parquet")
    end = 4
    regions = [tuple(map(int, r.split("=")[0].split("+"))) + (r.split("=")[1],) for r in metadata.get("expman.regions", "").split()]
    for offset, length, crc in sorted(regions):
        if any(data[end:offset]) or offset + length > start or zlib.crc32(data[offset : offset + length]) != int(crc, 16):
            raise Damaged("a region of metrics.parquet")
        end = max(end, offset + length)
    if any(data[end:start]):
        raise Damaged("bytes of metrics.parquet in no region")


def read_published(data: bytes, uuid: str) -> Published:
    if len(data) < 12 or data[:4] != b"PAR1" or data[-4:] != b"PAR1":
        raise Damaged("metrics.parquet does not begin and end with PAR1")
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        metadata = {k.decode(): v.decode() for k, v in (file.metadata.metadata or {}).items() if k != b"ARROW:schema"}
    except (pa.ArrowException, OSError) as error:
        raise Damaged(str(error)) from error
    verify(data, metadata)
    if int(metadata.get("schema_version", "1")) > 1:
        raise Refused(f"metrics.parquet needs expman-rx {metadata.get('written_by', 'unknown')}")
    if metadata.get("run_uuid", uuid) != uuid:
        raise Damaged("metrics.parquet is of another run")
    summary = parse_tagged(metadata.get("summary", '{"columns":[],"tallies":[]}'))
    out = Published()
    calls = metadata.get("wal_calls")
    if "epoch" in metadata:
        known = calls is not None and calls != "unknown"
        out.watermark = (int(metadata["epoch"]), int(metadata.get("wal_seq", 0)), int(calls) if known else None)  # type: ignore[arg-type]
    out.has_wal_calls = calls is not None
    out.logged = int(metadata.get("logged_rows", file.metadata.num_rows))
    if "sessions" in metadata:
        out.sessions = [(s["epoch"], s["firstRow"]) for s in json.loads(metadata["sessions"])]
    out.rewound = int(metadata.get("rewound", 0))
    for rewind in parse_tagged(metadata.get("rewinds", '{"rewinds":[]}'))["rewinds"]:
        out.rewinds.append((int(rewind["epoch"]), int(rewind["seq"]), int(rewind["fromStep"]), int(rewind["mediaBytes"])))
    out.stamps = [int(length) for length in metadata.get("stamps", "").split()]
    out.tallies = {metric: tally for metric, tally in summary["tallies"]}
    types = {item.name: TYPES.get(item.type, "?") for item in file.schema_arrow}
    out.columns = [(metric, column, types[column], exact) for metric, column, exact in summary["columns"]]
    out.rows = read_rows(file, {column: metric for metric, column, _ in summary["columns"]})
    if "rows" in metadata and int(metadata["rows"]) != len(out.rows):
        raise Damaged("metrics.parquet holds another number of rows")
    apply_stamps(out.rows, out.stamps)
    return out


def read_rows(file: pq.ParquetFile, metrics: dict[str, str]) -> list[Row]:
    rows: list[Row] = []
    for group in range(file.num_row_groups):
        table, described = file.read_row_group(group), file.metadata.row_group(group)
        columns = {name: table.column(i) for i, name in enumerate(table.column_names)}
        steps = columns["step"].to_pylist()
        times = columns["timestamp"].cast(pa.int64()).to_pylist()
        part = [Row(step, at, None, {}) for step, at in zip(steps, times)]
        for c, name in enumerate(table.column_names):
            if name not in metrics or c < 2:
                continue
            cells = table.column(c).to_pylist()
            if table.schema.field(c).type == pa.string():
                cells = from_texts(cells, (described.column(c).metadata or {}).get(b"expman.texts"))
            for row, cell in zip(part, cells):
                if cell is not None:
                    row.values[metrics[name]] = cell
        rows += part
    return rows


def apply_stamps(rows: list[Row], stamps: list[int]) -> None:
    """10.3: the lengths end at the last row; the clock's come first."""
    at, by_caller = len(rows) - sum(stamps), False
    for length in stamps:
        for row in rows[at : at + length] if by_caller else ():
            row.stamp = row.timestamp
        at, by_caller = at + length, not by_caller


def from_texts(cells: list[Optional[str]], marks: Optional[bytes]) -> list[Any]:
    """9.2: the values that the cells of a text column stand for."""
    alike = [i for i, cell in enumerate(cells) if cell is not None and len(cell) <= 32 and ALIKE.fullmatch(cell)]
    texts = [False] * len(alike)
    if marks is not None and marks.startswith(b"bits:"):
        bits = base64.b64decode(marks[5:])
        texts = [i // 8 < len(bits) and bool(bits[i // 8] >> i % 8 & 1) for i in range(len(alike))]
    elif marks is not None:
        lengths = [int(length) for length in marks.decode().split(",")]
        texts = [i % 2 == 1 for i, length in enumerate(lengths) for _ in range(length)]
        if len(texts) != len(alike):
            raise Damaged("the marks of a text column")
    out: list[Any] = list(cells)
    for i, is_text in zip(alike, texts):
        if not is_text:
            out[i] = from_text(cells[i])  # type: ignore[arg-type]
    return out


def from_text(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    double = float(text.replace("Infinity", "inf"))
    if text_of(double) == text:
        return double
    if re.fullmatch(r"-?\d+", text) and abs(int(text)) >= SAFE and str(int(text)) == text:
        exact = int(text)
        if js_string(double) == text and (int(double) == exact or not -(2**63) <= exact < 2**63):
            return double
        return exact if -(2**63) <= exact < 2**63 else text
    return text


def text_of(value: Value) -> str:
    """The cell of a text column for a value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, float):
        return str(value)
    if value == 0 and math.copysign(1, value) < 0:
        return "-0"
    return js_string(value, exponent_from=16 if value.is_integer() and abs(value) >= SAFE else 22)


def js_string(value: float, exponent_from: int = 22) -> str:
    """JavaScript's String() of a number, with an exponent from so many digits before the point."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value!r}e".split("e")[:2] if "e" in repr(value) else (repr(value), "0")
    sign, mantissa = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent) - (len(whole + fraction) - len(digits))  # 0.DIGITS times ten to this
    digits = digits.rstrip("0")
    if -6 < point < exponent_from:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        return sign + (digits.ljust(point, "0") if len(digits) <= point else f"{digits[:point]}.{digits[point:]}")
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


# ---------------------------------------------------------------- 10 From calls to rows

@dataclass
class Session:
    epoch: int
    rows: list[Row] = field(default_factory=list)
    latest: dict[int, int] = field(default_factory=dict)
    published: int = 0

    def place(self, call: Call) -> bool:
        """10.2: joins a call to a row, or begins one (True)."""
        stamp = call.timestamp if call.stamped else None
        number = self.latest.get(call.step) if call.step is not None else None
        if number is not None and number >= len(self.rows) - 1024:
            row = self.rows[number]
            if row.stamp == stamp and not row.values.keys() & call.values.keys():
                row.values.update(call.values)
                return False
        if call.step is not None:
            self.latest[call.step] = len(self.rows)
        self.rows.append(Row(call.step, call.timestamp, stamp, dict(call.values)))
        return True


def published_sessions(file: Published) -> list[Session]:
    if not file.rows and not file.sessions:
        return []
    bounds = file.sessions if file.sessions is not None else [(-1, 0)]
    out = []
    for i, (epoch, first) in enumerate(bounds):
        end = bounds[i + 1][1] if i + 1 < len(bounds) else len(file.rows)
        session = Session(epoch, file.rows[first:end], published=end - first)
        session.latest = {row.step: n for n, row in enumerate(session.rows) if row.step is not None}
        out.append(session)
    return out


def rewind(sessions: list[Session], epoch: int, from_step: int) -> int:
    """10.4: takes rows out of earlier sessions; how many."""
    taken = 0
    for session in sessions:
        if session.epoch < epoch:
            left = [row for row in session.rows if row.step is None or row.step < from_step]
            taken += len(session.rows) - len(left)
            session.rows = left
    return taken


# ---------------------------------------------------------------- 11 Replay

@dataclass
class Loss:
    epoch: int
    first: int
    records: int
    calls: int
    at_most: bool = False
    others: int = 0
    file: str = ""

    def as_json(self) -> dict:
        out: dict[str, Any] = {"epoch": self.epoch, "firstRecord": self.first, "records": self.records, "calls": self.calls}
        if self.at_most:
            out["atMost"] = True
        if self.others:
            out["others"] = self.others
        out["file"] = self.file
        return out


class Replay:
    """11.3: reads segments in order, and keeps what they say."""

    def __init__(self, file: Published) -> None:
        self.watermark = file.watermark
        self.done = {(epoch, seq) for epoch, seq, _, _ in file.rewinds}
        self.sessions = published_sessions(file)
        last = file.sessions[-1][0] if file.sessions else None
        self.unfinished = self.sessions[-1] if last is not None and last == file.watermark[0] else None  # the file's, which may go on
        self.open: Optional[Session] = None
        self.epoch, self.seq, self.calls = -1, 0, 0  # "here"
        self.state, self.whole, self.stopped = State(), False, False
        self.taken: list[Call] = []
        self.wal_rows = self.behind_gap = 0
        self.rewinds: list[tuple[int, int, int]] = []
        self.losses: list[Loss] = []
        self.unsettled: Optional[Loss] = None
        self.file = ""

    def published(self) -> int:
        epoch, seq, _ = self.watermark
        return INFINITE if self.epoch < epoch else seq if self.epoch == epoch else 0

    def segment(self, segment: Segment) -> None:
        if segment.foreign:
            return
        self.file = segment.name
        frames = segment.frames + segment.salvaged
        checkpoint = read_checkpoint(frames, segment.version)
        if checkpoint:
            self.checkpoint(segment.epoch, checkpoint)
        for frame in frames:
            if frame.type == RECORDS:
                self.records(segment.epoch, frame)
            elif frame.type == DEFINITIONS:
                self.definitions(segment.epoch, frame)

    def finish(self) -> None:
        if self.unsettled:
            self.losses.append(self.unsettled)

    def checkpoint(self, epoch: int, point: Checkpoint) -> None:
        self.enter(epoch, point.before)
        if point.seq < self.seq:
            return
        behind = point.seq > self.seq
        if behind:
            self.gap(point.seq, point.calls, point.whole)
        self.seq = point.seq
        self.calls = self.calls if point.calls is None else point.calls
        if point.whole or behind or not self.whole:
            self.state, self.whole = point.state, point.whole
            self.state.at = (epoch, point.seq, self.file)

    def enter(self, epoch: int, before: Optional[dict]) -> None:
        if epoch == self.epoch:
            return
        if before and before["epoch"] > self.epoch:
            self.epoch, self.seq, self.calls = before["epoch"], 0, 0
        if before and before["epoch"] == self.epoch and before["seq"] > self.seq:
            self.gap(before["seq"], before["calls"], False)
        self.epoch, self.seq, self.calls = epoch, 0, 0
        self.state.dictionary, self.state.ending = Dictionary(), None
        self.open = self.unfinished if self.unfinished and self.unfinished.epoch == epoch else None

    def gap(self, seq: int, calls: Optional[int], state_there: bool, regained: int = 0) -> None:
        first = max(self.seq, self.published())
        at_first = self.calls if first == self.seq else self.watermark[2]
        records = max(0, seq - first)
        exact = calls is not None and at_first is not None
        lost = max(0, calls - at_first) if exact else min(records, records if calls is None else calls)  # type: ignore[operator]
        others = max(0, records - lost - regained) if exact and not state_there else 0
        missing = seq - self.seq
        self.seq, self.calls = seq, calls  # type: ignore[assignment]
        self.unsettled = None
        if not state_there:
            self.whole = False
            if len(self.state.dictionary.shapes) + (others if exact else missing) >= 1024:
                self.state.dictionary.shapes.clear()
        if records and (lost or others):
            self.lose(Loss(self.epoch, first, records, lost, not exact, others, self.file))

    def lose(self, loss: Loss) -> None:
        self.losses.append(loss)
        self.stopped = True

    def records(self, epoch: int, frame: Frame) -> None:
        self.enter(epoch, None)
        if frame.seq > self.seq:
            self.gap(frame.seq, frame.calls, False)
        dictionary = self.state.dictionary.copy()
        try:
            records = read_records(frame.payload, dictionary)
        except Malformed:
            self.malformed(frame)
            return
        self.state.dictionary = dictionary
        seq = frame.seq
        for record in records:
            if seq >= self.seq:
                self.record(record, seq)
            seq += 1
        if seq > self.seq:
            count = sum(record.kind in ROWS for record in records)
            before = frame.calls if frame.calls is not None else self.calls
            self.seq, self.calls = seq, None if before is None else before + count  # type: ignore[assignment]

    def record(self, record: Record, seq: int) -> None:
        kind, body, state = record.kind, record.body, self.state
        if kind in ROWS:
            self.take(body, seq)
        elif kind == LOG:
            state.pending.append(body)
        elif kind == PARAMS:
            state.params = merge(state.params, body)
        elif kind == FACT:
            state.facts = merge(state.facts, body)
        elif kind == CLOSE:
            state.ending = body
        elif kind == REWIND and seq >= self.published() and not self.stopped and (self.epoch, seq) not in self.done:
            self.rewinds.append((self.epoch, int(body["fromStep"]), int(body["mediaBytes"])))

    def take(self, call: Call, seq: int) -> None:
        if seq < self.published():
            return
        if self.stopped:
            self.behind_gap += 1
            return
        if self.open is None:
            self.open = Session(self.epoch)
            self.sessions.append(self.open)
        self.taken.append(call)
        self.wal_rows += self.open.place(call)

    def malformed(self, frame: Frame) -> None:
        """11.4: counts what a frame that cannot be read held."""
        first = max(frame.seq, self.seq, self.published())
        seq, calls, below, at, size = frame.seq, 0, 0, 0, len(frame.payload)
        readable = True
        try:
            for at, length, tag_ in record_heads(frame.payload):
                is_call = tag_ & 255 in ROWS
                calls, below = (calls + is_call, below) if seq >= first else (calls, below + is_call)
                seq, at = seq + 1, at + length
        except Malformed:
            readable = False
        self.whole = False
        if readable:
            records = max(0, seq - first)
            if records:
                self.lose(Loss(self.epoch, first, records, calls, False, records - calls, self.file))
            if seq > self.seq:
                self.seq, self.calls = seq, None if frame.calls is None else frame.calls + calls + below  # type: ignore[assignment]
            return
        most = calls + -(-(size - at) // 24)
        self.unsettled = Loss(self.epoch, first, most, most, True, 0, self.file)

    def definitions(self, epoch: int, frame: Frame) -> None:
        self.enter(epoch, None)
        if frame.seq < self.seq:
            return
        dictionary = self.state.dictionary.copy()
        try:
            records = read_records(frame.payload, dictionary)
        except Malformed:
            return
        if frame.seq > self.seq:
            self.gap(frame.seq, frame.calls, False, len(records))
            dictionary = self.state.dictionary.copy()
            read_records(frame.payload, dictionary)
        self.state.dictionary = dictionary


# ---------------------------------------------------------------- 12 The ledger of loss

def ledger(run: dict, found: list[Loss]) -> list[Loss]:
    """The losses of run.yaml, and those found that it does not know."""
    known = [Loss(int(l["epoch"]), int(l["firstRecord"]), int(l["records"]), int(l["calls"]), l.get("atMost") is True,
                  int(l.get("others", 0)), l.get("file", "")) for l in run.get("losses") or []]
    more = int((run.get("counts") or {}).get("lost", 0)) - sum(loss.calls for loss in known)
    if more > 0:
        known.append(Loss(-1, 0, more, more, False, 0, ""))
    new = [loss for loss in found if not any(overlap(loss, other) for other in known)]
    return known + new


def overlap(a: Loss, b: Loss) -> bool:
    same = (a.first, a.records) == (b.first, b.records)
    return a.epoch == b.epoch and (same or a.first < b.first + b.records and b.first < a.first + a.records)


def stranded(segments: list[Segment], file: Published) -> list[Loss]:
    out = []
    for segment in segments:
        if file.has_wal_calls or segment.version != 2 or segment.epoch >= file.watermark[0] or segment.foreign or not segment.frames:
            continue
        records = calls = 0
        for frame in (f for f in segment.frames if f.type == RECORDS):
            kinds = [tag_ & 255 for _, _, tag_ in record_heads(frame.payload)]
            records, calls = records + len(kinds), calls + sum(kind in ROWS for kind in kinds)
        if calls:
            out.append(Loss(segment.epoch, segment.frames[0].seq, records, calls, True, 0, segment.name))
    return out


# ---------------------------------------------------------------- 13 Summaries

@dataclass
class Tally:
    last: Any = None
    count: int = 0
    nan: int = 0
    texts: int = 0
    numbers: int = 0
    sum: float = 0.0
    min: Any = math.inf
    max: Any = -math.inf
    min_step: Optional[int] = None
    max_step: Optional[int] = None

    def add(self, value: Value, step: Optional[int]) -> None:
        self.count += 1
        if isinstance(value, str):
            self.texts += 1
            self.last = value if self.last is None or isinstance(self.last, str) else self.last
            return
        self.last = value
        if value != value:
            self.nan += 1
            return
        number = int(value) if isinstance(value, bool) else value
        if not self.numbers or number < self.min:
            self.min, self.min_step = number, step
        if not self.numbers or number > self.max:
            self.max, self.max_step = number, step
        self.numbers += 1
        self.sum += float(number)

    def summary(self) -> dict:
        out: dict[str, Any] = {"last": self.last, "count": self.count}
        if self.numbers:
            out.update(min=self.min, max=self.max, mean=self.sum / self.numbers)
            out.update({k: v for k, v in (("minStep", self.min_step), ("maxStep", self.max_step)) if v is not None})
        out.update({k: v for k, v in (("nan", self.nan), ("texts", self.texts)) if v})
        return out


def tally_of(stored: dict) -> Tally:
    step = lambda value: None if value != value else int(value)
    return Tally(stored["last"], int(stored["count"]), int(stored["nan"]), int(stored.get("texts", 0)), int(stored["numbers"]),
                 float(stored["sum"]), stored["min"], stored["max"], step(stored["minStep"]), step(stored["maxStep"]))


def summaries(file: Published, replay: Replay, rows: list[Row]) -> dict[str, dict]:
    tallies = {} if replay.rewinds else {metric: tally_of(stored) for metric, stored in file.tallies.items()}
    anew = {metric for metric, tally in tallies.items() if replay.taken and tally.count > tally.nan + tally.numbers + tally.texts}
    tallies.update({metric: Tally() for metric in anew})  # a file of format 1 did not count all of it
    for source in rows if replay.rewinds else replay.taken:
        for metric, value in source.values.items():
            if metric not in anew:
                tallies.setdefault(metric, Tally()).add(value, source.step)
    texts, published = {metric for metric, _, type_, _ in file.columns if type_ == "UTF8"}, set(map(id, file.rows))
    for row in rows if anew else ():
        for metric in row.values.keys() & anew:  # that release did not say which cells of a text column are texts: all are
            value = row.values[metric]
            tallies[metric].add(text_of(value) if metric in texts and id(row) in published else value, row.step)
    return {metric: tally.summary() for metric, tally in tallies.items() if tally.count}


# ---------------------------------------------------------------- 9 Columns of rows of the log

def kind_of(value: Value) -> str:
    return "UTF8" if isinstance(value, str) else "BOOLEAN" if isinstance(value, bool) else "INT64" if isinstance(value, int) else "DOUBLE"


def columns_of(file: Published, calls: list[Call]) -> list[tuple[str, str, str]]:
    """Metric, column and type, the file's and those that the log widens or adds."""
    columns = {metric: [column, type_, exact] for metric, column, type_, exact in file.columns}
    taken = {"step", "timestamp"} | {column for _, column, _, _ in file.columns}
    for call in calls:
        for metric, value in call.values.items():
            kind, safe = kind_of(value), not kind_of(value) == "INT64" or -SAFE < value < SAFE  # type: ignore[operator]
            if metric not in columns:
                name = metric
                while name in taken:
                    name += "_"
                taken.add(name)
                columns[metric] = [name, kind, True]
            column = columns[metric]
            column[2] = column[2] and safe
            if column[1] != kind:
                column[1] = "DOUBLE" if {column[1], kind} == {"DOUBLE", "INT64"} and column[2] else "UTF8"
    return [(metric, column, type_) for metric, (column, type_, _) in columns.items()]


def as_columns_have(rows: list[Row], columns: list[tuple[str, str, str]]) -> None:
    """Gives the values of rows of the log as the file will have them once they are published."""
    texts = {metric for metric, _, type_ in columns if type_ == "UTF8"}
    for row in rows:
        for metric in row.values.keys() & texts:
            value = row.values[metric]
            if not isinstance(value, (str, bool)):
                row.values[metric] = from_text(text_of(value))


# ---------------------------------------------------------------- 13.2 Alerts

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z", re.ASCII)


def alerts_of(facts: dict) -> list[dict]:
    """The alerts of a run, in the order they were raised; anything else is passed over."""
    return [alert_of(key, said) for key, said in mapping(facts.get("alerts")).items() if isinstance(mapping(said).get("title"), str)]


def alert_of(key: str, said: dict) -> dict:
    text, at, level, repeats, seal, sent = (said.get(name) for name in ("text", "at", "level", "repeats", "seal", "sentAt"))
    moment = lambda value: isinstance(value, str) and MOMENT.fullmatch(value) is not None  # noqa: E731
    is_count = isinstance(repeats, (int, float)) and not isinstance(repeats, bool) and repeats == int(repeats) > 0
    return {
        "id": key, "at": at if moment(at) else "", "level": level if level in ("info", "warn", "error") else "warn",
        "title": said["title"], "text": text if isinstance(text, str) else "", "repeats": int(repeats) if is_count else 0,
        "delivery": "sent" if moment(sent) else "unsent" if isinstance(seal, str) and seal else "none",
        "sentAt": sent if moment(sent) else None,
    }


# ---------------------------------------------------------------- 15 stop.request

STOP_BYTES = 8192


def stop_of(folder: str, run: dict) -> Optional[dict]:
    """The request to the owner of a run to end; none for another owner, or of another form."""
    path = os.path.join(folder, "stop.request")
    if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > STOP_BYTES:
        return None
    try:
        said = json.loads(read_bytes(folder, "stop.request"))
    except ValueError:
        return None
    said = said if isinstance(said, dict) else {}
    texts = {name: said.get(name) for name in ("reason", "at", "by")}
    is_text = all(isinstance(text, str) for text in texts.values()) and MOMENT.fullmatch(texts["at"]) is not None
    return texts if is_text and [said.get(name) for name in ("version", "uuid", "epoch")] == [1, run["uuid"], run.get("epoch", 0)] else None


# ---------------------------------------------------------------- 13.1 The summary of the run, and definitions

NO_NAMES = ("__proto__", "prototype", "constructor")
PROPERTIES = {"goal": ("min", "max"), "summary": ("last", "best", "min", "max", "mean")}


def mapping(value: Any) -> dict:
    return {key: item for key, item in value.items() if key not in NO_NAMES} if isinstance(value, dict) else {}


def summary_of(facts: dict) -> tuple[dict, list[str], dict]:
    """Values, the names of those that come first, and definitions; what is neither is passed over."""
    values = {name: value for name, value in mapping(facts.get("summary")).items() if isinstance(value, (bool, int, float, str))}
    headline = [name for name, is_first in mapping(facts.get("headline")).items() if is_first is True and name in values]
    definitions = {pattern: definition(said) for pattern, said in mapping(facts.get("definitions")).items()}
    return values, headline, definitions


def definition(said: Any) -> dict:
    return {key: value for key, value in mapping(said).items() if isinstance(value, str)
            and (value in PROPERTIES[key] if key in PROPERTIES else key == "x" and value != "")}


def defined(definitions: dict, columns: list[tuple[str, str, str]]) -> dict:
    """What is defined of each metric."""
    out = {}
    for metric, _, _ in columns:
        found: dict = {}
        for pattern in sorted((p for p in definitions if p == metric or matches(metric, p)), key=lambda p: closeness(p, metric)):
            found.update(definitions[pattern])
        if found:
            out[metric] = found
    return out


def matches(metric: str, pattern: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in pattern)
    return re.fullmatch(expression, metric, re.DOTALL) is not None


def closeness(pattern: str, metric: str) -> float:
    return math.inf if pattern == metric else len(re.sub(r"[*?]", "", pattern))


# ---------------------------------------------------------------- 14 Owner, liveness and status

def owner_of(folder: str) -> str:
    path = os.path.join(folder, "run.lock")
    try:
        with open(path, "rb") as file:
            data, modified = file.read(4097), os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return "free"
    except OSError:
        return by_age(folder, path)
    try:
        lock = json.loads(data)
        host, pid = lock["host"], int(lock["pid"])
    except (ValueError, KeyError, TypeError):
        return "dead" if file_system_now(folder, modified) - modified >= 1 else "alive"
    return by_process(lock, pid) if host == socket.gethostname() else by_age(folder, path)


def by_process(lock: dict, pid: int) -> str:
    boot, ticks = "/proc/sys/kernel/random/boot_id", f"/proc/{pid}/stat"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "dead"
    except PermissionError:
        pass
    try:
        with open(boot) as file:
            if lock.get("bootId") and file.read().strip() != lock["bootId"]:
                return "dead"
        with open(ticks) as file:
            if lock.get("startTicks") is not None and int(file.read().rsplit(")", 1)[1].split()[19]) != lock["startTicks"]:
                return "dead"
    except OSError:
        pass
    return "alive"


def file_system_now(folder: str, otherwise: float) -> float:
    try:
        name = f".clock.{os.urandom(6).hex()}.tmp"
        path = os.path.join(folder, name)
        with open(path, "x"):
            pass
        now = os.stat(path).st_mtime
        os.unlink(path)
        return now
    except OSError:
        return otherwise


def by_age(folder: str, path: str) -> str:
    modified = os.stat(path).st_mtime
    now = file_system_now(folder, -1.0)
    return "unsure" if now < 0 else "dead" if now - modified >= 15 else "alive"


# ---------------------------------------------------------------- 15 Media

def media_of(folder: str, rewinds: list[tuple[int, int]]) -> list[list]:
    """Name, step and file of the media that are there. Rewinds are (fromStep, mediaBytes)."""
    try:
        with open(os.path.join(folder, "media", "manifest.ndjson"), "rb") as file:
            data = file.read(64 << 20)
    except OSError:
        return []
    out, at = [], 0
    for line in data.split(b"\n")[:-1]:
        begin, at = at, at + len(line) + 1
        try:
            entry = json.loads(line)
            name, step, file_name, size = entry["name"], entry["step"], entry["file"], entry["bytes"]
        except (ValueError, KeyError, TypeError):
            continue
        step = None if step is None else int(step)
        path = os.path.join(folder, "media", str(file_name))
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,199}\.[a-z0-9]{1,8}", str(file_name)):
            continue
        if step is not None and any(begin < length and step >= from_step for from_step, length in rewinds):
            continue
        if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path) == size:
            out.append([name, step, file_name])
    return out


# ---------------------------------------------------------------- 15 Checkpoints

CHECKPOINT = re.compile(r"step-(-?\d{1,19})-\d{1,15}\.[A-Za-z0-9]{1,16}")
ODD_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def checkpoints_of(folder: str, rewinds: list[tuple[int, int]]) -> list[list]:
    """Step, file, size, values and rules of the checkpoints that are there. Rewinds are (epoch, fromStep)."""
    within = os.path.join(folder, "checkpoints")
    if os.path.islink(within) or not os.path.isfile(os.path.join(within, "manifest.ndjson")):
        return []
    out = []
    for line in read_bytes(within, "manifest.ndjson")[: 64 << 20].split(b"\n"):
        try:
            entry = json.loads(line)
            step, epoch, name, size = int(entry["step"]), entry["epoch"], entry["file"], entry["size"]
            values = {metric: ODD_NUMBERS[value] if isinstance(value, str) else value for metric, value in entry["values"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        path = os.path.join(within, str(name))
        if not CHECKPOINT.fullmatch(str(name)) or any(by > epoch and step >= from_step for by, from_step in rewinds):
            continue
        if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path) == size:
            keep = entry.get("keep")
            is_rules = isinstance(keep, list) and all(isinstance(rule, str) for rule in keep)
            out.append([step, name, size, values, keep if is_rules else []])
    return out


# ---------------------------------------------------------------- 10.5 Forks

PARENT_KEYS = {"uuid": str, "experiment": str, "run": str, "step": (int, float), "epoch": (int, float)}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
MOST_GENERATIONS = 32


def parent_of(run: dict) -> Optional[dict]:
    said = run.get("parent")
    if not isinstance(said, dict) or any(not isinstance(said.get(key), kind) for key, kind in PARENT_KEYS.items()):
        return None
    if not re.fullmatch("[0-9a-f]{32}", said["uuid"]) or not all(NAME.fullmatch(said[key]) for key in ("experiment", "run")):
        return None
    return {key: said[key] for key in PARENT_KEYS}


def run_with(uuid: str, folder: str) -> bool:
    path = os.path.join(folder, "run.yaml")
    try:
        return not os.path.islink(folder) and os.path.isfile(path) and read_yaml(path).get("uuid") == uuid
    except (Damaged, OSError):
        return False


def find_parent(base: str, folder: str, parent: dict) -> Optional[str]:
    return next((place for place in places_of(base, folder, parent) if run_with(parent["uuid"], place)), None)


def places_of(base: str, folder: str, parent: dict) -> Iterator[str]:
    yield os.path.join(folder, "parent")
    known = os.path.join(base, parent["experiment"])
    if not os.path.islink(known):
        yield os.path.join(known, parent["run"])
    for experiment in folders_in(base):
        for run in folders_in(os.path.join(base, experiment)):
            yield os.path.join(base, experiment, run)


def folders_in(within: str) -> list[str]:
    """Visible folders, no links; none where it cannot be listed, as of one that is removed meanwhile."""
    try:
        return sorted(entry.name for entry in os.scandir(within) if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def inherited(folder: str, uuid: str, parent: Optional[dict]) -> list[Row]:
    """The rows of a run's ancestors that belong to it, those of the oldest first."""
    base, seen, up_to, out = os.path.dirname(os.path.dirname(folder)), {uuid}, math.inf, []
    while parent is not None and parent["uuid"] not in seen and len(seen) <= MOST_GENERATIONS:
        seen.add(parent["uuid"])
        up_to = min(up_to, parent["step"])
        found = find_parent(base, folder, parent)
        if found is None:
            break
        run = read_run(found)
        if "metrics.parquet" in run.facts["corrupt"]:
            break
        out.insert(0, [row for epoch, rows in run.sessions for row in rows
                       if row.step is not None and row.step <= up_to and epoch <= parent["epoch"]])
        folder, parent = found, run.facts["parent"]
    return [row for rows in out for row in rows]


# ---------------------------------------------------------------- 16 A row as text

def row_text(row: Row) -> str:
    cells = [f"{json.dumps(name, ensure_ascii=False)}={value_text(row.values[name])}" for name in sorted(row.values)]
    return "\t".join(["-" if row.step is None else str(row.step), str(row.timestamp), *cells])


def value_text(value: Value) -> str:
    if isinstance(value, bool):
        return f"b:{int(value)}"
    if isinstance(value, str):
        return "s:" + value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, int) and not -SAFE < value < SAFE:
        return f"i:{value}"
    double = float(value)
    return "n:7ff8000000000000" if double != double else "n:" + struct.pack(">d", double).hex()


# ---------------------------------------------------------------- A run

@dataclass
class Files:
    """The files of a run, all of one moment (11.1)."""
    published: Optional[bytes]
    segments: list[tuple[str, bytes]]
    kept: list[str]


def read_files(folder: str) -> Files:
    for _ in range(10):
        path = os.path.join(folder, "metrics.parquet")
        inode, data = None, None
        try:
            with open(path, "rb") as file:
                data, inode = file.read(), os.fstat(file.fileno()).st_ino
        except FileNotFoundError:
            pass
        names = [name for name in os.listdir(folder) if not TEMPORARY.match(name)]
        order = sorted((tuple(map(int, m.groups())), name) for name in names if (m := SEGMENT.match(name)))
        try:
            segments = []
            for _, name in order:
                with open(os.path.join(folder, name), "rb") as file:
                    segments.append((name, file.read()))
        except FileNotFoundError:
            continue
        try:
            now: Optional[int] = os.stat(path).st_ino
        except FileNotFoundError:
            now = None
        if now == inode:
            return Files(data, segments, sorted(name for name in names if KEPT.match(name)))
    raise Damaged("the run changes too fast")


@dataclass
class Run:
    folder: str
    uuid: str
    rows: list[Row]
    facts: dict[str, Any]  # the keys of an expected file, but for rows
    sessions: list[tuple[int, list[Row]]]

    def texts(self) -> list[str]:
        return [row_text(row) for row in self.rows]

    def digest(self) -> str:
        return digest_of(self.texts())


def digest_of(texts: list[str]) -> str:
    return hashlib.sha256("".join(text + "\n" for text in texts).encode("utf-8", "surrogatepass")).hexdigest()


def read_log(folder: str, state: Optional[State]) -> list[LogLine]:
    """11.5: the lines of run.log and those that wait in the write-ahead log."""
    try:
        with open(os.path.join(folder, "run.log"), "rb") as file:
            data = file.read()
    except FileNotFoundError:
        data = b""
    whole = data[: data.rfind(b"\n") + 1]
    offset = len(whole) if state is None or state.offset is None else min(state.offset, len(whole))
    lines = whole[:offset].split(b"\n")[:-1]
    behind = whole[offset:].split(b"\n")[:-1]
    pending = [line.rstrip("\n").encode("utf-8", "surrogatepass") for line in state.pending] if state else []
    if all(a == b for a, b in zip(behind, pending)):
        lines += pending + behind[len(pending) :]
    else:
        lines += behind + pending
    return parse_lines([line.decode("utf-8", "replace") for line in lines])


def read_run(folder: str) -> Run:
    run = read_yaml(os.path.join(folder, "run.yaml"))
    if run.get("format", 1) > 2:
        raise Refused(f"run.yaml needs expman-rx {run.get('writtenBy', 'unknown')}")
    owner, uuid, counts = owner_of(folder), run["uuid"], run.get("counts") or {}
    files, corrupt, file = read_files(folder), [], Published()
    if files.published is not None:
        try:
            file = read_published(files.published, uuid)
        except Damaged:
            corrupt.append("metrics.parquet")
    segments = [read_segment(name, data, uuid) for name, data in files.segments]
    corrupt += [segment.name for segment in segments if segment.verdict == "corrupt"]
    if files.published is None and run["status"] != "RUNNING" and owner == "free" and not segments and counts.get("rows", 0) > 0:
        corrupt.append("metrics.parquet")
    kept = [read_segment(name, read_bytes(folder, name), uuid) for name in files.kept if SEGMENT.match(KEPT.match(name)[1])]  # type: ignore[index]
    replay = Replay(file)
    for segment in segments:
        replay.segment(segment)
    replay.finish()
    state = replay.state if segments else None
    params = params_of(folder, state)
    said = facts_of(run, state)
    values, headline, definitions = summary_of(said)
    carried = lost_pieces(folder, run, state, params) if state else []
    losses = ledger(run, sorted(stranded(segments + kept, file) + replay.losses + carried, key=lambda loss: (loss.epoch, loss.first)))
    rewound = sum(rewind(replay.sessions, epoch, from_step) for epoch, from_step, _ in replay.rewinds)
    columns = columns_of(file, replay.taken)
    for session in replay.sessions:
        as_columns_have(session.rows, columns)
    sessions = [session for session in replay.sessions if session.rows]
    rows = [row for session in sessions for row in session.rows]
    lost, first, places = sum(loss.calls for loss in losses), 0, []
    for session in sessions:
        places.append({"epoch": session.epoch, "firstRow": first})
        first += len(session.rows)
    media_rewinds = [(r[2], r[3]) for r in file.rewinds] + [(r[1], r[2]) for r in replay.rewinds]
    facts = {
        "status": status_of(run, owner, state), "rows": len(rows), "publishedRows": len(file.rows), "walRows": replay.wal_rows,
        "accepted": file.logged + len(replay.taken) + lost, "rewound": file.rewound + rewound,
        "lastStep": max((row.step for row in rows if row.step is not None), default=None),
        "dropped": int(counts.get("dropped", 0)), "invalid": int(counts.get("invalid", 0)),
        "lost": lost, "losses": [loss.as_json() for loss in losses],
        "tornBytes": sum(segment.torn for segment in segments if segment.verdict in ("torn", "empty")),
        "rowsBehindGap": replay.behind_gap, "corrupt": corrupt, "kept": files.kept,
        "setAside": set_aside(run, kept, file),
        "params": params,
        "artifacts": mapping(said.get("artifacts")),
        "summary": values, "headline": headline, "definitions": definitions, "defined": defined(definitions, columns),
        **({"alerts": alerts_of(said)} if alerts_of(said) else {}),
        **({"stop": stop_of(folder, run)} if stop_of(folder, run) else {}),
        "metrics": summaries(file, replay, rows),
        "columns": [list(column) for column in columns],
        "sessions": places, "log": [list(line) for line in read_log(folder, state)],
        "media": media_of(folder, media_rewinds),
        "parent": parent_of(run),
        **({"mergedFrom": run["mergedFrom"]} if isinstance(run.get("mergedFrom"), dict) else {}),
        "checkpoints": checkpoints_of(folder, [(r[0], r[2]) for r in file.rewinds] + [(r[0], r[1]) for r in replay.rewinds]),
    }
    return Run(folder, uuid, rows, facts, [(session.epoch, session.rows) for session in sessions])


def read_bytes(folder: str, name: str) -> bytes:
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def status_of(run: dict, owner: str, state: Optional[State]) -> str:
    if run["status"] != "RUNNING" or owner in ("alive", "unsure"):
        return run["status"]
    return state.ending["status"] if state and state.ending else "CRASHED"


def set_aside(run: dict, kept: list[Segment], file: Published) -> list[str]:
    if "format" in run:
        return []
    return [s.name for s in kept if s.version == 2 and s.verdict in ("whole", "torn") and s.epoch >= file.watermark[0]]


def params_of(folder: str, state: Optional[State]) -> dict:
    path = os.path.join(folder, "config.yaml")
    if state and "params" not in [kind for kind, _, _ in state.lost]:
        return state.params
    config = read_yaml(path) if os.path.exists(path) else {}
    return {**config, **state.params} if state else config


FACTS = ("artifacts", "loggedArtifacts", "usedArtifacts", "summary", "headline", "definitions", "alerts", "alertsNotKept")


def facts_of(run: dict, state: Optional[State]) -> dict:
    """11.6: the facts of run.yaml, and the log's merged over them."""
    known = {key: run[key] for key in FACTS if key in run}
    return merge(known, {key: value for key, value in state.facts.items() if key in FACTS}) if state else known


def lost_pieces(folder: str, run: dict, state: State, params: dict) -> list[Loss]:
    """12: what pieces of a checkpoint took with them that is in no other file. Moves the log's offset behind lines that are."""
    missing = {"lines": 0, "params": 0, "facts": 0}
    for kind, entries, _ in state.lost:
        missing[kind] += entries
    if missing["lines"]:
        end = (state.offset or 0) + sum(size for kind, _, size in state.lost if kind == "lines")
        log = read_bytes(folder, "run.log") if os.path.exists(os.path.join(folder, "run.log")) else b""
        missing["lines"] -= log[state.offset : end].count(b"\n")
        state.offset = end
    if missing["params"]:
        missing["params"] -= len(params.keys() - state.params.keys())
    if missing["facts"]:
        missing["facts"] -= sum(key in run and key not in state.there for key in FACTS)
    others = sum(max(0, count) for count in missing.values())
    return [Loss(state.at[0], state.at[1], 0, 0, False, others, state.at[2])] if others else []


def as_json(run: Run) -> dict:
    """All of a run as tagged JSON, for json.dumps."""
    out = {key: tag(value) for key, value in run.facts.items()}
    texts = run.texts()
    out["firstRow"], out["lastRow"] = (texts[0], texts[-1]) if texts else (None, None)
    out["rowsSha256"] = run.digest()
    belong = [row_text(row) for row in inherited(run.folder, run.uuid, run.facts["parent"])]
    out["inherited"] = {"rows": len(belong), "sha256": digest_of(belong)}
    return out


def main(arguments: list[str]) -> int:
    folders = [argument for argument in arguments if not argument.startswith("--")]
    if len(folders) != 1:
        print("usage: reader.py RUN_DIR [--json]", file=sys.stderr)
        return 2
    try:
        run = read_run(folders[0])
    except (Damaged, Refused, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if "--json" in arguments:
        table = [[row.step, row.timestamp, row.values] for row in run.rows]
        print(json.dumps({**as_json(run), "table": tag(table)}, ensure_ascii=False))
    else:
        print("\n".join(run.texts()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
