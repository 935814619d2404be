import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RunStatus } from 'expman-rx';
import { openRun } from './measure.js';

const ROWS = 1000;
/** So many runs differ; the others are copies of them. */
export const KINDS = 20;

/** Some runs by the engine, and as many copies of them as make up the number. */
export async function makeRuns(base: string, count: number): Promise<void> {
  for (let kind = 0; kind < KINDS; kind++) {
    const run = openRun(join(base, '..', 'made'), { runName: `kind${kind}`, tags: [`kind${kind}`] });
    run.logParams({ lr: 10 ** -(kind % 5), optimizer: 'Adam', model: { name: 'mlp', layers: kind } });
    for (let step = 0; step < ROWS; step++)
      run.logMetrics({ loss: (kind + 1) / (step + 1), accuracy: step / ROWS }, step);
    await run.close(kind % 7 === 0 ? RunStatus.Failed : RunStatus.Finished);
  }
  mkdirSync(join(base, 'exp'), { recursive: true });
  for (let index = 0; index < count; index++)
    cpSync(
      join(base, '..', 'made/bench', `kind${index % KINDS}`),
      join(base, 'exp', `run${String(index).padStart(6, '0')}`),
      { recursive: true },
    );
}
