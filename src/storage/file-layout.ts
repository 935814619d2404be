import { MAGIC, type Region } from './parquet/index.js';

/**
 * The most tails kept besides the newest one.
 *
 * @bound loses nothing: older versions of the tail, for slow readers
 */
const MOST_PAST_TAILS = 8;
/** @bound loses nothing: older versions of the tail, for slow readers */
const MOST_PAST_BYTES = 1024 * 1024;

/** A range of a file. */
export type Stretch = Pick<Region, 'offset' | 'length'>;

/**
 * Returns the first offset after the magic bytes at which `length` bytes do not overlap anything
 * taken.
 */
export function firstFree(taken: readonly Stretch[], length: number): number {
  return gapsBetween(taken).find((gap) => gap.length >= length)?.offset ?? endOf(taken);
}

/** Returns the first offset after everything taken. */
export function endOf(taken: readonly Stretch[]): number {
  return taken.reduce((end, { offset, length }) => Math.max(end, offset + length), MAGIC.length);
}

/** Selects the earlier tails, given oldest first, that the next version of the file keeps. */
export function tailsToKeep<T extends Stretch>(tails: readonly T[]): T[] {
  // @bound loses nothing: the newest tail, older ones follow
  const kept = tails.slice(-1);
  let bytes = 0;
  for (const tail of tails.slice(-1 - MOST_PAST_TAILS, -1).reverse()) {
    bytes += tail.length;
    if (bytes > MOST_PAST_BYTES) break;
    kept.unshift(tail);
  }
  return kept;
}

/**
 * Returns the gaps between the regions and before the first one: nothing was ever written there.
 */
export function gapsBetween(regions: readonly Stretch[]): Stretch[] {
  const gaps: Stretch[] = [];
  let at = MAGIC.length;
  for (const { offset, length } of [...regions].sort((one, other) => one.offset - other.offset)) {
    if (offset > at) gaps.push({ offset: at, length: offset - at });
    at = Math.max(at, offset + length);
  }
  return gaps;
}
