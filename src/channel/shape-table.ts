import type { ChannelWriter } from './channel-writer.js';
import {
  MAX_SHAPES,
  RECORD_HEAD_BYTES,
  ROW_HEAD_BYTES,
  RecordKind,
  type RowKind,
  ValueKind,
  aligned,
} from './chunk-layout.js';
import type { RowShape } from './records.js';
import { type Entry, wellFormed } from './row-entry.js';

/** The composition of a row: its metrics in order, and their kinds. */
export interface Shape extends RowShape {
  /** The metrics' names as spelled by the caller. */
  readonly keys: readonly string[];
  readonly allNumbers: boolean;
  /** True if all values are numbers, under names that the file spells like the caller. */
  readonly isPlain: boolean;
  /**
   * The second word of a row's record, for a row with a timestamp from the clock and for one with
   * the caller's.
   */
  readonly tag: number;
  readonly stampedTag: number;
  /** The number of bytes of a row without its strings. */
  readonly bytes: number;
  /** False once another shape has got its number. */
  isCurrent: boolean;
}

export const NO_SHAPE: Shape = {
  keys: [],
  metrics: [],
  kinds: [],
  allNumbers: false,
  isPlain: false,
  hasStrings: false,
  tag: 0,
  stampedTag: 0,
  bytes: 0,
  isCurrent: false,
};

/** Options of a {@link ShapeTable}. */
export interface ShapeTableOptions {
  /** Called when a metric's first row is being written. */
  readonly onMetric: (metric: string) => void;
  /** Called when a row of a new shape has a value of that kind. */
  readonly onKind?: (metric: string, kind: ValueKind) => void;
}

/** The numbers that metrics and shapes have in a channel; a new one is written as a definition. */
export class ShapeTable {
  private readonly shapes = new Map<string, Shape>();
  private readonly shapeKeys: string[] = [];
  private nextShape = 0;
  private readonly metricIds = new Map<string, number>();

  constructor(
    private readonly channel: ChannelWriter,
    private readonly options: ShapeTableOptions,
  ) {}

  /** True if a metric has a number, or can get one that is below `maxMetrics`. */
  hasRoomFor(metric: string, maxMetrics: number): boolean {
    return this.metricIds.has(metric) || this.metricIds.size < maxMetrics;
  }

  metricId(metric: string): number {
    const known = this.metricIds.get(metric);
    if (known !== undefined) return known;
    const id = this.metricIds.size;
    this.metricIds.set(metric, id);
    this.channel.text(RecordKind.metric, id, Buffer.from(wellFormed(metric), 'utf8'));
    this.options.onMetric(metric);
    return id;
  }

  of(entries: readonly Entry[]): Shape {
    const key = entries.map(({ metric, kind }) => `${kind}${metric.length}:${metric}`).join('');
    const known = this.shapes.get(key);
    if (known !== undefined) return known;
    // Shape numbers are reused, oldest first: records are in order, so a reader can follow.
    const number = this.nextShape++ % MAX_SHAPES;
    this.forget(this.shapeKeys[number]);
    this.shapeKeys[number] = key;
    const keys = entries.map(({ metric }) => metric);
    const metrics = keys.map(wellFormed);
    // A Map or an array has no keys to use either; it takes the slow path, which reports it.
    const allNumbers = entries.length > 0 && entries.every(({ kind }) => kind === ValueKind.number);
    const shape: Shape = {
      keys,
      metrics,
      kinds: entries.map(({ kind }) => kind),
      allNumbers,
      isPlain: allNumbers && metrics.every((metric, at) => metric === keys[at]),
      hasStrings: entries.some(({ kind }) => kind === ValueKind.string),
      tag: tagOf(number, RecordKind.row),
      stampedTag: tagOf(number, RecordKind.stampedRow),
      bytes: ROW_HEAD_BYTES + 8 * entries.length,
      isCurrent: true,
    };
    this.shapes.set(key, shape);
    this.define(number, entries);
    for (const { metric, kind } of entries) this.options.onKind?.(metric, kind);
    return shape;
  }

  private forget(key: string | undefined): void {
    const shape = key === undefined ? undefined : this.shapes.get(key);
    if (key === undefined || shape === undefined) return;
    shape.isCurrent = false;
    this.shapes.delete(key);
  }

  private define(number: number, entries: readonly Entry[]): void {
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

const tagOf = (shape: number, kind: RowKind): number => (shape << 8) | kind;

/** The second word of the record of a row whose step is an int64. */
export const wideTag = ({ tag }: Shape, stamped: boolean): number =>
  tagOf(tag >>> 8, stamped ? RecordKind.wideStampedRow : RecordKind.wideRow);
