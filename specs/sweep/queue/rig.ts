import { queueAddress } from '../../../dist/modules/sweep/queue/queue-address.js';
import { attemptHere } from '../../../dist/modules/sweep/queue/attempt-here.js';
import { takeTrials } from '../../../dist/modules/sweep/queue/take-trials.js';
import type { TakeOptions } from '../../../dist/modules/sweep/queue/taken-trial.js';
import { paramsCheckOf } from '../../../dist/modules/sweep/worker/load-space.js';
import { ExperimentConfig } from '../../../dist/modules/model/experiment-config.js';

export const MODULE = new URL('../workers/queue-trials.mjs', import.meta.url);

/** A worker in this process. */
export interface WorkerHere {
  readonly ended: Promise<'ended' | 'drained'>;
  readonly notes: string[];
  drain(): void;
}

/** Takes the trials of a sweep in this process, as `expman work` does in its own. */
export function workHere(
  url: string,
  name: string,
  dir: string,
  options: Partial<TakeOptions> = {},
): WorkerHere {
  const draining = new AbortController();
  const notes: string[] = [];
  const { name: experiment, baseDir } = new ExperimentConfig(name, dir);
  const ended = paramsCheckOf(MODULE, false).then((checkParams) =>
    takeTrials(queueAddress(url), {
      ...{ name, dir, concurrency: 1, checkParams, draining: draining.signal },
      run: attemptHere(MODULE, { name: experiment, baseDir, run: { environment: false } }),
      notify: (text) => notes.push(text),
      onTrial: () => undefined,
      ...options,
    }),
  );
  ended.catch(() => undefined);
  return { ended, notes, drain: () => draining.abort() };
}
