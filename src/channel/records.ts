import { ExpmanError } from '../model/errors.js';
import type { Step } from '../model/step.js';
import {
  MAX_SHAPES,
  RECORD_HEAD_BYTES,
  ROW_HEAD_BYTES,
  RecordKind,
  ValueKind,
  isRowKind,
  isStamped,
  isWide,
  kindOfTag,
} from './chunk-layout.js';
import { type Rewind, decodeRewind } from './rewind.js';

/** The metrics and value kinds of rows of one shape. */
export interface RowShape {
  readonly metrics: readonly string[];
  readonly kinds: readonly ValueKind[];
  readonly hasStrings: boolean;
}

/**
 * A payload as bytes, 8-byte aligned, and the same memory as words and as doubles: made once for
 * all its spans, which may have only a row each.
 */
export interface PayloadViews {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
}

/** Consecutive rows of one shape and one kind of record. */
export interface RowSpan {
  readonly views: PayloadViews;
  /** The byte offset of the first row's record. */
  readonly start: number;
  readonly rows: number;
  /** The number of bytes of the rows' records. */
  readonly length: number;
  readonly shape: RowShape;
  /** True if the caller gave the rows' timestamps. */
  readonly stamped: boolean;
  /** True if the step's slot is an int64, and every row has a step. */
  readonly wide: boolean;
  readonly epoch: number;
  /** The number of the last row's record in its epoch. */
  readonly lastSeq: number;
  /**
   * The number of calls of its epoch up to and including its last row; null if a version 1 log does
   * not say.
   */
  readonly calls: number | null;
  /**
   * The first row of the session that the span's calls begin; set, like the next two, once calls
   * are joined to rows.
   */
  row: number;
  /** The number of rows that the calls begin. */
  begun: number;
  /**
   * The row of each call, counted from `row`: negative for a row that earlier calls began. Null if
   * each call begins a row.
   */
  targets: Int32Array | null;
}

/** The position of a payload among a run's records. */
export interface PayloadPlace {
  readonly epoch: number;
  /** The number of its first record. */
  readonly seq: number;
  /** The number of calls of its epoch before it, if known. */
  readonly calls?: number | null;
  /** Records below this number were read before; only their definitions count. */
  readonly from?: number;
}

/** The records of a payload by kind; the order within each kind is kept. */
export interface SplitRecords {
  readonly records: number;
  readonly rows: number;
  /** The number of rows below the place's `from`, which are in no span. */
  readonly skippedRows: number;
  readonly spans: readonly RowSpan[];
  /** The rewinds, which come before all rows of their session. */
  readonly rewinds: readonly Rewind[];
  readonly lines: readonly string[];
  /** JSON texts; see model/params.ts. */
  readonly params: readonly string[];
  /** JSON texts. */
  readonly facts: readonly string[];
  /** The JSON text of the run's end, if it ended. */
  readonly close: string | null;
}

/** A dictionary's plain form, for a checkpoint. */
export interface PlainDictionary {
  readonly metrics: readonly string[];
  readonly shapes: readonly (readonly [number: number, words: readonly number[]])[];
}

/** The metric and shape numbers in effect at a point of a run's records. */
export class RecordDictionary {
  private readonly metrics: string[];
  private readonly shapeWords = new Map<number, readonly number[]>();
  private readonly shapes = new Map<number, RowShape>();
  /** The number of definitions since the dictionary was made. */
  defined = 0;

  constructor(plain: PlainDictionary = { metrics: [], shapes: [] }) {
    this.metrics = [...plain.metrics];
    for (const [number, words] of plain.shapes) this.defineShape(number, words);
  }

  toPlain(): PlainDictionary {
    return { metrics: [...this.metrics], shapes: [...this.shapeWords] };
  }

  defineMetric(number: number, name: string): void {
    // A replay may repeat a definition; a gap means that records are missing.
    if (number < 0 || number > this.metrics.length)
      throw malformed(`metric number ${number} is defined before lower numbers`);
    this.metrics[number] = name;
    this.defined++;
  }

