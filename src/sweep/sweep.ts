import { describeSpace } from './space/describe-space.js';
import type { ParamsOf, Space } from './space/space.js';
import { type Study, SweepStudy } from './study.js';
import { type SweepOptions, resolveSweep } from './sweep-options.js';
import type { Train } from './trial.js';
import { invalidOption } from '../model/option-rules.js';

/**
 * Searches parameters: tries some, each in a run of its own, several at a time, and says which were best.
 *
 * The sweep goes by a metric that the trials log; nothing else is to be reported. A trial that fails does not end it.
 * `sweep.yaml` in the experiment's folder says what is searched and how every trial is; a sweep that was killed or stopped goes on when
 * it is asked for again: trials that had ended are not run again, one that was cut off is tried anew in another run.
 * A scheduler starts anew then. Begins on the next turn of the event loop.
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
  options: SweepOptions<ParamsOf<S>>,
): Study<ParamsOf<S>> {
  if (typeof train !== 'function') throw invalidOption('train', 'a function', train);
  const description = describeSpace(space);
  return new SweepStudy(resolveSweep(space, options), description, train);
}
