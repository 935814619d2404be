// What the trials of queue.spec.ts do in a worker thread: ten rows, or something else that `way` says.
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { choice, uniform } from '../../../dist/modules/sweep/index.js';

export const STEPS = 10;
export const space = { x: uniform(0, 1), way: choice('plain', 'endless', 'busy', 'environment') };

/** @param {import('expman-rx/sweep').WorkerTrial<{ readonly x: number, readonly way: string }>} trial */
export default async ({ params: { x, way }, run, signal, slot }) => {
  if (way === 'environment') {
    const { readFileSync } = await import('node:fs');
    run.logParams({
      slot,
      environ: readFileSync('/proc/self/environ', 'utf8')
        .split('\0')
        .filter((each) => each.startsWith('QUEUE_SPEC')),
    });
  }
  for (let step = 0; step < STEPS || way === 'endless'; step++) {
    run.logMetrics({ loss: x + step, size: 1 - x }, step);
    if (signal.aborted) return;
    await delay(1);
  }
  // A training that never yields, until there is a file.
  if (way === 'busy') while (!existsSync(process.env['QUEUE_SPEC_FILE'] ?? '/')) Math.sqrt(x);
};