  defineShape(number: number, words: readonly number[]): void {
    const kinds = words.map((word) => (word & 3) as ValueKind);
    const metrics = words.map((word) => {
      const name = this.metrics[word >>> 2];
      if (name === undefined)
        throw malformed(`shape ${number} refers to metric number ${word >>> 2}, which was never defined`);
      return name;
    });
    this.defined++;
    this.shapeWords.set(number, words);
    this.shapes.set(number, { metrics, kinds, hasStrings: kinds.includes(ValueKind.string) });
  }

  /**
   * Forgets all shapes if one of `missing` records may have reused the number of a shape.
   *
   * Numbers are reused only when all of them are taken.
   */
  forgetReused(missing: number): void {
    if (this.shapes.size + missing < MAX_SHAPES) return;
    this.shapes.clear();
    this.shapeWords.clear();
  }

  shape(number: number): RowShape {
    const shape = this.shapes.get(number);
    if (shape === undefined) throw malformed(`a row has shape ${number}, which was never defined`);
    return shape;
  }
}

const NO_SHAPE: RowShape = { metrics: [], kinds: [], hasStrings: false };

/**
 * Splits the records of a payload by kind, applying definitions to the dictionary on the way.
 *
 * Rows of one shape become spans of at most `maxSpanRows` rows, which are views of the payload.
 * Every length is checked against the payload's end.
 * @throws {@link ExpmanError} `CORRUPT` for a payload that no channel writes
 */
export function splitRecords(
  payload: Uint8Array,
  { epoch, seq, calls = null, from = seq }: PayloadPlace,
  dictionary: RecordDictionary,
  maxSpanRows: number,
): SplitRecords {
  const views = viewsOf(payload);
  const { words } = views;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const spans: RowSpan[] = [];
  const rewinds: Rewind[] = [];
  const lines: string[] = [];
  const params: string[] = [];
  const facts: string[] = [];
  let close: string | null = null;
  let records = 0;
  let rows = 0;
  let skippedRows = 0;
  let spanStart = 0;
  let spanRows = 0;
  let spanTag = -1;
  let shape = NO_SHAPE;
  const endSpan = (end: number): void => {
    const kind = kindOfTag(spanTag);
    if (spanRows > 0)
      spans.push({
        views,
        start: spanStart,
        rows: spanRows,
        length: end - spanStart,
        shape,
        stamped: isStamped(kind),
        wide: isWide(kind),
        epoch,
        lastSeq: seq + records - 1,
        calls: calls === null ? null : calls + skippedRows + rows,
        row: 0,
        begun: spanRows,
        targets: null,
      });
    spanRows = 0;
    spanTag = -1;
  };
  for (let at = 0; at < payload.length;) {
    const length = words[at >> 2] ?? 0;
    const tag = words[(at >> 2) + 1] ?? 0;
    if (length < RECORD_HEAD_BYTES || (length & 7) !== 0 || at + length > payload.length)
      throw malformed(`the record at byte ${at} of ${payload.length} claims ${length} bytes`);
    const kind = kindOfTag(tag);
    if (seq + records < from && kind !== RecordKind.metric && kind !== RecordKind.shape) {
      if (isRowKind(kind)) skippedRows++; // Read before, from another segment.
    } else if (isRowKind(kind)) {
      if (tag !== spanTag || spanRows === maxSpanRows) {
        endSpan(at);
        shape = dictionary.shape(tag >>> 8);
        spanTag = tag;
        spanStart = at;
      }
      checkRow(words, at, length, shape);
      const more = shape.hasStrings ? 0 : rowsAlike(words, at, maxSpanRows - spanRows - 1);
      spanRows += 1 + more;
      rows += 1 + more;
      records += more;
      at += length * more;
    } else {
      endSpan(at);
      switch (kind) {
        case RecordKind.metric:
          dictionary.defineMetric(words[(at >> 2) + 2] ?? 0, textAt(text, words, at, length));
          break;
        case RecordKind.shape:
          dictionary.defineShape(tag >>> 8, shapeWords(words, at, length));
          break;
        case RecordKind.log:
          lines.push(textAt(text, words, at, length));
          break;
        case RecordKind.params:
          params.push(textAt(text, words, at, length));
          break;
        case RecordKind.fact:
          facts.push(textAt(text, words, at, length));
          break;
        case RecordKind.rewind:
          rewinds.push({ epoch, seq: seq + records, ...decodeRewind(textAt(text, words, at, length)) });
          break;
        case RecordKind.close:
          close = textAt(text, words, at, length);
          break;
        default:
          throw malformed(`a record has the unknown kind ${kind}`);
      }
    }
    records++;
    at += length;
  }
  endSpan(payload.length);
  return { records, rows, skippedRows, spans, rewinds, lines, params, facts, close };
}

