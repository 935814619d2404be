import { ExpmanError, describeType } from './errors.js';
import { integer } from './option-rules.js';
import { optionsTable } from './options-table.js';

/**
 * The distribution of numbers, as {@link histogram} counts it and {@link parseHistogram} reads it.
 */
export interface Histogram {
  /**
   * Ascending bounds of the bins, one more than there are bins; a bin includes its lower bound, the
   * last one both.
   */
  readonly edges: readonly number[];
  /** The number of values in each bin. */
  readonly counts: readonly number[];
  /** The smallest finite value; null if it is unknown, or there is none. */
  readonly min: number | null;
  /** The largest finite value. */
  readonly max: number | null;
  /** The arithmetic mean of the finite values. */
  readonly mean: number | null;
  /** The number of values in the bins. */
  readonly count: number;
  /** The number of values that were NaN, or not numbers. */
  readonly nan: number;
  /** The number of positive infinities. */
  readonly posInf: number;
  /** The number of negative infinities. */
  readonly negInf: number;
}

/** Options of {@link histogram}. */
export interface HistogramOptions {
  /**
   * The number of bins of equal width; 1 to 1,000, default 30. Ignored for ready counts, which have
   * their own.
   */
  readonly bins?: number | undefined;
}

/**
 * Ready counts: with all bounds of the bins (`edges`), or only their upper bounds (`limits`, as
 * TensorBoard has them).
 */
export type ReadyHistogram = { readonly counts: ArrayLike<number> } & (
  { readonly edges: ArrayLike<number> } | { readonly limits: ArrayLike<number> }
);

/** The input of a histogram: numbers in an array or a typed array, or ready counts. */
export type HistogramInput = ArrayLike<number> | ArrayLike<bigint> | ReadyHistogram;

/** @bound refuses: INVALID_OPTION */
const MOST_BINS = 1_000;
/**
 * TensorBoard's default has 1,549 bins.
 *
 * @bound refuses: INVALID_VALUE
 */
const MOST_READY_BINS = 10_000;
/** @bound loses nothing: the text of the most bins allowed is shorter */
const MOST_TEXT = 1024 * 1024;
const OPTIONS = optionsTable<HistogramOptions>()({ bins: integer(1, MOST_BINS).byDefault(30) });
/** The sum of very large numbers may be infinite when their mean is not. */
const SCALE = 2 ** 64;

/**
 * Makes a histogram as a metric value: JSON of {@link Histogram}, for `logMetrics` or
 * `run.logHistogram`.
 *
 * The bins are of equal width between the smallest and the largest value; values that are all equal
 * make one bin. NaN and infinities are in no bin and are counted separately. Reads the values twice
 * and keeps none.
 *
 * @throws {@link ExpmanError} `INVALID_VALUE` for values that are neither numbers nor counts with
 * bounds, `INVALID_OPTION`
 * @example
 * run.logMetrics({ loss, weights: histogram(weights, { bins: 20 }) }, step);
 */
export function histogram(values: HistogramInput, options: HistogramOptions = {}): string {
  const { bins } = OPTIONS.resolve(options);
  return JSON.stringify(isNumbers(values) ? counted(values, bins) : ready(values));
}

/**
 * Reads a logged histogram; null for any value that is not one.
 *
 * @example
 * const { edges, counts } = parseHistogram(String(table.getChild('weights')?.get(0))) ?? { edges: [], counts: [] };
 */
export function parseHistogram(text: unknown): Histogram | null {
  if (typeof text !== 'string' || text.length > MOST_TEXT || !text.startsWith('{')) return null;
  try {
    return checked(JSON.parse(text));
  } catch {
    return null;
  }
}

function isNumbers(values: HistogramInput): values is ArrayLike<number> | ArrayLike<bigint> {
  return Array.isArray(values) || (ArrayBuffer.isView(values) && 'length' in values);
}

interface Extent {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly count: number;
  readonly nan: number;
  readonly posInf: number;
  readonly negInf: number;
}

function counted(values: ArrayLike<unknown>, bins: number): Histogram {
  const { min, max, mean, ...amounts } = extentOf(values);
  if (amounts.count === 0) return { edges: [], counts: [], min: null, max: null, mean: null, ...amounts };
  const edges = min === max ? [min, max] : edgesBetween(min, max, bins);
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (let at = 0; at < values.length; at++) {
    const value = numberOf(values[at]);
    if (!Number.isFinite(value)) continue;
    const bin = binOf(value, edges);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges, counts, min, max, mean, ...amounts };
}

