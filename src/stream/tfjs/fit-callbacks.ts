import { oneOf, string } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { type RunSink, guard, mustBeRun } from '../operators/run-sink.js';

/**
 * The measurements of TensorFlow.js by name: `loss`, the metrics the model was compiled with, and
 * `val_...` of each.
 */
export type FitLogs = Readonly<Record<string, number>>;

/** Options of {@link fitCallbacks}. */
export interface FitCallbacksOptions {
  /**
   * The rows to log: one for each epoch (`'epoch'`, default), or for each batch as well
   * (`'batch'`).
   */
  readonly every?: 'epoch' | 'batch' | undefined;
  /**
   * The prefix of the names of a batch's metrics; default `'batch_'`. An epoch's metrics keep their
   * names.
   */
  readonly batchPrefix?: string | undefined;
}

const OPTIONS = optionsTable<FitCallbacksOptions>()({
  every: oneOf('epoch', 'batch').byDefault('epoch'),
  batchPrefix: string().byDefault('batch_'),
});

/** Callbacks for `model.fit` and `model.fitDataset`. */
export interface FitCallbacks {
  readonly onEpochEnd: (epoch: number, logs?: FitLogs) => void;
  /**
   * Only present if batches are logged, because with it TensorFlow.js waits for the loss of each
   * batch.
   */
  readonly onBatchEnd?: (batch: number, logs?: FitLogs) => void;
}

/**
 * Makes callbacks that log the measurements of TensorFlow.js's `model.fit` to a run.
 *
 * An epoch is a row with `loss`, the metrics of `compile` and those of the validation, under the
 * same names; its step is the epoch's number, from `initialEpoch` on. With `every: 'batch'` the
 * step counts batches instead, over all epochs and over every `fit` with these callbacks; an
 * epoch's row has the step of its last batch, and an `epoch`.
 *
 * The run stays open when the fit ends: there may be another. A row that the run refuses does not
 * disturb the training. To stop early, set `model.stopTraining` from a pipe over the run's metric.
 * Holds nothing.
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

/**
 * The metrics of a batch with the prefix, without its number and size, which TensorFlow.js
 * includes.
 */
function prefixed(logs: FitLogs, prefix: string): FitLogs {
  return Object.fromEntries(
    Object.entries(logs)
      .filter(([name]) => name !== 'batch' && name !== 'size')
      .map(([name, value]) => [`${prefix}${name}`, value]),
  );
}
