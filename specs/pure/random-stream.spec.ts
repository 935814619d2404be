import { describe, expect, it } from 'vitest';
import { randomStream, splitMix64, xoshiro128 } from '../../src/pure/random-stream.js';

const take = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);

describe('a stream of random numbers', () => {
  // The reference programs of S. Vigna, as other ports of them test it.
  it('is made of the published generators', () => {
    expect(take(5, splitMix64(1234567n))).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ]);
    expect(take(4, xoshiro128([1, 2, 3, 4]))).toEqual([11520, 0, 5927040, 70819200]);
  });

  it('is the same for the same key, and another for every other', () => {
    const keys = [[0], [1], [0, 0], [0, 1], [1, 0], [2 ** 53 - 1], [0, 0, 0]];
    const firsts = keys.map((key) => randomStream(...key)());
    expect(new Set(firsts).size).toBe(keys.length);
    expect(keys.map((key) => randomStream(...key)())).toEqual(firsts);
  });

  it('lies evenly in [0, 1), also across neighbouring keys', () => {
    for (const numbers of [
      take(4000, randomStream(7)),
      Array.from({ length: 4000 }, (_, trial) => randomStream(7, trial)()),
    ]) {
      expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...numbers)).toBeLessThan(1);
      const counts = Array.from(
        { length: 10 },
        (_, tenth) => numbers.filter((x) => Math.floor(x * 10) === tenth).length,
      );
      const chiSquared = counts.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0);
      // Exceeded once in 1,000 seeds: the chi-squared distribution of 9 degrees of freedom.
      expect(chiSquared).toBeLessThan(27.88);
    }
  });
});
