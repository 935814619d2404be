import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvImporter } from '../../dist/modules/interop/csv/csv-importer.js';
import { wandbImporter } from '../../dist/modules/interop/wandb/wandb.js';
import { tempFolders } from '../support/temp-folder.js';
import { rowsOf, runAt } from './run-arbitrary.js';

const folder = tempFolders('wandb');
const T = 1767225600;

/** A folder with those files, `project/run-x`. */
function files(named: Readonly<Record<string, string>>): string {
  const path = join(folder(), 'project', 'run-x');
  mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries(named)) writeFileSync(join(path, name), text);
  return path;
}

describe('a history of W&B', () => {
  it('is read from CSV: step, time, and what else begins with _ left out', async () => {
    const path = join(
      files({
        'export.csv': `,_step,_timestamp,_runtime,loss,name\n0,0,${T}.5,1,0.25,a\n1,1,${T + 1}.000001,2,NaN,\n`,
      }),
      'export.csv',
    );
    expect(await csvImporter.recognises(path)).toBe(false);
    const run = await runAt(wandbImporter, path);
    expect(run).toMatchObject({ experiment: 'run-x', run: 'export', status: 'FINISHED' });
    expect(await rowsOf(run)).toEqual([
      [
        0,
        T * 1e6 + 500_000,
        [
          ['loss', 0.25],
          ['name', 'a'],
        ],
      ],
      [1, T * 1e6 + 1_000_001, [['loss', NaN]]],
    ]);
  });

  it('is read from JSONL: values in values, NaN as text or bare, media as JSON', async () => {
    const lines = [
      `{"_step":0,"_timestamp":${T},"loss":"NaN","train":{"acc":0.5,"f1":{"macro":1}},"ok":true}`,
      `{"_step":1,"_timestamp":${T + 1},"loss":NaN,"img":{"_type":"image-file","path":"x, NaN"},"_wandb":{"a":1}}`,
    ];
    expect(
      await rowsOf(await runAt(wandbImporter, files({ 'wandb-history.jsonl': `${lines.join('\n')}\n` }))),
    ).toEqual([
      [
        0,
        T * 1e6,
        [
          ['loss', NaN],
          ['ok', true],
          ['train.acc', 0.5],
          ['train.f1.macro', 1],
        ],
      ],
      [
        1,
        (T + 1) * 1e6,
        [
          ['img', '{"_type":"image-file","path":"x, NaN"}'],
          ['loss', NaN],
        ],
      ],
    ]);
  });

  it('is read from a JSON array, and times are the start and _runtime where no others are', async () => {
    const path = files({
      'history.json': '[{"_step":0,"_runtime":1.5,"loss":1},{"_step":1,"_runtime":2,"loss":0.5}]',
      'wandb-metadata.json': '{"startedAt":"2026-01-01T00:00:00.000000Z"}',
    });
    expect((await rowsOf(await runAt(wandbImporter, path))).map(([, micros]) => micros)).toEqual([
      T * 1e6 + 1_500_000,
      (T + 2) * 1e6,
    ]);
  });

  it('takes what is beside it: config, names, tags, state, end', async () => {
    const path = files({
      'wandb-history.jsonl': `{"_step":0,"loss":1}\n`,
      'config.yaml':
        'wandb_version: 1\n_wandb:\n  value: {}\nlr:\n  desc: null\n  value: 0.1\nopt:\n  value:\n    name: adam\n',
      'wandb-metadata.json':
        '{"startedAt":"2026-01-01T00:00:00.000000Z","project":"digits","name":"sly-owl","state":"crashed","tags":["a"]}',
      'wandb-summary.json': `{"_timestamp":${T + 60},"_runtime":60,"loss":1}`,
    });
    expect(await runAt(wandbImporter, path)).toMatchObject({
      experiment: 'digits',
      run: 'sly-owl',
      status: 'CRASHED',
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T00:01:00.000Z',
      tags: ['a'],
      params: { lr: 0.1, opt: { name: 'adam' } },
    });
  });

  it('has as summary what its rows do not end with: set values, statistics, lists as JSON', async () => {
    const summary = `{"_step":4,"_runtime":2,"_timestamp":${T},"_wandb":{"runtime":2},"acc":4,"gone":NaN,"nest":{"q":4},
      "epoch":2,"loss":{"min":0.05,"max":1.0},"val/l":{"best":0},"best_accuracy":0.99,"name":"x","flag":true,
      "worst":NaN,"big":1152921504606846976,"lst":[1,2],"deep":{"er":5},"none_":null,"_own":1}`;
    const lines = [
      '{"_step":3,"acc":3,"gone":1,"epoch":2,"loss":1,"val/l":0}',
      '{"_step":4,"acc":4,"gone":NaN,"nest":{"q":4},"loss":0.2,"val/l":1}',
    ];
    const jsonl = files({ 'wandb-history.jsonl': lines.join('\n'), 'wandb-summary.json': summary });
    const expected = {
      ...{ 'loss.min': 0.05, 'loss.max': 1, 'val/l.best': 0, best_accuracy: 0.99, name: 'x', flag: true },
      ...{ worst: NaN, big: 2 ** 60, lst: '[1,2]', 'deep.er': 5, _own: 1 },
    };
    expect((await runAt(wandbImporter, jsonl)).summary).toEqual(expected);
    const csv = files({
      'history.csv': '_step,acc,gone,epoch,loss,val/l,nest.q\n3,3,1,2,1,0,\n4,4,NaN,,0.2,1,4\n',
      'wandb-summary.json': summary,
    });
    expect((await runAt(wandbImporter, csv)).summary).toEqual(expected);
  });

  it('has the definitions that W&B keeps in its configuration', async () => {
    // As wandb 0.16 encodes define_metric: fields of MetricRecord by number.
    const path = files({
      'wandb-history.jsonl': '{"_step":0,"loss":1}\n',
      'config.yaml': `wandb_version: 1
_wandb:
  value:
    m:
    - 1: epoch
      6: [3]
    - {2: 'val/*', 4: epoch, 6: [1, 3], 7: [4], 8: 1}
    - {1: loss, 5: 1, 6: [3], 7: [1, 2]}
    - {1: acc, 6: [3], 8: 2}
    - {1: f1, 7: [1], 4: _step}
    - {1: hid, 6: [2, 3], 7: [6]}
    - {1: odd, 7: [4], 8: 9, 5: 77}
    - nothing
    - {1: 5, 8: 1}
`,
    });
    expect((await runAt(wandbImporter, path)).definitions).toEqual({
      'val/*': { goal: 'min', x: 'epoch', summary: 'best' },
      loss: { x: 'epoch' },
      acc: { goal: 'max' },
      f1: { x: 'step', summary: 'min' },
    });
  });

  it('leaves out a line that is no JSON, and says which', async () => {
    const run = await runAt(
      wandbImporter,
      files({ 'wandb-history.jsonl': '{"_step":0,"a":1}\n{"_step":1,\n' }),
    );
    expect((await rowsOf(run)).map(([step]) => step)).toEqual([0]);
    expect(run.findings?.()).toEqual([
      { kind: 'damaged', text: '1 line that is no JSON object (the last is line 2)' },
    ]);
  });
});
