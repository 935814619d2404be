import { describeType, textOf } from '../model/errors.js';
import type { ChannelWriter } from './channel-writer.js';
import {
  MAX_SHAPES,
  MAX_TEXT_BYTES,
  RECORD_HEAD_BYTES,
  ROW_HEAD_BYTES,
  RecordKind,
  ValueKind,
  aligned,
} from './layout.js';

/** A value, step or row that was left out, and why. */
export interface Rejection {
  /** The metric, or `step`, `timestamp`, `row`. */
  readonly metric: string;
  readonly reason: string;
  readonly value: unknown;
}

/** What a row is made of: which metrics, in which order, of which kinds. */
interface Shape {
  readonly keys: readonly string[];
  readonly kinds: readonly ValueKind[];
  readonly allNumbers: boolean;
  readonly hasStrings: boolean;
  /** Second word of a row's record. */
  readonly tag: number;
  /** Bytes of a row, its strings left out. */
  readonly bytes: number;
}

const MAX_STRING_BYTES = 16 * 1024 * 1024;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const NO_SHAPE: Shape = { keys: [], kinds: [], allNumbers: false, hasStrings: false, tag: 0, bytes: 0 };

/** Options of a {@link RowEncoder}. */
export interface RowEncoderOptions {
  readonly maxMetrics: number;
  readonly onRejection: (rejection: Rejection) => void;
  /** A metric's first row is being written. */
  readonly onMetric: (metric: string) => void;
}

/**
 * Writes rows into the channel.
 *
 * The last row's shape is the guess for the next one: keys are compared by identity while the doubles are already
 * being written, so a training loop that logs the same metrics pays for a comparison and a store each. Everything
 * else (a new key, another type, a getter that throws) takes the careful way.
 */
export class RowEncoder {
  private shape = NO_SHAPE;
  private readonly shapes = new Map<string, Shape>();
  private readonly shapeKeys: string[] = [];
  private nextShape = 0;
  private readonly metricIds = new Map<string, number>();

  constructor(
    private readonly channel: ChannelWriter,
    private readonly options: RowEncoderOptions,
  ) {}

  /**
   * Writes one row.
   *
   * @param values - one entry for each metric; entries of no loggable type are reported and left out
   * @param step - a safe integer, or NaN for none
   * @param timestamp - microseconds since the epoch
   */
  write(values: Readonly<Record<string, unknown>>, step: number, timestamp: number): void {
    if (!this.shape.allNumbers || !this.tryNumbers(values, step, timestamp))
      this.writeCarefully(values, step, timestamp);
  }

  private tryNumbers(values: Readonly<Record<string, unknown>>, step: number, timestamp: number): boolean {
    const { channel, shape } = this;
    const { keys, bytes } = shape;
    if (!channel.fits(bytes)) channel.advance(bytes);
    const { f64, i32 } = channel.arena;
    const at = channel.position >> 3;
    const { seq } = channel;
    let slot = at + 3;
    let count = 0;
    try {
      for (const key in values) {
        const value = values[key];
        // A getter that logs a row of its own has taken this place.
        if (typeof value !== 'number' || key !== keys[count] || channel.seq !== seq) return false;
        f64[slot++] = value;
        count++;
      }
    } catch {
      return false; // A getter threw; the careful way finds out which.
    }
    if (count !== keys.length) return false;
    f64[at + 1] = step;
    f64[at + 2] = timestamp;
    i32[at * 2] = bytes;
    i32[at * 2 + 1] = shape.tag;
    channel.rows++;
    channel.commit(bytes);
    return true;
  }

  private writeCarefully(values: Readonly<Record<string, unknown>>, step: number, timestamp: number): void {
    const entries = this.loggable(values);
    const shape = this.shapeOf(entries);
    const texts = shape.hasStrings ? encodeStrings(entries) : [];
    const bytes = aligned(shape.bytes + texts.reduce((sum, text) => sum + text.length, 0));
    const { channel } = this;
    if (!channel.fits(bytes)) channel.advance(bytes);
    const { f64, i32, i64, bytes: memory } = channel.arena;
    const at = channel.position >> 3;
    f64[at + 1] = step;
    f64[at + 2] = timestamp;
    let textAt = channel.position + shape.bytes;
    let textIndex = 0;
    entries.forEach(({ value }, index) => {
      const slot = at + 3 + index;
      if (typeof value === 'number') f64[slot] = value;
      else if (typeof value === 'boolean') f64[slot] = value ? 1 : 0;
      else if (typeof value === 'bigint') i64[slot] = value;
      else {
        const text = texts[textIndex++] ?? Buffer.alloc(0);
        f64[slot] = text.length;
        memory.set(text, textAt);
        textAt += text.length;
      }
    });
    i32[at * 2] = bytes;
    i32[at * 2 + 1] = shape.tag;
    channel.rows++;
    channel.commit(bytes);
    this.shape = shape;
  }

