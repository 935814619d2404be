import type { Step } from '../../model/step.js';
import { withKinds } from '../../pure/kinds.js';
import type { CurvePoint } from './lttb.js';

/** An item with its place on the curve. */
export interface Placed<T> extends CurvePoint {
  readonly item: T;
  /** The index of the item in its source, from 0. */
  readonly at: number;
}

/** An input of {@link downsample}: a value at a step, such as a {@link MetricPoint}. */
export interface StepPoint {
  readonly step: Step | null;
  readonly value: number;
}

interface Bucket<T> {
  /** The lowest and the highest finite point; null if there is none. */
  low: Placed<T> | null;
  high: Placed<T> | null;
  /** The first NaN and the first infinity of either sign. */
  odd: readonly Placed<T>[];
  count: number;
}

/**
 * The size of the two ends and a bucket with one point of each kind; a smaller sketch holds finite
 * points only.
 */
const LEAST_FOR_ALL_KINDS = 7;

/**
 * A curve in bounded memory: all its points up to `capacity`, after that its ends and extremes.
 *
 * Points are in buckets of equal count that keep their lowest and highest point (as Van Der Donckt
 * et al. 2023 do before LTTB), and one NaN and one infinity of either sign. When no more fit,
 * neighbours are merged in pairs and the count doubles. At least half of the capacity stays in use.
 */
export class CurveSketch<T extends StepPoint> {
  private first: Placed<T> | null = null;
  private last: Placed<T> | null = null;
  private buckets: Bucket<T>[] = [];
  /** The number of points that a full bucket represents. */
  private width = 1;
  private held = 0;
  private seen = 0;
  private x = -1;

  constructor(private readonly capacity: number) {}

  add(item: T): this {
    this.x = Number(item.step ?? this.x + 1);
    const placed = { item, x: this.x, y: item.value, at: this.seen++ };
    if (this.first === null) {
      this.first = placed;
      return this;
    }
    if (this.last !== null) this.hold(this.last);
    this.last = placed;
    return this;
  }

  /** The points with a place on the curve, and the ends, in order. */
  points(): Placed<T>[] {
    const between = this.buckets.flatMap(({ low, high }) => {
      if (low === null || high === null) return [];
      if (low === high) return [low];
      return low.at < high.at ? [low, high] : [high, low];
    });
    return [this.first, ...between, this.last].filter((point) => point !== null);
  }

  /** The points between the ends that are NaN or infinite, in order. */
  odd(): Placed<T>[] {
    return this.buckets.flatMap(({ odd }) => [...odd].sort((one, other) => one.at - other.at));
  }

  private hold(point: Placed<T>): void {
    const isFinite = Number.isFinite(point.y);
    if (!isFinite && this.capacity < LEAST_FOR_ALL_KINDS) return;
    const tail = this.buckets.at(-1);
    const place = isFinite ? point : null;
    const bucket = { low: place, high: place, odd: isFinite ? [] : [point], count: 1 };
    if (tail === undefined || tail.count === this.width) {
      this.buckets.push(bucket);
      this.held++;
    } else {
      this.held -= sizeOf(tail);
      merge(tail, bucket);
      this.held += sizeOf(tail);
    }
    // The first and the last point are held beside the buckets.
    while (this.held > this.capacity - 2) this.halve();
  }

  private halve(): void {
    const { buckets } = this;
    this.buckets = buckets.filter((_, at) => at % 2 === 0);
    this.buckets.forEach((bucket, at) => {
      const neighbour = buckets[2 * at + 1];
      if (neighbour !== undefined) merge(bucket, neighbour);
    });
    this.width *= 2;
    this.held = this.buckets.reduce((sum, bucket) => sum + sizeOf(bucket), 0);
  }
}

/** Adds the later bucket to the earlier one; the earlier of equal points stays. */
function merge<T>(bucket: Bucket<T>, { low, high, odd, count }: Bucket<T>): void {
  if (low !== null && (bucket.low === null || low.y < bucket.low.y)) bucket.low = low;
  if (high !== null && (bucket.high === null || high.y > bucket.high.y)) bucket.high = high;
  bucket.odd = withKinds(bucket.odd, odd);
  bucket.count += count;
}

const sizeOf = ({ low, high, odd }: Bucket<unknown>): number =>
  (low === null ? 0 : low === high ? 1 : 2) + odd.length;
