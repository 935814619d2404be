import { stringOf } from '../model/errors.js';
import type { MetricRow } from '../model/metric.js';
import type { Step } from '../model/step.js';
import type { ChannelWriter } from './channel-writer.js';
import {
  MAX_TEXT_BYTES,
  ROW_HEAD_BYTES,
  ValueKind,
  aligned,
  isStamped,
  isWide,
  kindOfTag,
} from './chunk-layout.js';
import {
  type Entry,
  type ReadEntry,
  copyOf,
  encodeStrings,
  isCollection,
  keysOf,
  kindOf,
  reasonFor,
  valueOf,
} from './row-entry.js';
import { stepAt, valuesAt } from './record-values.js';
import { NO_SHAPE, type Shape, ShapeTable, type ShapeTableOptions, wideTag } from './shape-table.js';

/** A rejected value or row. */
export interface Rejection {
  /** The metric; `row` for all values of a row. */
  readonly metric: string;
  /** Stands for all values of a row. */
  readonly isRow?: true;
  readonly reason: string;
  readonly value: unknown;
}

const MICROS = 1000;

/** Options of a {@link RowEncoder}. */
export interface RowEncoderOptions extends ShapeTableOptions {
  readonly maxMetrics: number;
  readonly onRejection: (rejection: Rejection) => void;
  /** Called for the metrics of a row that are beyond `maxMetrics`. */
  readonly onExcess: (metrics: readonly string[]) => void;
}

/** Metrics whose values are given by their order, not by name. */
export interface BoundMetrics {
  /** Different from each other. */
  readonly names: readonly string[];
  /** The shape of a row with a number for each of them; null until there was one. */
  shape: Shape | null;
}

/**
 * Writes rows into the channel.
 *
 * The last row's shape is the guess for the next one: keys are compared by identity while the
 * doubles are already being written, so a training loop that logs the same metrics pays for one
 * comparison and one store each. Everything else (a new key, another type, a getter that throws)
 * takes the slow path.
 */
export class RowEncoder {
  private shape = NO_SHAPE;
  private readonly shapes: ShapeTable;
  /** The size of the record of the last row that had strings. */
  private textRowBytes = 0;
  /**
   * The first entries of a row that the fast path has read and could not write; a getter is not
   * called twice.
   */
  private readBefore: readonly ReadEntry[] = [];

  constructor(
    private readonly channel: ChannelWriter,
    private readonly options: RowEncoderOptions,
  ) {
    this.shapes = new ShapeTable(channel, options);
  }

  /**
   * Writes one row.
   *
   * @param values - one entry for each metric; entries that cannot be logged are reported and left
   * out
   * @param step - a safe integer, a bigint beyond that, or NaN for no step
   * @param timestamp - microseconds since the epoch
   * @param stamped - true if the caller gave the timestamp
   */
  write(values: Readonly<Record<string, unknown>>, step: Step, timestamp: number, stamped = false): void {
    if (
      typeof step !== 'number' ||
      !this.shape.allNumbers ||
      !this.tryNumbers(values, step, timestamp, stamped)
    )
      this.writeCarefully(values, step, timestamp, stamped);
  }

  /**
   * Writes one row like {@link write}, and returns it as accepted: without the entries left out,
   * with a timestamp if the caller gave one, and with the values in a new object.
   */
  writeAndCopy(
    values: Readonly<Record<string, unknown>>,
    step: Step,
    timestamp: number,
    stamped: boolean,
  ): MetricRow {
    const copy = this.shape.isPlain && typeof step === 'number' ? copyOf(values) : null;
    if (copy === null || typeof step !== 'number' || !this.tryNumbers(copy, step, timestamp, stamped)) {
      // A copy of a list or a map would lose its type; a getter must not be called twice.
      this.writeCarefully(copy === null || isCollection(values) ? values : copy, step, timestamp, stamped);
      return this.written();
    }
    const row = { step: step === step ? step : null, values: copy as Readonly<Record<string, number>> };
    return stamped ? { ...row, timestamp: timestamp / MICROS } : row;
  }

  /**
   * Writes one row of bound metrics, with values that nobody has checked; those that cannot be
   * logged, or are not there, are reported and left out.
   */
  writeBound(bound: BoundMetrics, values: ArrayLike<unknown>, step: Step, timestamp: number): void {
    const { names } = bound;
    const entries = this.loggable(names, (_metric, at) => values[at]);
    const shape = this.writeEntries(entries, step, timestamp, false);
    if (shape.allNumbers && entries.length === names.length) bound.shape = shape;
  }

  /** Reads the row written last from the channel; its shape, unless this has written it. */
  written(shape = this.shape): MetricRow {
    const { channel, textRowBytes } = this;
    const { arena } = channel;
    const at = channel.position - (shape.hasStrings ? textRowBytes : shape.bytes);
    const kind = kindOfTag(arena.i32[(at >> 2) + 1] ?? 0);
    const row = { step: stepAt(arena, at, isWide(kind)), values: valuesAt(arena, at, shape) };
    return isStamped(kind) ? { ...row, timestamp: (arena.f64[(at >> 3) + 2] ?? 0) / MICROS } : row;
  }

