import { hostname } from 'node:os';
import type { ExperimentConfig } from '../../model/experiment-config.js';
import { runHere } from '../run-trial.js';
import { trainInThread } from '../worker/train-in-thread.js';
import type { AttemptRunner } from './taken-trial.js';

/**
 * Runs attempts in this process: the run is opened here, and the training has a worker thread of
 * its own.
 *
 * @param config - the experiment, and options of its runs
 */
export function attemptHere(module: URL, config: ExperimentConfig): AttemptRunner {
  const { name, baseDir } = config;
  const drive = trainInThread<unknown>(module, config);
  return (attempt, rules, { control, observer }) =>
    runHere<unknown>({ name, baseDir, run: {}, ...rules }, drive).run(
      { ...attempt, isTakenUp: false },
      control,
      {
        begins: () => undefined,
        started: ({ run, slot }) => observer.started({ host: hostname(), slot, runDir: run.runDir }),
        reported: ({ step, value, timestamp }) => observer.reported({ step, value, timestamp }),
        // The result of its job says how it ended.
        ending: () => undefined,
      },
    );
}