function extentOf(values: ArrayLike<unknown>): Extent {
  let [min, max, sum, scaledSum, count, nan, posInf, negInf] = [Infinity, -Infinity, 0, 0, 0, 0, 0, 0];
  for (let at = 0; at < values.length; at++) {
    const value = numberOf(values[at]);
    if (value === Infinity) posInf++;
    else if (value === -Infinity) negInf++;
    else if (value !== value) nan++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
      scaledSum += value / SCALE;
      count++;
    }
  }
  const mean = Number.isFinite(sum) ? sum / count : (scaledSum / count) * SCALE;
  return { min, max, mean: Math.min(Math.max(mean, min), max), count, nan, posInf, negInf };
}

const numberOf = (value: unknown): number =>
  typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : NaN;

function edgesBetween(min: number, max: number, bins: number): number[] {
  // Neither product exceeds the larger bound, while `max - min` may be infinite.
  const edges = Array.from({ length: bins + 1 }, (_, at) => min * (1 - at / bins) + max * (at / bins));
  edges[0] = min;
  edges[bins] = max;
  // Adjacent doubles leave no room between them, and rounding must not swap two edges.
  for (let at = 1; at < bins; at++)
    edges[at] = Math.min(Math.max(edges[at] ?? min, edges[at - 1] ?? min), max);
  return edges;
}

/** The bin of a value: guessed from its share of the width, then corrected by the rounded edges. */
function binOf(value: number, edges: readonly number[]): number {
  const last = edges.length - 2;
  const [low = 0, high = 0] = [edges[0], edges[last + 1]];
  const share = high === low ? 0 : (value / 2 - low / 2) / (high / 2 - low / 2);
  let bin = Math.min(Math.max(Math.floor(share * (last + 1)) || 0, 0), last);
  while (bin > 0 && value < (edges[bin] ?? low)) bin--;
  while (bin < last && value >= (edges[bin + 1] ?? high)) bin++;
  return bin;
}

function ready(values: unknown): Histogram {
  const { edges, limits, counts } = isObject(values) ? values : {};
  const amounts = listOf(counts);
  const bounds = edges !== undefined ? listOf(edges) : edgesOf(listOf(limits));
  const found = bounds === null || amounts === null ? null : checked(unknownRange(bounds, amounts));
  if (found !== null) return found;
  const rule =
    'numbers, or counts with ascending, finite edges (one more than counts) or limits (as many as counts)';
  const type = describeType(values);
  throw new ExpmanError('INVALID_VALUE', `a histogram must be made of ${rule}; got ${type}`, {
    option: 'values',
    rule,
    value: values,
    type,
  });
}

const unknownRange = (edges: readonly number[], counts: readonly number[]): Histogram => ({
  edges,
  counts,
  min: null,
  max: null,
  mean: null,
  count: counts.reduce((sum, count) => sum + count, 0),
  nan: 0,
  posInf: 0,
  negInf: 0,
});

/** The upper bounds with a lower one for the first bin, which becomes as wide as the second. */
function edgesOf(limits: readonly number[] | null): number[] | null {
  const [first, second] = limits ?? [];
  if (limits === null || first === undefined) return limits === null ? null : [];
  const low = first - ((second ?? first) - first);
  return [Number.isFinite(low) ? low : -Number.MAX_VALUE, ...limits];
}

function listOf(value: unknown): number[] | null {
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  return isList ? Array.from(value as ArrayLike<unknown>, numberOf) : null;
}

/** Checks the parts of a value one by one; null if it is not a histogram. */
function checked(value: unknown): Histogram | null {
  if (!isObject(value)) return null;
  const { edges, counts, min = null, max = null, mean = null } = value;
  const { count, nan = 0, posInf = 0, negInf = 0 } = value;
  const isEmpty = Array.isArray(counts) && counts.length === 0;
  if (!isListOf(edges, Number.isFinite) || !isListOf(counts, isAmount)) return null;
  if (edges.length !== (isEmpty ? 0 : counts.length + 1) || counts.length > MOST_READY_BINS) return null;
  if (edges.some((edge, at) => edge < (edges[at - 1] ?? -Infinity))) return null;
  if (!isBound(min) || !isBound(max) || !isBound(mean)) return null;
  if (!isAmount(count) || !isAmount(nan) || !isAmount(posInf) || !isAmount(negInf)) return null;
  return { edges, counts, min, max, mean, count, nan, posInf, negInf };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isListOf = (value: unknown, is: (item: unknown) => boolean): value is readonly number[] =>
  Array.isArray(value) && value.every(is);

const isBound = (value: unknown): value is number | null => value === null || Number.isFinite(value);

/** Counts may be weights: any finite number that is not negative. */
const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity;
