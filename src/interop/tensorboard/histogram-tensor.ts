import { BYTES, FIXED64, type PbfReader, readMessage } from './wire.js';

/** A histogram: bucket i counts the values from `edges[i]` to `edges[i + 1]`. */
export interface HistogramCounts {
  /** One more than the counts. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** A histogram as a text metric stores it, as JSON. */
export interface Histogram extends HistogramCounts {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly count: number;
}

/**
 * @bound tells: the import counts what was left out;
 * specs/interop/tensorboard/importer.spec.ts "that are too large are counted: tensors of many
 * elements or dimensions, histograms of many buckets"
 */
const MAX_BUCKETS = 20_000;

/** Parses the edges and counts of a histogram's JSON text; null for any other text. */
export function parseHistogram(text: string): HistogramCounts | null {
  if (!text.startsWith('{"edges":[')) return null;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || !('edges' in parsed) || !('counts' in parsed))
      return null;
    const { edges, counts } = parsed;
    const fits = isNumbers(edges) && isNumbers(counts) && counts.length > 0 && counts.length <= MAX_BUCKETS;
    return fits && edges.length === counts.length + 1 ? { edges, counts } : null;
  } catch {
    return null;
  }
}

/** Counts the finite numbers in buckets of equal width; null if there are none. */
export function histogramOf(values: ArrayLike<number>, bucketCount: number): Histogram | null {
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return null;
  let [min, max, sum] = [Infinity, -Infinity, 0];
  for (const value of finite) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  // Equal values form one bucket around them, as in TensorBoard's own summary.
  const [low, high, buckets] = min === max ? [min - 0.5, max + 0.5, 1] : [min, max, bucketCount];
  const counts = new Array<number>(buckets).fill(0);
  for (const value of finite) {
    // In halves, because the width may exceed the range of doubles.
    const share = (value / 2 - low / 2) / (high / 2 - low / 2);
    const bucket = Math.min(buckets - 1, Math.floor(share * buckets));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const edges = Array.from({ length: buckets + 1 }, (_, index) => mix(low, high, index / buckets));
  return { edges, counts, min, max, mean: sum / finite.length, count: finite.length };
}

/** Returns the rows of TensorBoard's histogram tensor, [k, 3]: left edge, right edge, count. */
export function bucketTriples({ edges, counts }: HistogramCounts): number[] {
  return counts.flatMap((count, index) => [edges[index] ?? 0, edges[index + 1] ?? 0, count]);
}

/**
 * Reads the histogram of such a tensor; null for another shape.
 *
 * A tensor does not have the mean of the values: that of the buckets' centres is used instead.
 */
export function histogramOfTriples(
  shape: readonly number[],
  elements: readonly (number | bigint | boolean | Uint8Array)[],
): Histogram | null {
  if (shape.length !== 2 || shape[1] !== 3 || !elements.every((element) => typeof element === 'number'))
    return null;
  const edges: number[] = [];
  const counts: number[] = [];
  for (let at = 0; at < elements.length; at += 3) {
    const [left = 0, right = 0, count = 0] = elements.slice(at, at + 3);
    if (edges.length === 0) edges.push(left);
    // A gap between two buckets becomes an empty bucket.
    else if (edges.at(-1) !== left) {
      edges.push(left);
      counts.push(0);
    }
    edges.push(right);
    counts.push(count);
  }
  const count = counts.reduce((sum, inBucket) => sum + inBucket, 0);
  const weighted = counts.reduce(
    (sum, inBucket, index) => sum + inBucket * mix(edges[index] ?? 0, edges[index + 1] ?? 0, 0.5),
    0,
  );
  return {
    edges,
    counts,
    min: edges[0] ?? 0,
    max: edges.at(-1) ?? 0,
    mean: count > 0 ? weighted / count : 0,
    count,
  };
}

/**
 * Reads a `HistogramProto`, the form that TensorFlow 1, PyTorch and tensorboardX write; null for
 * one that is too large.
 *
 * As in TensorBoard, empty buckets at both ends are dropped, and the outer edges are the smallest
 * and the largest value instead of the largest doubles.
 */
export function readHistogram(bytes: Uint8Array): Histogram | null {
  const { min, max, num, sum, limits, buckets } = readMessage(
    bytes,
    new HistogramFields(),
    readHistogramField,
  );
  if (limits.length !== buckets.length || buckets.length > MAX_BUCKETS) return null;
  const start = buckets.findIndex((count) => count > 0);
  const end = buckets.findLastIndex((count) => count > 0);
  const mean = num > 0 ? sum / num : 0;
  if (start < 0) return { edges: [], counts: [], min, max, mean, count: num };
  const counts = buckets.slice(start, end + 1);
  return { edges: [min, ...limits.slice(start, end), max], counts, min, max, mean, count: num };
}

class HistogramFields {
  min = 0;
  max = 0;
  num = 0;
  sum = 0;
  readonly limits: number[] = [];
  readonly buckets: number[] = [];
}

function readHistogramField(key: number, into: HistogramFields, pbf: PbfReader): void {
  switch (key) {
    case (1 << 3) | FIXED64:
      into.min = pbf.readDouble();
      break;
    case (2 << 3) | FIXED64:
      into.max = pbf.readDouble();
      break;
    case (3 << 3) | FIXED64:
      into.num = pbf.readDouble();
      break;
    case (4 << 3) | FIXED64:
      into.sum = pbf.readDouble();
      break;
    case (6 << 3) | BYTES:
    case (6 << 3) | FIXED64:
      readDoubles(pbf, into.limits);
      break;
    case (7 << 3) | BYTES:
    case (7 << 3) | FIXED64:
      readDoubles(pbf, into.buckets);
      break;
  }
}

function readDoubles(pbf: PbfReader, into: number[]): void {
  const end = pbf.type === BYTES ? pbf.readVarint() + pbf.pos : pbf.pos + 1;
  while (pbf.pos < end && into.length <= MAX_BUCKETS) into.push(pbf.readDouble());
  if (pbf.type === BYTES) pbf.pos = Math.max(end, pbf.pos);
}

const mix = (low: number, high: number, share: number): number => low * (1 - share) + high * share;

const isNumbers = (list: unknown): list is number[] =>
  Array.isArray(list) && list.every((item) => typeof item === 'number');
