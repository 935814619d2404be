// A trial of the bench case `queue`: 50 ms, and a row.
import { setTimeout as delay } from 'node:timers/promises';
import { uniform } from 'expman-rx/sweep';

export const space = { x: uniform(0, 1) };

/** @param {import('expman-rx/sweep').WorkerTrial<{ readonly x: number }>} trial */
export default async ({ run, params: { x } }) => {
  await delay(50);
  run.logMetrics({ loss: x }, 0);
};