  private tryNumbers(
    values: Readonly<Record<string, unknown>>,
    step: number,
    timestamp: number,
    stamped: boolean,
  ): boolean {
    const { channel, shape } = this;
    const { keys, bytes } = shape;
    if (!channel.fits(bytes)) channel.advance(bytes);
    const { f64, i32 } = channel.arena;
    const at = channel.position >> 3;
    const { seq } = channel;
    let slot = at + 3;
    let count = 0;
    let reading: string | undefined;
    try {
      for (const key in values) {
        reading = key;
        const value = values[key];
        // A getter that logged a row itself has overwritten this place.
        if (typeof value !== 'number' || key !== keys[count] || channel.seq !== seq)
          return this.giveUp(seq, count, { key, value, failure: null });
        f64[slot++] = value;
        count++;
      }
    } catch (error) {
      // A getter threw, or a Proxy before it reached another key.
      const isGetter = reading !== undefined && reading !== keys[count - 1];
      return this.giveUp(
        seq,
        count,
        isGetter ? { key: reading ?? '', value: undefined, failure: { error } } : null,
      );
    }
    if (count !== keys.length) return this.giveUp(seq, count, null);
    f64[at + 1] = step;
    f64[at + 2] = timestamp;
    i32[at * 2] = bytes;
    i32[at * 2 + 1] = stamped ? shape.stampedTag : shape.tag;
    channel.rows++;
    channel.commit(bytes);
    return true;
  }

  /** Leaves the fast path after reading `count` numbers and perhaps one `last` entry. */
  private giveUp(seq: number, count: number, last: ReadEntry | null): false {
    const { channel, shape } = this;
    // A row that a getter has logged meanwhile has overwritten the numbers.
    if (channel.seq !== seq) return false;
    const slots = (channel.position + ROW_HEAD_BYTES) >> 3;
    const numbers = channel.arena.f64.subarray(slots, slots + count);
    const read = Array.from(numbers, (value, at): ReadEntry => ({
      key: shape.keys[at] ?? '',
      value,
      failure: null,
    }));
    this.readBefore = last === null ? read : [...read, last];
    return false;
  }

  private writeCarefully(
    values: Readonly<Record<string, unknown>>,
    step: Step,
    timestamp: number,
    stamped: boolean,
  ): void {
    const { readBefore } = this;
    this.readBefore = [];
    const isList = isCollection(values);
    if (isList) {
      const reason = 'values must be a plain object with one key for each metric';
      this.options.onRejection({ metric: 'row', isRow: true, reason, value: values });
    }
    const keys = isList ? [] : keysOf(values);
    const entries = this.loggable(keys, (metric, at) => valueOf(values, metric, readBefore[at]));
    this.writeEntries(entries, step, timestamp, stamped);
  }

  private writeEntries(entries: readonly Entry[], step: Step, timestamp: number, stamped: boolean): Shape {
    const shape = this.shapes.of(entries);
    const texts = shape.hasStrings ? encodeStrings(entries) : [];
    const bytes = aligned(shape.bytes + texts.reduce((sum, text) => sum + text.length, 0));
    const { channel } = this;
    if (!channel.fits(bytes)) channel.advance(bytes);
    const { f64, i32, i64, bytes: memory } = channel.arena;
    const at = channel.position >> 3;
    const wide = typeof step === 'bigint';
    if (wide) i64[at + 1] = step;
    else f64[at + 1] = step;
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
    i32[at * 2 + 1] = wide ? wideTag(shape, stamped) : stamped ? shape.stampedTag : shape.tag;
    channel.rows++;
    channel.commit(bytes);
    this.shape = shape;
    if (shape.hasStrings) this.textRowBytes = bytes;
    return shape;
  }

  /** The entries that can be logged; the others are reported. */
  private loggable(metrics: readonly string[], read: (metric: string, at: number) => unknown): Entry[] {
    const { maxMetrics, onRejection, onExcess } = this.options;
    const entries: Entry[] = [];
    const excess: string[] = [];
    let room = MAX_TEXT_BYTES;
    for (const [at, metric] of metrics.entries()) {
      let value: unknown;
      try {
        value = read(metric, at);
      } catch (error) {
        onRejection({ metric, reason: `its getter threw ${stringOf(error)}`, value: undefined });
        continue;
      }
      const kind = kindOf(value);
      const bytes = kind === ValueKind.string ? Buffer.byteLength(value as string) : 0;
      if (kind === undefined) onRejection({ metric, reason: reasonFor(value), value });
      else if (!this.shapes.hasRoomFor(metric, maxMetrics)) excess.push(metric);
      else if (bytes > room)
        onRejection({
          metric,
          reason: `the strings of a row may have at most ${MAX_TEXT_BYTES} bytes together`,
          value,
        });
      else {
        room -= bytes;
        entries.push({ metric, id: this.shapes.metricId(metric), kind, value: value as Entry['value'] });
      }
    }
    if (excess.length > 0) onExcess(excess);
    return entries;
  }
}
