/**
 * The channel's memory, seen from both threads.
 *
 * A chunk is a piece of shared memory with a 16-byte head: the number of committed bytes of
 * records, and the number of the next chunk, both written only by the producer. Only the producer
 * writes into a chunk; the progress of the consumer (run-control.ts) tells it which bytes may be
 * reused. Records are 8-byte aligned and never span chunks.
 */
export const CHUNK_BYTES = 32 * 1024;
export const CHUNK_HEAD_BYTES = 16;
/**
 * The size of the arenas that hold chunks of ordinary size, in bytes; a larger record gets its own
 * arena.
 */
export const ARENA_BYTES = 32 * CHUNK_BYTES;

/** Word offsets (int32) in a chunk's head. */
export const ChunkWord = { committed: 0, next: 1 } as const;

/** Word offsets (int32) in the wire, the control words a producer thread shares with its writer. */
export const WireWord = {
  /** 1 while the writer has stopped polling; the producer then wakes it with a message. */
  sleeping: 0,
  /** The thread that drains: see {@link WireOwner}. */
  owner: 1,
  /** Counts the writer's polls; if it stops, the writer is dead or hung. */
  heartbeat: 2,
  /** Counts acknowledgements; blocked producers wait on it. */
  acknowledged: 3,
} as const;
export const WIRE_BYTES = 64;

/** The values of `WireWord.owner`; `gone` is a thread that announced its end. */
export const WireOwner = { none: 0, thread: 1, caller: 2, gone: 3 } as const;

/**
 * The kind of a record: the low 8 bits of its second word; the upper 24 are the shape's number for
 * a row or a shape.
 */
export const RecordKind = {
  /** Gives a metric its number: u32 number, u32 byte length, UTF-8 name. */
  metric: 1,
  /**
   * Gives a shape its number: u32 count, then a u32 for each value: metric number << 2 | value
   * kind.
   */
  shape: 2,
  /**
   * f64 step (NaN: none), f64 timestamp in µs, one 8-byte slot for each value, then the bytes of
   * its strings.
   */
  row: 3,
  /** u32 0, u32 byte length, UTF-8 line ending in a newline. */
  log: 4,
  /** u32 0, u32 byte length, parameters as JSON (model/params.ts). */
  params: 5,
  /** u32 0, u32 byte length, a fact for run.yaml as JSON. */
  fact: 6,
  /** u32 0, u32 byte length, the end of the run as JSON. */
  close: 7,
  /** Like `row`, with a timestamp given by the caller. */
  stampedRow: 8,
  /** Like `row`, but the step's slot is an int64, for a step beyond 2^53. */
  wideRow: 9,
  /** Like `row`, with both. */
  wideStampedRow: 10,
  /**
   * u32 0, u32 byte length, the rows removed from earlier sessions, as JSON (channel/rewind.ts).
   */
  rewind: 11,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/**
 * The number of shape numbers; after that, the oldest ones are reused.
 *
 * @bound loses nothing: a forgotten shape is written again
 */
export const MAX_SHAPES = 1024;

/** The kinds of record that are rows. */
export type RowKind =
  | typeof RecordKind.row
  | typeof RecordKind.stampedRow
  | typeof RecordKind.wideRow
  | typeof RecordKind.wideStampedRow;

/** Tells if a record of this kind is a row. */
export const isRowKind = (kind: number): kind is RowKind =>
  kind === RecordKind.row || (kind >= RecordKind.stampedRow && kind <= RecordKind.wideStampedRow);

/** Tells if the caller gave the timestamps of rows of this kind. */
export const isStamped = (kind: number): boolean =>
  kind === RecordKind.stampedRow || kind === RecordKind.wideStampedRow;

/** Tells if the step's slot of rows of this kind is an int64. */
export const isWide = (kind: number): boolean =>
  kind === RecordKind.wideRow || kind === RecordKind.wideStampedRow;

/** The low 8 bits of a record's second word. */
export const kindOfTag = (tag: number): number => tag & 0xff;

export const RECORD_HEAD_BYTES = 8;
export const ROW_HEAD_BYTES = 24;
/**
 * The most bytes of the strings of a row, or of the text of another record: a record must fit into
 * one frame of the write-ahead log.
 *
 * @bound refuses: INVALID_VALUE, the row is counted and run.log says why
 */
export const MAX_TEXT_BYTES = 32 * 1024 * 1024;

/**
 * The encoding of a value in its slot: a double; an int64; a double 0 or 1; the byte length of a
 * string.
 */
export const ValueKind = { number: 0, bigint: 1, boolean: 2, string: 3 } as const;
export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

/** Rounds up to a record boundary. */
export const aligned = (bytes: number): number => (bytes + 7) & ~7;
