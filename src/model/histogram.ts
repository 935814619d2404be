import { ExpmanError, describeType } from './errors.js';
import { integer } from './option-rules.js';
import { optionsTable } from './options-table.js';

/** The distribution of some numbers, as {@link histogram} counts it and {@link parseHistogram} reads it. */
export interface Histogram {
  /** Ascending bounds of the bins, one more than there are bins; a bin has its lower bound, the last one both. */
  readonly edges: readonly number[];
  /** How many values are in each bin. */
  readonly counts: readonly number[];
  /** The least finite value; null where it is not known, or there is none. */
  readonly min: number | null;
  /** The greatest finite value. */
  readonly max: number | null;
  /** The arithmetic mean of the finite values. */
  readonly mean: number | null;
  /** How many values are in the bins. */
  readonly count: number;
  /** How many values were NaN, or no numbers. */
  readonly nan: number;
  /** How many values were positive infinity. */
  readonly posInf: number;
  /** How many values were negative infinity. */
  readonly negInf: number;
}

/** Options of {@link histogram}. */
export interface HistogramOptions {
  /** How many bins of the same width; 1 to 1,000, default 30. Counts that are ready have theirs. */
  readonly bins?: number | undefined;
}

/** Counts that are ready: with all bounds of the bins (`edges`), or with their upper bounds alone (`limits`, as TensorBoard has them). */
export type ReadyHistogram = { readonly counts: ArrayLike<number> } & (
  { readonly edges: ArrayLike<number> } | { readonly limits: ArrayLike<number> }
);

/** What a histogram is made of: numbers in an array or a typed array, or counts that are ready. */
export type HistogramInput = ArrayLike<number> | ArrayLike<bigint> | ReadyHistogram;

/** @bound refuses: INVALID_OPTION */
const MOST_BINS = 1_000;
/**
 * TensorBoard's default has 1,549 bins.
 *
 * @bound refuses: INVALID_VALUE
 */
const MOST_READY_BINS = 10_000;
/** @bound loses nothing: the text of as many bins as may be is shorter */
const MOST_TEXT = 1024 * 1024;
const OPTIONS = optionsTable<HistogramOptions>()({ bins: integer(1, MOST_BINS).byDefault(30) });
/** The sum of very large numbers may be infinite where their mean is not. */
const SCALE = 2 ** 64;

/**
 * Makes a histogram that is a metric value: JSON of {@link Histogram}, for `logMetrics` or `run.logHistogram`.
 *
 * The bins are of one width between the least and the greatest value; values that are all the same are one bin. NaN
 * and infinities are in no bin and counted apart. Reads the values twice and keeps none.
 *
 * @throws {@link ExpmanError} `INVALID_VALUE` for what is neither numbers nor counts with bounds, `INVALID_OPTION`
 * @example
 * run.logMetrics({ loss, weights: histogram(weights, { bins: 20 }) }, step);
 */
export function histogram(values: HistogramInput, options: HistogramOptions = {}): string {
  const { bins } = OPTIONS.resolve(options);
  return JSON.stringify(isNumbers(values) ? counted(values, bins) : ready(values));
}

/**
 * Reads a histogram that was logged; null for a text that is none, whatever it is.
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
  // Neither product is beyond the larger bound, while `max - min` may be infinite.
  const edges = Array.from({ length: bins + 1 }, (_, at) => min * (1 - at / bins) + max * (at / bins));
  edges[0] = min;
  edges[bins] = max;
  // Bounds that are neighbours leave no room between them, and rounding must not turn two around.
  for (let at = 1; at < bins; at++)
    edges[at] = Math.min(Math.max(edges[at] ?? min, edges[at - 1] ?? min), max);
  return edges;
}

/** The bin a value is in: guessed by its share of the width, then held to the edges as they were rounded. */
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
    'numbers, or counts with one edge more than there are (or as many limits), ascending and finite';
  const type = describeType(values);
  throw new ExpmanError('INVALID_VALUE', `a histogram is made of ${rule}; got ${type}`, {
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

/** Upper bounds with a lower one for the first bin: as wide as the second. */
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

/** The histogram a value is, its parts one by one; null for any other value. */
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
