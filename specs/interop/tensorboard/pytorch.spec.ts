import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ImportReport, importRuns } from 'expman-rx/interop';
import { openRun } from 'expman-rx/reader';
import { yamlOf } from '../../support/read-back.js';
import { tempFolders } from '../../support/temp-folder.js';
import { message, only, scalarEvent, writeEventFile } from './rig.js';

const folder = tempFolders('tensorboard-pytorch');
/** What the tools have written themselves: see gen.py there. */
const FIXTURES = join(import.meta.dirname, 'fixtures');

const importOf = (path: string): Promise<ImportReport> => importRuns(path, { dir: folder() });

async function pointsIn(runDir: string, metric: string): Promise<unknown[]> {
  const points: unknown[] = [];
  for await (const { step, values } of openRun(runDir).rows())
    if (values[metric] !== undefined) points.push([step, values[metric]]);
  return points;
}

const loss = (k: number, i: number): [number, number] => [i, Math.fround((k + 1) / (i + 1))];
const steps = (from: number, to: number, by = 1): number[] =>
  Array.from({ length: Math.ceil((to - from) / by) }, (_, at) => from + at * by);

describe('a training with add_scalars and add_hparams', () => {
  it.each(['pytorch', 'tensorboardx'])('is one run, as %s leaves it', async (tool) => {
    const { imported, failed } = await importOf(join(FIXTURES, 'training', tool));
    expect(failed).toEqual([]);
    const { runDir, run, guessed, leftOut, summary } = only(imported);
    expect([run, leftOut, summary]).toEqual(['run-0', [], 1]);
    // PyTorch writes a boolean parameter as the number 1.
    const amp = tool === 'pytorch' ? 1 : true;
    expect(yamlOf(runDir, 'config.yaml')).toEqual({
      lr: 0.001,
      optimizer: 'adam',
      layers: 3,
      amp,
      python: '3.10',
    });
    expect(yamlOf(runDir)).toMatchObject({
      status: 'FINISHED',
      group: null,
      summary: { 'hparam/best': 0.5 },
    });
    expect(await pointsIn(runDir, 'loss')).toEqual(steps(0, 12).map((i) => loss(0, i)));
    expect(await pointsIn(runDir, 'cmp/loss/train')).toEqual(steps(0, 12).map((i) => loss(0, i)));
    expect(await pointsIn(runDir, 'cmp/loss/val')).toEqual(steps(0, 12).map((i) => loss(1, i)));
    expect(await pointsIn(runDir, 'val/acc')).toEqual(steps(0, 12, 4).map((i) => [i, i / 16]));
    expect(guessed).toEqual([
      expect.stringMatching(/cmp.loss.train".*cmp.loss.val": a series of add_scalars/),
      expect.stringMatching(/^"run-0\/[\d.]+": the parameters of add_hparams/),
    ]);
  });

  it('may be given as its own folder', async () => {
    const { imported } = await importOf(join(FIXTURES, 'training/pytorch/run-0'));
    expect(only(imported)).toMatchObject({ run: 'run-0', params: 5, rows: 13 });
  });

  it('is skipped by a second import, and not when a series has grown', async () => {
    const [path, dir] = [join(folder(), 'runs'), folder()];
    cpSync(join(FIXTURES, 'training/pytorch'), path, { recursive: true });
    expect((await importRuns(path, { dir })).imported).toHaveLength(1);
    expect(await importRuns(path, { dir })).toMatchObject({ imported: [], skipped: [{}] });
    writeEventFile(join(path, 'run-0/cmp_loss_val/events.out.tfevents.1800000000.host'), [
      scalarEvent('cmp/loss', 0.5, 12),
    ]);
    const { runDir } = only((await importRuns(path, { dir })).imported);
    expect(await pointsIn(runDir, 'cmp/loss/val')).toEqual([
      ...steps(0, 12).map((i) => loss(1, i)),
      [12, 0.5],
    ]);
  });

  it('that searches is a run for each of its sessions, in a group', async () => {
    const { imported } = await importOf(join(FIXTURES, 'search/pytorch'));
    const found = imported.map(({ runDir }) => [yamlOf(runDir), yamlOf(runDir, 'config.yaml')]);
    expect(found).toMatchObject(
      [0, 1, 2].map((k) => [
        {
          group: 'search',
          imported: { run: `search/trial-${k}` },
          summary: { 'hparam/acc': 0.25 + k / 32, 'hparam/loss': Math.fround((k + 1) / 5) },
        },
        { lr: 0.5 ** k, bsize: k },
      ]),
    );
  });
});

