import { MAGIC, type Region } from './parquet/index.js';

/**
 * Tails that were published before the newest one: as many as this, and as many bytes.
 *
 * @bound loses nothing: older versions of the tail, for readers that are slow
 */
const MOST_PAST_TAILS = 8;
/** @bound loses nothing: older versions of the tail, for readers that are slow */
const MOST_PAST_BYTES = 1024 * 1024;

/** A stretch of a file. */
export type Stretch = Pick<Region, 'offset' | 'length'>;

/** The first offset behind the magic bytes at which `length` bytes touch nothing that is taken. */
export function firstFree(taken: readonly Stretch[], length: number): number {
  return gapsBetween(taken).find((gap) => gap.length >= length)?.offset ?? endOf(taken);
}

/** The first offset behind everything that is taken. */
export function endOf(taken: readonly Stretch[]): number {
  return taken.reduce((end, { offset, length }) => Math.max(end, offset + length), MAGIC.length);
}

/** Of the tails published so far, the oldest first, those that the next version of the file holds once more. */
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

/** The stretches between the regions, and before the first: nothing was ever written there. */
export function gapsBetween(regions: readonly Stretch[]): Stretch[] {
  const gaps: Stretch[] = [];
  let at = MAGIC.length;
  for (const { offset, length } of [...regions].sort((one, other) => one.offset - other.offset)) {
    if (offset > at) gaps.push({ offset: at, length: offset - at });
    at = Math.max(at, offset + length);
  }
  return gaps;
}