const viewsOf = (bytes: Uint8Array): PayloadViews => ({
  bytes,
  words: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2),
  doubles: new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3),
});

/** The steps of a wide span, in the second slot of each row. */
export const wideStepsIn = ({ bytes }: PayloadViews): BigInt64Array =>
  new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);

/**
 * Counts the whole rows with the same head that follow the one at `at`, at most `limit`.
 *
 * Most rows of most runs go through this loop only.
 */
function rowsAlike(words: Int32Array, at: number, limit: number): number {
  const first = at >> 2;
  const stride = (words[first] ?? 0) >> 2;
  const length = words[first];
  const tag = words[first + 1];
  const last = Math.min(limit, Math.floor((words.length - first) / stride) - 1);
  let more = 0;
  for (
    let word = first + stride;
    more < last && words[word] === length && words[word + 1] === tag;
    word += stride
  )
    more++;
  return more;
}

/** Checks that every string of a row ends inside its record. */
function checkRow(words: Int32Array, at: number, length: number, shape: RowShape): void {
  const slots = ROW_HEAD_BYTES + 8 * shape.kinds.length;
  if (!shape.hasStrings) {
    if (length !== slots) throw malformed(`a row has ${length} bytes, but its shape needs ${slots}`);
    return;
  }
  if (slots > length) throw malformed(`a row has ${length} bytes, but its shape needs at least ${slots}`);
  const doubles = new Float64Array(words.buffer, words.byteOffset + at, slots >> 3);
  let bytes = slots;
  shape.kinds.forEach((kind, index) => {
    if (kind !== ValueKind.string) return;
    const size = doubles[3 + index] ?? 0;
    if (!Number.isInteger(size) || size < 0) throw malformed(`a string claims ${size} bytes`);
    bytes += size;
  });
  if (bytes > length || bytes + 8 <= length)
    throw malformed(`the strings of a row end at byte ${bytes}, but the row has ${length}`);
}

function textAt(text: Buffer, words: Int32Array, at: number, length: number): string {
  const size = words[(at >> 2) + 3] ?? -1;
  const from = at + RECORD_HEAD_BYTES + 8;
  if (size < 0 || from + size > at + length)
    throw malformed(`a text claims ${size} bytes in a record of ${length}`);
  return text.toString('utf8', from, from + size);
}

function shapeWords(words: Int32Array, at: number, length: number): number[] {
  const count = words[(at >> 2) + 2] ?? -1;
  if (count < 0 || RECORD_HEAD_BYTES + 4 + 4 * count > length)
    throw malformed(`a shape claims ${count} values`);
  return Array.from(words.subarray((at >> 2) + 3, (at >> 2) + 3 + count), (word) => word >>> 0);
}

const malformed = (what: string): ExpmanError =>
  new ExpmanError('CORRUPT', `malformed channel records: ${what}`);

/** Calls `visit` with the step of every row, NaN for a row without one. */
export function eachStep({ views, start, rows, wide }: RowSpan, visit: (step: Step) => void): void {
  const { words, doubles } = views;
  const steps = wide ? wideStepsIn(views) : doubles;
  for (let row = 0, at = start; row < rows; row++, at += words[at >> 2] ?? 8)
    visit(steps[(at >> 3) + 1] ?? NaN);
}

/** The span without its first `rows` rows. */
export function withoutFirstRows(span: RowSpan, rows: number): RowSpan {
  const { words } = span.views;
  let { start } = span;
  for (let row = 0; row < rows; row++) start += words[start >> 2] ?? 0;
  const left = span.rows - rows;
  return { ...span, start, rows: left, begun: left, length: span.length - (start - span.start) };
}
