import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ExchangeRun } from '../../dist/modules/interop/exchange/exchange-run.js';
import { mlflowImporter } from '../../dist/modules/interop/mlflow/mlflow.js';
import { tempFolders } from '../support/temp-folder.js';
import { rowsOf } from './run-arbitrary.js';

const folder = tempFolders('mlflow');
const RUN = '0/3f2a';

/** A file store as MLflow 2 writes it. */
function store(files: Readonly<Record<string, string>>): string {
  const root = folder();
  const all = {
    '0/meta.yaml':
      "artifact_location: file:///x\nexperiment_id: '0'\nlifecycle_stage: active\nname: digits / v2\n",
    [`${RUN}/meta.yaml`]:
      "end_time: 1767229200000\nentry_point_name: ''\nexperiment_id: '0'\nlifecycle_stage: active\nrun_id: 3f2a\nrun_name: sly-owl-1\nrun_uuid: 3f2a\nstart_time: 1767225600000\nstatus: 3\ntags: []\nuser_id: ada\n",
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

async function runsIn(path: string): Promise<(ExchangeRun | Error)[]> {
  const runs: (ExchangeRun | Error)[] = [];
  for await (const run of mlflowImporter.runs(path)) runs.push(run);
  return runs;
}

async function onlyRun(path: string): Promise<ExchangeRun> {
  const [run] = await runsIn(path);
  if (run === undefined || run instanceof Error) throw run ?? new Error('no run');
  return run;
}

describe('a file store of MLflow', () => {
  it('gives names, status, times, tags, the note and parameters', async () => {
    const root = store({
      [`${RUN}/tags/mlflow.runName`]: 'sly-owl-1',
      [`${RUN}/tags/mlflow.note.content`]: 'best so far',
      [`${RUN}/tags/mlflow.user`]: 'ada',
      [`${RUN}/tags/team`]: 'vision',
      [`${RUN}/params/lr`]: '1e-05',
      [`${RUN}/params/epochs`]: '10',
      [`${RUN}/params/model/name`]: 'resnet',
      [`${RUN}/params/pretrained`]: 'True',
      [`${RUN}/params/seed`]: '007',
    });
    expect(await mlflowImporter.recognises(root)).toBe(true);
    expect(await onlyRun(root)).toMatchObject({
      experiment: 'digits / v2',
      run: 'sly-owl-1',
      status: 'FINISHED',
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T01:00:00.000Z',
      tags: ['team=vision'],
      notes: 'best so far',
      params: { lr: 1e-5, epochs: 10, 'model/name': 'resnet', pretrained: true, seed: '007' },
    });
  });

  it('puts what was logged at one time for one step into one row, nested metrics too', async () => {
    const root = store({
      [`${RUN}/metrics/loss`]: '1767225600001 0.5 0\n1767225600002 nan 1\n',
      [`${RUN}/metrics/val/acc`]: '1767225600002 -inf 1 set digest\n',
    });
    expect(await rowsOf(await onlyRun(root))).toEqual([
      [0, 1767225600001000, [['loss', 0.5]]],
      [
        1,
        1767225600002000,
        [
          ['loss', NaN],
          ['val/acc', -Infinity],
        ],
      ],
    ]);
  });

  it('keeps every value of a metric that was logged without steps, all of which MLflow calls 0', async () => {
    const root = store({ [`${RUN}/metrics/loss`]: '1 3 0\n2 2 0\n3 1 0\n' });
    expect(await rowsOf(await onlyRun(root))).toEqual([
      [null, 1000, [['loss', 3]]],
      [null, 2000, [['loss', 2]]],
      [null, 3000, [['loss', 1]]],
    ]);
  });

  it('has as summary, too, each metric with one value at step 0: that is how MLflow logs a figure', async () => {
    const root = store({
      [`${RUN}/metrics/loss`]: '1 3 0\n2 2 1\n',
      [`${RUN}/metrics/test/acc`]: '5 0.9 0\n',
      [`${RUN}/metrics/nothing`]: '5 nan 0\n\n',
      [`${RUN}/metrics/late`]: '5 1 7\n',
      [`${RUN}/metrics/again`]: '5 1 0\n6 1 0\n',
      [`${RUN}/metrics/empty`]: '',
    });
    const run = await onlyRun(root);
    expect(run.summary).toEqual({ 'test/acc': 0.9, nothing: NaN });
    expect((await rowsOf(run)).filter(([step]) => step === 0)).toEqual([
      [
        0,
        1000,
        [
          ['loss', 3],
          ['nothing', NaN],
          ['test/acc', 0.9],
        ],
      ],
    ]);
  });

  it('can be given as a store, an experiment or a run', async () => {
    const root = store({});
    for (const path of [root, join(root, '0'), join(root, RUN)]) {
      expect(await mlflowImporter.recognises(path)).toBe(true);
      expect((await onlyRun(path)).run).toBe('sly-owl-1');
    }
  });

  it.each([
    ['1', 'RUNNING'],
    ['4', 'FAILED'],
    ['5', 'INTERRUPTED'],
    ['KILLED', 'INTERRUPTED'],
  ])('says of status %s %s', async (word, status) => {
    const root = store({ [`${RUN}/meta.yaml`]: `run_id: 3f2a\nstatus: ${word}\n` });
    expect(await onlyRun(root)).toMatchObject({ status, run: '3f2a', startedAt: null });
  });

  it('leaves deleted runs out, and gives the others beside one that cannot be read', async () => {
    const root = store({
      '0/aaaa/meta.yaml': 'run_id: aaaa\nlifecycle_stage: deleted\nstatus: 3\n',
      '0/bbbb/meta.yaml': `run_id: bbbb\nstatus: ${'['.repeat(5000)}\n`,
    });
    expect(await runsIn(root)).toEqual([
      expect.objectContaining({ run: 'sly-owl-1' }),
      expect.objectContaining({ code: 'UNSAFE_YAML', path: join(root, '0/bbbb/meta.yaml') }),
    ]);
  });

  it('leaves lines out that are no metric, and says of which', async () => {
    const run = await onlyRun(store({ [`${RUN}/metrics/loss`]: '1 3 0\n2 many 1\n3 2 1\n4 1\n5 0.' }));
    expect((await rowsOf(run)).map(([step, , values]) => [step, ...values])).toEqual([
      [0, ['loss', 3]],
      [1, ['loss', 2]],
    ]);
    expect(run.findings?.()).toEqual([
      { kind: 'damaged', text: 'line 5 of metrics/loss: it has no end, so it may be cut off' },
      { kind: 'damaged', text: '2 lines of metrics/loss that are not "timestamp value step"' },
    ]);
  });
});
