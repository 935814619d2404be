import { oneOf, string } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { type RunSink, guard, mustBeRun } from '../operators/run-sink.js';

/** What TensorFlow.js has measured, by name: `loss`, the metrics the model was compiled with, and `val_...` of each. */
export type FitLogs = Readonly<Record<string, number>>;

/** Options of {@link fitCallbacks}. */
export interface FitCallbacksOptions {
  /** A row for each epoch (`'epoch'`, default), or for each batch as well (`'batch'`). */
  readonly every?: 'epoch' | 'batch' | undefined;
  /** What goes in front of the names of a batch's metrics; default `'batch_'`. An epoch's keep their names. */
  readonly batchPrefix?: string | undefined;
}

const OPTIONS = optionsTable<FitCallbacksOptions>()({
  every: oneOf('epoch', 'batch').byDefault('epoch'),
  batchPrefix: string().byDefault('batch_'),
});

/** Callbacks as `model.fit` and `model.fitDataset` take them. */
export interface FitCallbacks {
  readonly onEpochEnd: (epoch: number, logs?: FitLogs) => void;
  /** Only there when batches are logged: for who listens to batches, TensorFlow.js waits for the loss of each. */
  readonly onBatchEnd?: (batch: number, logs?: FitLogs) => void;
}

/**
 * Callbacks that log what `model.fit` of TensorFlow.js measures into a run.
 *
 * An epoch is a row with `loss`, the metrics of `compile` and those of the validation, under the names they have there; its step is the
 * epoch's number, from `initialEpoch` on. With `every: 'batch'` the step counts batches instead, over all epochs and over every `fit`
 * these callbacks are given to; an epoch's row has the step of its last batch, and an `epoch`.
 *
 * The run stays open when the fit ends: there may be another. What the run refuses does not disturb the training. To stop early, set
 * `model.stopTraining` from a pipe over the run's metric. Holds nothing.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, at the call
 * @example
 * run.metric('val_loss').pipe(plateau({ patience: 3 })).subscribe(() => (model.stopTraining = true));
 * await model.fit(x, y, { epochs: 50, validationSplit: 0.1, callbacks: fitCallbacks(run) });
 * await run.close();
 */
export function fitCallbacks(run: RunSink, options: FitCallbacksOptions = {}): FitCallbacks {
  mustBeRun(run);
  const { every, batchPrefix } = OPTIONS.resolve(options);
  const refusing = guard(run);
  const log = (step: number, values: FitLogs): void => refusing(() => run.metrics.next({ step, values }));
  if (every === 'epoch') return { onEpochEnd: (epoch, logs = {}) => log(epoch, logs) };
  let batches = 0;
  return {
    onEpochEnd: (epoch, logs = {}) => log(Math.max(0, batches - 1), { ...logs, epoch }),
    onBatchEnd: (_batch, logs = {}) => log(batches++, prefixed(logs, batchPrefix)),
  };
}

/** The metrics of a batch; its number and size, which TensorFlow.js has among them, are none. */
function prefixed(logs: FitLogs, prefix: string): FitLogs {
  return Object.fromEntries(
    Object.entries(logs)
      .filter(([name]) => name !== 'batch' && name !== 'size')
      .map(([name, value]) => [`${prefix}${name}`, value]),
  );
}
