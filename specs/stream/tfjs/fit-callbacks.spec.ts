import '@tensorflow/tfjs-backend-cpu';
import { setBackend, tensor2d } from '@tensorflow/tfjs-core';
import { type Sequential, layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { plateau } from 'expman-rx/operators';
import { type FitCallbacksOptions, fitCallbacks } from 'expman-rx/tfjs';
import { duckdb } from '../../support/read-back.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('tfjs');
const open = (options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, ...options }));
const X = tensor2d(Array.from({ length: 20 }, (_, at) => [at / 20, 1 - at / 20]));
const Y = tensor2d(Array.from({ length: 20 }, (_, at) => [at / 10]));

function model(): Sequential {
  const made = sequential({ layers: [layers.dense({ units: 1, inputShape: [2] })] });
  made.compile({ optimizer: 'sgd', loss: 'meanSquaredError', metrics: ['mae'] });
  return made;
}
const fit = (
  run: LoggingEngine,
  options?: FitCallbacksOptions,
  more: object = {},
): ReturnType<Sequential['fit']> =>
  model().fit(X, Y, { epochs: 3, batchSize: 5, callbacks: fitCallbacks(run, options), ...more });

describe('the callbacks for model.fit of TensorFlow.js', () => {
  beforeAll(() => setBackend('cpu'));

  it('log a row for each epoch: what the history has, under the same names', async () => {
    const run = open();
    const { history } = await fit(run, {}, { validationSplit: 0.25 });
    await run.close();
    const rows = await duckdb(run.runDir, 'SELECT * EXCLUDE (timestamp) FROM read_parquet($1) ORDER BY step');
    expect(Object.keys(history).sort()).toEqual(['loss', 'mae', 'val_loss', 'val_mae']);
    expect(rows).toEqual(
      [0, 1, 2].map((epoch) => ({
        step: BigInt(epoch),
        ...Object.fromEntries(Object.entries(history).map(([name, values]) => [name, values[epoch]])),
      })),
    );
  });

  it('log a row for each batch, over all fits, when asked to', async () => {
    const run = open();
    const callbacks = fitCallbacks(run, { every: 'batch' });
    for (let round = 0; round < 2; round++) await model().fit(X, Y, { epochs: 2, batchSize: 5, callbacks });
    await run.close();
    const rows = await duckdb(
      run.runDir,
      'SELECT step::INT AS step, epoch::INT AS epoch, loss IS NULL AS none, batch_loss > 0 AND batch_mae > 0 AS right FROM read_parquet($1) ORDER BY step',
    );
    expect(rows).toEqual(
      Array.from({ length: 16 }, (_, step) => {
        const last = step % 4 === 3;
        return { step, epoch: last ? ((step - 3) / 4) % 2 : null, none: !last, right: true };
      }),
    );
    expect(Object.keys((await duckdb(run.runDir, 'SELECT * FROM read_parquet($1)'))[0] ?? {}).sort()).toEqual(
      ['batch_loss', 'batch_mae', 'epoch', 'loss', 'mae', 'step', 'timestamp'],
    );
  });

  it('leave batches alone unless asked, for each costs a wait for its loss', () => {
    const run = open();
    expect(Object.keys(fitCallbacks(run))).toEqual(['onEpochEnd']);
    return run.close();
  });

  it('let a pipe over the run stop the training', async () => {
    const run = open();
    const trained = model();
    run
      .metric('loss')
      .pipe(plateau({ patience: 2, minDelta: 1e9 }))
      .subscribe(() => (trained.stopTraining = true));
    await trained.fit(X, Y, { epochs: 50, callbacks: fitCallbacks(run) });
    const { rows } = await run.close();
    expect(rows).toBe(3);
  });

  it('do not disturb the training when the run refuses a row, or is closed', async () => {
    const run = open({ onInvalid: 'throw' });
    const { onEpochEnd } = fitCallbacks(run);
    expect(() => onEpochEnd(0, { loss: {} as never })).not.toThrow();
    await run.close();
    const { history } = await fit(run);
    expect(history['loss']).toHaveLength(3);
  });

  it.each<[string, FitCallbacksOptions]>([
    ['every', { every: 'step' as never }],
    ['batchPrefix', { batchPrefix: 1 as never }],
    ['evry', { evry: 'batch' } as never],
    ['options', null as never],
  ])('refuse a wrong %s', async (option, options) => {
    const run = open();
    expect(() => fitCallbacks(run, options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }) as Error,
    );
    expect(() => fitCallbacks({} as never)).toThrow(/run must be a run/);
    await run.close();
  });
});
