import { setImmediate as turn } from 'node:timers/promises';
import type { Digits } from './load-digits.js';
import type { BatchResult, Network } from './network.js';
import { indices, shuffle, type Random } from './random.js';
import { paceAt, type Pace } from './schedule.js';

export interface Training {
  readonly network: Network;
  readonly training: Digits;
  readonly test: Digits;
  readonly random: Random;
  readonly epochs: number;
  readonly batchSize: number;
  readonly peakLearningRate: number;
  readonly momentum: number;
  /** Called after each batch. */
  readonly onStep: (step: number, result: BatchResult, pace: Pace & { readonly epoch: number }) => void;
}

/** What one pass over the training images came to. */
export interface Epoch {
  readonly epoch: number;
  /** The last step of the epoch. */
  readonly step: number;
  /** Mean loss of its batches, each taken before it was learned from. */
  readonly trainingLoss: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  /** Whether no epoch before was as accurate. */
  readonly improved: boolean;
}

/** The number of steps a training takes. */
export function stepsOf({ training, batchSize, epochs }: Training): number {
  return Math.ceil(training.count / batchSize) * epochs;
}

/** Trains the network, one epoch each time the next value is asked for. */
export async function* train(options: Training): AsyncGenerator<Epoch> {
  const { network, training, test, random, epochs, batchSize, peakLearningRate, momentum, onStep } = options;
  const order = indices(training.count);
  const steps = stepsOf(options);
  let best = 0;
  let step = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    shuffle(order, random);
    const first = step;
    let losses = 0;
    for (let start = 0; start < order.length; start += batchSize) {
      const pace = paceAt(step / steps, peakLearningRate);
      const rates = { learningRate: pace.learningRate, momentum };
      const result = network.learn(training, order.subarray(start, start + batchSize), rates);
      losses += result.loss;
      onStep(step++, result, { ...pace, epoch });
      // Not for the log, whose writer is a thread of its own: for the progress bar, which lives on this one.
      if (step % 8 === 0) await turn();
    }
    const { loss: testLoss, accuracy: testAccuracy } = network.evaluate(test);
    const improved = testAccuracy > best;
    best = Math.max(best, testAccuracy);
    yield { epoch, step: step - 1, trainingLoss: losses / (step - first), testLoss, testAccuracy, improved };
  }
}
