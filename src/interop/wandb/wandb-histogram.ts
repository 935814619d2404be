import { ExpmanError } from '../../model/errors.js';
import { histogram } from '../../model/histogram.js';
import { isMapping } from '../source/source-files.js';

/**
 * Returns the text of a histogram of W&B as a run of ours has it: `{"_type":"histogram"}` with
 * `values`, the counts, and `bins`, their bounds, or `packedBins`, the first bound, the width and
 * the number. Undefined for anything else.
 */
export function histogramTextOf(value: unknown): string | undefined {
  if (!isMapping(value) || value['_type'] !== 'histogram') return undefined;
  const { values: counts, bins: edges = packedBins(value['packedBins']) } = value;
  if (!isNumbers(counts) || !isNumbers(edges)) return undefined;
  try {
    return histogram({ counts, edges });
  } catch (error) {
    if (error instanceof ExpmanError) return undefined;
    throw error;
  }
}

/** The bounds of bins of equal width. */
function packedBins(packed: unknown): number[] | undefined {
  if (!isMapping(packed)) return undefined;
  const { min, size, count } = packed;
  if (typeof min !== 'number' || typeof size !== 'number' || typeof count !== 'number') return undefined;
  // @bound refuses: the value stays the text that it is; no histogram of ours has more bins
  if (!Number.isInteger(count) || count < 1 || count > 10_000) return undefined;
  return Array.from({ length: count + 1 }, (_, at) => min + at * size);
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');
