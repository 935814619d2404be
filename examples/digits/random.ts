/** Draws from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** A small seeded generator (mulberry32), so that every run of an example tells the same story. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Puts the numbers of an array in a random order, in place (Fisher-Yates). */
export function shuffle(order: Uint32Array, random: Random): Uint32Array {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The numbers 0 to `length` - 1. */
export function indices(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => i);
}
