const GAMMA = 0x9e3779b97f4a7c15n;
const TO_DOUBLE = 2 ** -53;

/** Returns the next number in [0, 1), with all 53 bits random. */
export type RandomStream = () => number;

/**
 * Makes a stream of random numbers from a key, such as a seed and the number of a trial: the same
 * key gives the same stream.
 *
 * xoshiro128** of D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM
 * Transactions on Mathematical Software 47(4), 2021, its state filled by {@link splitMix64} as they
 * advise.
 */
export function randomStream(...key: readonly number[]): RandomStream {
  const next64 = splitMix64(key.reduce((state, part) => mixed(state + GAMMA + BigInt(part)), 0n));
  const [a, b] = [next64(), next64()];
  const next32 = xoshiro128([upper(a), lower(a), upper(b), lower(b)]);
  return () => ((next32() >>> 5) * 2 ** 26 + (next32() >>> 6)) * TO_DOUBLE;
}

/**
 * The raw generator of {@link randomStream}: 32-bit integers, from a state that is not all zero.
 */
export function xoshiro128(state: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = state;
  return () => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11);
    return result;
  };
}

/**
 * A generator that turns one 64-bit integer into many unrelated ones.
 *
 * G. L. Steele, D. Lea and C. H. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
 * 2014.
 */
export function splitMix64(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = BigInt.asUintN(64, state + GAMMA);
    return mixed(state);
  };
}

function mixed(value: bigint): bigint {
  let z = BigInt.asUintN(64, value);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function upper(value: bigint): number {
  return Number(value >> 32n);
}

function lower(value: bigint): number {
  return Number(value & 0xffffffffn);
}