  private loggable(values: Readonly<Record<string, unknown>>): Entry[] {
    const entries: Entry[] = [];
    if (isCollection(values)) {
      this.options.onRejection({
        metric: 'row',
        reason: 'values must be a plain object, one key for each metric',
        value: values,
      });
      return entries;
    }
    let room = MAX_TEXT_BYTES;
    for (const metric of keysOf(values)) {
      let value: unknown;
      try {
        value = values[metric];
      } catch (error) {
        this.options.onRejection({ metric, reason: `its getter threw ${textOf(error)}`, value: undefined });
        continue;
      }
      const kind = kindOf(value);
      const bytes = kind === ValueKind.string ? Buffer.byteLength(value as string) : 0;
      if (kind === undefined) this.options.onRejection({ metric, reason: reasonFor(value), value });
      else if (!this.metricIds.has(metric) && this.metricIds.size >= this.options.maxMetrics)
        this.options.onRejection({
          metric,
          reason: `the run already has maxMetrics = ${this.options.maxMetrics} metrics`,
          value,
        });
      else if (bytes > room)
        this.options.onRejection({
          metric,
          reason: `the strings of a row may have at most ${MAX_TEXT_BYTES} bytes together`,
          value,
        });
      else {
        room -= bytes;
        entries.push({ metric, id: this.metricId(metric), kind, value: value as Entry['value'] });
      }
    }
    return entries;
  }

  private shapeOf(entries: readonly Entry[]): Shape {
    const key = entries.map(({ metric, kind }) => `${kind}${metric.length}:${metric}`).join('');
    const known = this.shapes.get(key);
    if (known !== undefined) return known;
    // Numbers of shapes are used again, oldest first: the records are in order, so a reader follows.
    const number = this.nextShape++ % MAX_SHAPES;
    const evicted = this.shapeKeys[number];
    if (evicted !== undefined) this.shapes.delete(evicted);
    this.shapeKeys[number] = key;
    const shape: Shape = {
      keys: entries.map(({ metric }) => metric),
      kinds: entries.map(({ kind }) => kind),
      // A Map or an array has no keys to go by either; it takes the careful way, which says so.
      allNumbers: entries.length > 0 && entries.every(({ kind }) => kind === ValueKind.number),
      hasStrings: entries.some(({ kind }) => kind === ValueKind.string),
      tag: (number << 8) | RecordKind.row,
      bytes: ROW_HEAD_BYTES + 8 * entries.length,
    };
    this.shapes.set(key, shape);
    this.defineShape(number, entries);
    return shape;
  }

  private metricId(metric: string): number {
    const known = this.metricIds.get(metric);
    if (known !== undefined) return known;
    const id = this.metricIds.size;
    this.metricIds.set(metric, id);
    this.channel.text(RecordKind.metric, id, Buffer.from(wellFormed(metric), 'utf8'));
    this.options.onMetric(metric);
    return id;
  }

  private defineShape(number: number, entries: readonly Entry[]): void {
    const { channel } = this;
    const bytes = aligned(RECORD_HEAD_BYTES + 4 + 4 * entries.length);
    if (!channel.fits(bytes)) channel.advance(bytes);
    const { i32 } = channel.arena;
    const word = channel.position >> 2;
    i32[word] = bytes;
    i32[word + 1] = (number << 8) | RecordKind.shape;
    i32[word + 2] = entries.length;
    entries.forEach(({ id, kind }, index) => (i32[word + 3 + index] = (id << 2) | kind));
    channel.commit(bytes);
  }
}

interface Entry {
  readonly metric: string;
  readonly id: number;
  readonly kind: ValueKind;
  readonly value: number | bigint | boolean | string;
}

function isCollection(values: object): boolean {
  try {
    return (
      Array.isArray(values) || ArrayBuffer.isView(values) || values instanceof Map || values instanceof Set
    );
  } catch {
    return false; // A Proxy, revoked or with traps that throw; `keysOf` takes what can be had of it.
  }
}

function keysOf(values: Readonly<Record<string, unknown>>): string[] {
  try {
    return Object.keys(values);
  } catch {
    return []; // A Proxy whose traps throw: the row is kept, without values.
  }
}

function kindOf(value: unknown): ValueKind | undefined {
  switch (typeof value) {
    case 'number':
      return ValueKind.number;
    case 'boolean':
      return ValueKind.boolean;
    case 'bigint':
      return value >= INT64_MIN && value <= INT64_MAX ? ValueKind.bigint : undefined;
    case 'string':
      return value.length <= MAX_STRING_BYTES / 3 || Buffer.byteLength(value) <= MAX_STRING_BYTES
        ? ValueKind.string
        : undefined;
    default:
      return undefined;
  }
}

function reasonFor(value: unknown): string {
  if (typeof value === 'bigint') return 'a bigint must fit into 64 bits';
  if (typeof value === 'string') return `a string may have at most ${MAX_STRING_BYTES} bytes`;
  return `a value must be a number, bigint, boolean or string, not ${describeType(value)}`;
}

/** A name with its lone surrogates spelled out: as U+FFFD, two names could become one. */
const wellFormed = (name: string): string =>
  name.replace(/[\ud800-\udfff]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);

/** UTF-8, lone surrogates visibly replaced by U+FFFD. */
function encodeStrings(entries: readonly Entry[]): Buffer[] {
  return entries.flatMap(({ value }) => (typeof value === 'string' ? [Buffer.from(value, 'utf8')] : []));
}