describe('folders that are no parts of a run', () => {
  const scalars = (path: string, tag: string): string =>
    writeEventFile(join(path, 'events.out.tfevents.1700000000.host'), [scalarEvent(tag, 1, 0)]);
  const runsOf = async (path: string): Promise<string[]> =>
    (await importOf(path)).imported.map(({ run }) => run);

  it('are runs: with a tag of another name, several tags, or the name of a metric of the run', async () => {
    const path = join(folder(), 'top');
    for (const [below, tag] of [
      ['', 'loss/val'],
      ['loss_train', 'acc'],
      ['other', 'loss'],
      ['loss_val', 'loss'],
    ] as const)
      scalars(join(path, below), tag);
    writeEventFile(join(path, 'loss_two/events.out.tfevents.1700000000.host'), [
      scalarEvent('loss', 1, 0),
      scalarEvent('acc', 1, 0),
    ]);
    expect(await runsOf(path)).toEqual(['top', 'loss_train', 'loss_two', 'loss_val', 'other']);
  });

  it('keep theirs below them', async () => {
    const path = join(folder(), 'top');
    for (const [below, tag] of [
      ['', 'x'],
      ['fold', 'y'],
      ['fold/loss_train', 'loss'],
    ] as const)
      scalars(join(path, below), tag);
    const { imported } = await importOf(path);
    expect(imported.map(({ run }) => run)).toEqual(['top', 'fold']);
    expect(await pointsIn(imported[1]?.runDir ?? '', 'loss/train')).toEqual([[0, 1]]);
  });

  it('say their names, where two of them would have one', async () => {
    const path = join(folder(), 'top');
    for (const run of ['a/b', 'a-b']) scalars(join(path, run), 'loss');
    const { imported } = await importOf(path);
    expect(imported.map(({ run, runDir }) => [run, yamlOf(runDir)])).toMatchObject([
      ['a-b', { imported: { run: 'a/b' } }],
      ['a-b_2', { imported: { run: 'a-b' } }],
    ]);
  });
});

describe('a training that was started again', () => {
  it.each(['pytorch', 'tensorboardx'])(
    'has the later values from that step on, as %s leaves it, and says so',
    async (tool) => {
      const { runDir, leftOut } = only((await importOf(join(FIXTURES, 'restart', tool))).imported);
      const wanted = [...steps(0, 6).map((i) => loss(0, i)), ...steps(6, 16).map((i) => loss(6, i))];
      expect(await pointsIn(runDir, 'loss')).toEqual(wanted);
      expect(leftOut).toEqual([expect.stringMatching(/^8 values .* started again at an earlier step/)]);
    },
  );

  it('more than once loses what is after the earliest of the later starts, and nothing of older versions', async () => {
    const start = (step: number): Uint8Array =>
      message((event) => {
        event.writeDoubleField(1, 1e9);
        event.writeVarintField(2, step);
        event.writeBytesField(
          7,
          message((session) => session.writeVarintField(1, 1)),
        );
      });
    const version = (name: string): Uint8Array => message((event) => event.writeStringField(3, name));
    const values = (from: number, to: number, value: number): Uint8Array[] =>
      steps(from, to).map((step) => scalarEvent('loss', value, step));
    const pointsOf = async (name: string): Promise<unknown> => {
      const path = join(folder(), 'events.out.tfevents.1700000000.host');
      const records = [...values(0, 6, 1), start(4), ...values(4, 8, 2), start(2), ...values(2, 4, 3)];
      writeEventFile(path, [version(name), ...records, start(3), ...values(3, 5, 4)]);
      return pointsIn(only((await importOf(path)).imported).runDir, 'loss');
    };
    expect(await pointsOf('brain.Event:2')).toEqual([
      [0, 1],
      [1, 1],
      [2, 3],
      [3, 4],
      [4, 4],
    ]);
    expect(await pointsOf('brain.Event:1')).toHaveLength(14);
  });
});

describe('pictures and sounds', () => {
  it('of PyTorch are media; curves of precision are left out and told', async () => {
    const { runDir, media, leftOut } = only((await importOf(join(FIXTURES, 'media/pytorch'))).imported);
    expect([media, leftOut]).toEqual([3, ['1 tensor ("pr")']]);
    const found = await openRun(runDir).media();
    expect(found.map(({ name, step, path }) => [name, step, path.slice(path.lastIndexOf('.'))])).toEqual([
      ['picture', 1, '.png'],
      ['pictures', 2, '.png'],
      ['sound', 3, '.wav'],
    ]);
  });

  it('of TensorFlow 2 are media, too, each of a tensor, with the label of a sound', async () => {
    const { runDir, media } = only((await importOf(join(FIXTURES, 'tensors-of-media'))).imported);
    expect(media).toBe(3);
    const found = await openRun(runDir).media();
    expect(found.map(({ name, step, caption }) => [name, step, caption])).toEqual([
      ['picture', 0, null],
      ['picture', 0, null],
      ['sound', 1, 'a *beep*'],
    ]);
  });
});

