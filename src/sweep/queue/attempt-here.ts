import { hostname } from 'node:os';
import { ExperimentConfig } from '../../model/experiment-config.js';
import { type TrialRules, runHere } from '../run-trial.js';
import { trainInThread } from '../worker/train-in-thread.js';
import type { AttemptRunner } from './taken-trial.js';

/**
 * Runs attempts in this process: the run is opened here, and the training has a worker thread of
 * its own.
 *
 * @param of - the experiment, and the options of its runs
 */
export function attemptHere(
  module: URL,
  { name, baseDir, run }: Pick<TrialRules, 'name' | 'baseDir' | 'run'>,
): AttemptRunner {
  const drive = trainInThread<unknown>(module, new ExperimentConfig(name, baseDir, run));
  return (attempt, rules, { control, observer }) =>
    runHere<unknown>({ name, baseDir, run, ...rules }, drive).run({ ...attempt, isTakenUp: false }, control, {
      begins: () => undefined,
      started: (trial) => observer.started({ host: hostname(), slot: trial.slot, runDir: trial.run.runDir }),
      reported: ({ step, value, timestamp, of }) =>
        observer.reported({ step, value, timestamp, ...(of !== undefined && { of }) }),
      ending: (outcome) => observer.ending?.(outcome),
    });
}
