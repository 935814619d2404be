import { randomStream } from '../../pure/random-stream.js';

/** The greatest double below 1: a sum of digits may round to 1. */
const BELOW_ONE = 1 - 2 ** -53;

/**
 * Returns a function from an index to one coordinate of a randomised Halton sequence.
 *
 * J. H. Halton, "On the efficiency of certain quasi-random sequences of points in evaluating
 * multi-dimensional integrals", Numerische Mathematik 2, 1960: the index is written in the
 * dimension's own prime base and mirrored at the point. Each digit goes through a random
 * permutation of its own, as in A. B. Owen, "A randomized Halton algorithm in R", arXiv:1706.02808,
 * 2017; without, coordinates of large bases run along lines.
 */
export function haltonCoordinate(seed: number, dimension: number): (index: number) => number {
  const base = primeAt(dimension);
  const digitCount = Math.ceil(53 / Math.log2(base));
  const permutations = Array.from({ length: digitCount }, (_, place) =>
    permutation(base, randomStream(seed, dimension, place)),
  );
  return (index) => {
    let [rest, scale, sum] = [index, 1, 0];
    for (const permuted of permutations) {
      scale /= base;
      sum += permuted[rest % base]! * scale;
      rest = Math.floor(rest / base);
    }
    return Math.min(sum, BELOW_ONE);
  };
}

function permutation(size: number, random: () => number): Uint32Array {
  const permuted = Uint32Array.from({ length: size }, (_, digit) => digit);
  for (let left = size - 1; left > 0; left -= 1) {
    const taken = Math.floor(random() * (left + 1));
    [permuted[left], permuted[taken]] = [permuted[taken]!, permuted[left]!];
  }
  return permuted;
}

function primeAt(index: number): number {
  const primes: number[] = [];
  for (let candidate = 2; primes.length <= index; candidate += 1)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  return primes.at(-1) ?? 2;
}
