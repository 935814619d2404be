import { ExperimentConfig } from '../model/experiment-config.js';
import { invalidOption } from '../model/option-rules.js';
import { trainHere } from './drive-trial.js';
import { runHere } from './run-trial.js';
import { mustBeDistinctInFile } from './secret-params.js';
import { describeSpace } from './space/describe-space.js';
import type { ParamsOf, Space } from './space/space.js';
import { type Study, SweepStudy } from './study.js';
import {
  type SweepOptions,
  type WorkerSweepOptions,
  resolveSweep,
  resolveWorkerSweep,
} from './sweep-options.js';
import type { Train } from './trial.js';
import { trainInThread } from './worker/train-in-thread.js';

/**
 * Searches parameters: tries some, each in its own run, several at a time, and reports which were
 * best.
 *
 * The sweep optimises a metric that the trials log; nothing else needs to be reported. A failed
 * trial does not end it. `sweep.yaml` in the experiment's folder has the plan and the state of
 * every trial; a sweep that was killed or stopped is resumed when it is started again: trials that
 * had ended are not repeated, and one that was cut off is tried again in another run. A scheduler
 * still counts the values they had reported. Starts on the next turn of the event loop.
 *
 * @throws ExpmanError `INVALID_OPTION` or `INVALID_NAME`, for a space or an option
 * @example
 * const study = sweep(
 *   { lr: logUniform(1e-5, 1e-1), optimizer: choice('sgd', 'adam') },
 *   async (trial) => {
 *     for (let step = 0; step < 100 && !trial.signal.aborted; step++)
 *       trial.run.logMetrics({ loss: await trainStep(trial.params) }, step);
 *   },
 *   { name: 'digits', metric: 'loss', trials: 24, concurrency: 4, searcher: 'tpe', scheduler: 'asha' },
 * );
 * const { best } = await study.result;
 */
export function sweep<const S extends Space>(
  space: S,
  train: Train<ParamsOf<S>>,
  options: SweepOptions<NoInfer<ParamsOf<S>>>,
): Study<ParamsOf<S>>;
/**
 * Runs each trial in its own worker thread; all of them log through the single writer of the
 * process.
 *
 * The module at `worker` exports the training function, as its default or as `train`; see {@link
 * WorkerTrain}. It must be JavaScript: a thread on Node 20 cannot load TypeScript, not even under
 * tsx. Its trial has the same members: `trial.run` takes metrics, histograms, parameters, messages
 * and artifacts. Members that would close the run, `health$`, `status$`, `logImage`, `logMedia` and
 * `logTable` only exist in the thread of the sweep, and throw `WRONG_THREAD` here. Logged values
 * are in shared memory when the call returns, and are kept whatever happens to the thread. The
 * sweep sees a row some milliseconds later, so a trial may be a few rows further when it is stopped
 * early. A thread that throws or exits is a failed trial; one that is still running `graceMs` after
 * it was aborted is terminated.
 *
 * @throws ExpmanError `INVALID_OPTION` or `INVALID_NAME`, for a space or an option
 * @example
 * const study = sweep(space, { name: 'digits', metric: 'loss', concurrency: 4, worker: new URL('./train.js', import.meta.url) });
 */
export function sweep<const S extends Space>(
  space: S,
  options: WorkerSweepOptions<NoInfer<ParamsOf<S>>>,
): Study<ParamsOf<S>>;
export function sweep<S extends Space>(
  space: S,
  train: Train<ParamsOf<S>> | WorkerSweepOptions<ParamsOf<S>>,
  given?: SweepOptions<ParamsOf<S>>,
): Study<ParamsOf<S>> {
  const description = describeSpace(space);
  mustBeDistinctInFile(description);
  if (typeof train === 'function') {
    const options = resolveSweep(space, given);
    return new SweepStudy(options, description, runHere(options, trainHere(train)));
  }
  if (given !== undefined) throw invalidOption('train', 'a function', train);
  const { worker, ...options } = resolveWorkerSweep(space, train);
  const { name, baseDir, run } = options;
  const drive = trainInThread<ParamsOf<S>>(worker, new ExperimentConfig(name, baseDir, run));
  return new SweepStudy(options, description, runHere(options, drive));
}