describe('tensors of one number', () => {
  it('of all types of integers and floats are what they were', async () => {
    const { runDir, leftOut, invalid } = only((await importOf(join(FIXTURES, 'dtypes'))).imported);
    const values: Record<string, unknown> = {};
    for await (const row of openRun(runDir).rows()) Object.assign(values, row.values);
    expect(values).toEqual({
      'float16/0': 0.0999755859375,
      'float16/1': -Infinity,
      'float16/2': 2 ** -24,
      'float16/3': NaN,
      'uint8/4': 200n,
      'int8/5': -7n,
      'uint16/6': 65535n,
      'int16/7': -300n,
      'uint32/8': 2n ** 32n - 1n,
      'uint64/9': 2n ** 63n - 1n,
      half_val: 0.0999755859375,
      'bfloat16/0': 0.10009765625,
      'bfloat16/1': -3.00405527047391e38,
      'bfloat16/packed': 0.10009765625,
      'pytorch/half': -0.75,
      'pytorch/bfloat16': 2.5,
      'pytorch/zero': 0,
      'pytorch/uint8': 200n,
    });
    // 2^64 - 1 is beyond what a metric holds.
    expect([leftOut, invalid]).toEqual([['1 tensor ("complex")'], 1]);
  });
});

describe('links', () => {
  const runsIn = (path: string): string => {
    cpSync(join(FIXTURES, 'restart/pytorch/run-0'), join(path, 'a'), { recursive: true });
    cpSync(join(FIXTURES, 'training/pytorch/run-0'), join(path, 'b'), { recursive: true });
    return path;
  };

  it('within the given folder give nothing twice, whatever they lead to', async ({ skip }) => {
    skip(process.platform === 'win32', 'links need rights there');
    const path = runsIn(join(folder(), 'runs'));
    for (const [target, name] of [
      ['a', 'best'],
      ['.', 'b/loop'],
      ['nowhere', 'dead'],
    ] as const)
      symlinkSync(join(path, target), join(path, name));
    const [events = ''] = readdirSync(join(path, 'a'));
    mkdirSync(join(path, 'c'));
    mkdirSync(join(path, 'store'));
    renameSync(join(path, 'a', events), join(path, 'store', 'blob'));
    symlinkSync('../store/blob', join(path, 'c', events));
    const { imported } = await importOf(path);
    expect(imported.map(({ run, leftOut }) => [run, leftOut])).toEqual([
      ['a', []],
      ['b', []],
      ['c', []],
    ]);
  });

  it('that lead out of it are not followed, and told', async ({ skip }) => {
    skip(process.platform === 'win32', 'links need rights there');
    const [runs, path] = [runsIn(join(folder(), 'runs')), join(folder(), 'compare')];
    mkdirSync(path);
    symlinkSync(join(runs, 'a'), join(path, 'a'));
    expect((await importRuns(path, { dir: folder(), format: 'tensorboard' })).failed).toMatchObject([
      {
        error: {
          message: expect.stringMatching(/links \("a"\) lead out of it .* give the folder/) as unknown,
        },
      },
    ]);
    cpSync(join(runs, 'b'), join(path, 'b'), { recursive: true });
    const { imported } = await importOf(path);
    expect(only(imported).leftOut).toEqual([expect.stringMatching(/outside of the given folder: "a"$/)]);
  });
});

describe('files that gzip has compressed', () => {
  const NAME = 'events.out.tfevents.1700000000.host';
  const packed = (): Buffer => {
    const path = join(FIXTURES, 'restart/pytorch/run-0');
    return gzipSync(readFileSync(join(path, only(readdirSync(path).slice(0, 1)))));
  };

  it.each([`${NAME}.gz`, NAME])('are read as they are, called %s', async (name) => {
    const path = join(folder(), name);
    writeFileSync(path, packed());
    const { imported } = await importOf(path);
    expect(await pointsIn(only(imported).runDir, 'loss')).toEqual(steps(0, 10).map((i) => loss(0, i)));
  });

  it('give what is before their end or damage, and say so', async () => {
    const bytes = packed();
    for (const change of [
      (all: Buffer) => all.subarray(0, all.length - 40),
      (all: Buffer) => Buffer.concat([all.subarray(0, -8), Buffer.alloc(8, 1)]),
    ]) {
      const path = join(folder(), `${NAME}.gz`);
      writeFileSync(path, change(bytes));
      const { runDir, leftOut } = only((await importOf(path)).imported);
      const points = await pointsIn(runDir, 'loss');
      expect(points).toEqual(steps(0, points.length).map((i) => loss(0, i)));
      expect(points.length).toBeGreaterThan(5);
      expect(leftOut).toEqual([expect.stringMatching(/is cut off and was left out|cannot be unpacked/)]);
    }
  });

  it('may be of several members, as zcat joins them', async () => {
    const path = join(folder(), `${NAME}.gz`);
    const file = writeEventFile(join(folder(), NAME), [scalarEvent('loss', 1, 0)]);
    const more = writeEventFile(join(folder(), NAME), [scalarEvent('loss', 2, 1)]);
    writeFileSync(path, Buffer.concat([file, more].map((each) => gzipSync(readFileSync(each)))));
    expect(await pointsIn(only((await importOf(path)).imported).runDir, 'loss')).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });
});
