import { ExperimentConfig } from '../model/experiment-config.js';
import { invalidOption } from '../model/option-rules.js';
import { trainHere } from './drive-trial.js';
import { runInQueue } from './queue/queue-executor.js';
import { runHere } from './run-trial.js';
import { runInSlots } from './slots/slot-executor.js';
import { mustBeDistinctInFile } from './secret-params.js';
import { describeSpace } from './space/describe-space.js';
import type { ParamsOf, Space } from './space/space.js';
import { type Study, SweepStudy } from './study.js';
import {
  type QueueSweepOptions,
  type SlotSweepOptions,
  type SweepOptions,
  type WorkerSweepOptions,
  resolveQueueSweep,
  resolveSlotSweep,
  resolveSweep,
  resolveWorkerSweep,
} from './sweep-options.js';
import type { PlacedTrial, Train } from './trial.js';
import { trainInThread } from './worker/train-in-thread.js';

type AnyOptions<P> = WorkerSweepOptions<P> | SlotSweepOptions<P> | QueueSweepOptions<P>;

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
 * Runs the trials in child processes, one for each slot, and each trial in a worker thread of its
 * process: so each slot has environment variables of its own, which native code sees. `started`
 * events have no `run`: it is in the other process.
 *
 * @throws ExpmanError `INVALID_OPTION` or `INVALID_NAME`, for a space or an option
 * @example
 * const slots = [{ env: { CUDA_VISIBLE_DEVICES: '0' } }, { env: { CUDA_VISIBLE_DEVICES: '1' } }];
 * const study = sweep(space, { name: 'digits', metric: 'loss', slots, worker: new URL('./train.js', import.meta.url) });
 */
export function sweep<const S extends Space>(
  space: S,
  options: SlotSweepOptions<NoInfer<ParamsOf<S>>>,
): Study<ParamsOf<S>, PlacedTrial<ParamsOf<S>>>;
/**
 * Offers the trials in a BullMQ queue on Redis or Valkey; `expman work` takes them, on any number of
 * hosts.
 *
 * This process runs no trial: it has the searcher, the scheduler and the files of the sweep, and
 * `concurrency` is the number of trials that are offered at a time. A trial whose worker is lost is
 * taken by another one, as a further `attempt` in a folder of its own, which uses up no `retries`;
 * the third lost worker fails the trial. If this process is killed, workers go on with what was
 * offered, and the sweep, started again, takes in what they did. While Redis is away, everything
 * waits. Needs the optional packages `bullmq` and `ioredis`. `result` also rejects with
 * `QUEUE_UNAVAILABLE`, with `RUN_LOCKED` if another sweep of this name uses the queue, and with
 * `FENCED` once another one has taken its place.
 *
 * @throws ExpmanError `INVALID_OPTION` or `INVALID_NAME`, for a space or an option
 * @example
 * const study = sweep(space, { name: 'digits', metric: 'loss', concurrency: 8, queue: 'redis://localhost:6379' });
 */
export function sweep<const S extends Space>(
  space: S,
  // eslint-disable-next-line @typescript-eslint/unified-signatures -- each has its own description
  options: QueueSweepOptions<NoInfer<ParamsOf<S>>>,
): Study<ParamsOf<S>, PlacedTrial<ParamsOf<S>>>;
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
  train: Train<ParamsOf<S>> | AnyOptions<ParamsOf<S>>,
  given?: SweepOptions<ParamsOf<S>>,
): Study<ParamsOf<S>> | Study<ParamsOf<S>, PlacedTrial<ParamsOf<S>>> {
  const description = describeSpace(space);
  mustBeDistinctInFile(description);
  if (typeof train === 'function') {
    const options = resolveSweep(space, given);
    return new SweepStudy(options, description, runHere(options, trainHere(train)));
  }
  if (given !== undefined) throw invalidOption('train', 'a function', train);
  if (isQueued(train)) {
    const { queue, ...options } = resolveQueueSweep(space, train);
    return new SweepStudy(options, description, runInQueue<ParamsOf<S>>(options, queue));
  }
  if (isSlotted(train)) {
    const { worker, slots, ...options } = resolveSlotSweep(space, train);
    return new SweepStudy(options, description, runInSlots<ParamsOf<S>>(options, { module: worker, slots }));
  }
  const { worker, ...options } = resolveWorkerSweep(space, train);
  const { name, baseDir, run } = options;
  const drive = trainInThread<ParamsOf<S>>(worker, new ExperimentConfig(name, baseDir, run));
  return new SweepStudy(options, description, runHere(options, drive));
}

const isQueued = <P>(options: AnyOptions<P>): options is QueueSweepOptions<P> => isGiven(options, 'queue');
const isSlotted = <P>(options: AnyOptions<P>): options is SlotSweepOptions<P> => isGiven(options, 'slots');
const isGiven = (options: unknown, key: string): boolean =>
  Reflect.get(Object(options) as object, key) !== undefined;
