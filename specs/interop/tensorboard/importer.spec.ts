import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tensorboardImporter } from 'expman-rx/tensorboard';
import { tempFolders } from '../../support/temp-folder.js';
import { imported, message, only, scalarEvent, writeEventFile } from './rig.js';

const folder = tempFolders('tensorboard-import');
const NAME = 'events.out.tfevents.1700000000.host';
const importer = tensorboardImporter();

const oneScalar = (path: string, tag = 'loss'): string =>
  writeEventFile(join(path, NAME), [scalarEvent(tag, 1, 0)]);
const namesIn = async (path: string): Promise<unknown> =>
  (await imported(importer, path)).map(({ experiment, run }) => `${experiment} ${run}`);

/** An event of one value with metadata of a plugin, and a tensor if there is one. */
function pluginEvent(tag: string, plugin: string, content: Uint8Array, tensor?: Uint8Array): Uint8Array {
  const data = message((pbf) => {
    pbf.writeStringField(1, plugin);
    pbf.writeBytesField(2, content);
  });
  const value = message((pbf) => {
    pbf.writeStringField(1, tag);
    if (tensor !== undefined) pbf.writeBytesField(8, tensor);
    pbf.writeBytesField(
      9,
      message((metadata) => metadata.writeBytesField(1, data)),
    );
  });
  return message((pbf) => {
    pbf.writeDoubleField(1, 1e9);
    pbf.writeBytesField(
      5,
      message((summary) => summary.writeBytesField(1, value)),
    );
  });
}

describe('the folders of TensorBoard', () => {
  it('are runs, called after their path below the given folder', async () => {
    const path = join(folder(), 'digits');
    for (const run of ['.', 'lr-1e-3', 'fold/1', 'fold/2', 'tab\there']) oneScalar(join(path, run));
    expect(await namesIn(path)).toEqual(
      ['digits', 'fold-1', 'fold-2', 'lr-1e-3', 'tab_here'].map((run) => `digits ${run}`),
    );
  });

  it('that would have one name get two', async () => {
    const path = join(folder(), 'digits');
    for (const run of ['a/b', 'a-b']) oneScalar(join(path, run));
    expect(await namesIn(path)).toEqual(['digits a-b', 'digits a-b_2']);
  });

  it('may be given as one of their files', async () => {
    const path = join(folder(), 'digits');
    expect(await namesIn(oneScalar(path))).toEqual(['digits digits']);
  });

  it('are recognised by a file that begins like one of events', async () => {
    const [events, other] = [folder(), folder()];
    oneScalar(join(events, 'deep/er'));
    writeFileSync(join(other, NAME), 'this is no event file');
    writeFileSync(join(other, 'loss.csv'), 'step,loss');
    expect(await importer.recognises(events)).toBe(true);
    expect(await importer.recognises(join(events, 'deep/er', NAME))).toBe(true);
    expect(await importer.recognises(other)).toBe(false);
    expect(await importer.recognises(join(other, 'loss.csv'))).toBe(false);
    expect(await importer.recognises(join(other, 'nothing'))).toBe(false);
  });

  it('are not left by a link', async ({ skip }) => {
    skip(process.platform === 'win32', 'links need rights there');
    const [path, elsewhere] = [join(folder(), 'digits'), folder()];
    mkdirSync(path);
    oneScalar(elsewhere);
    symlinkSync(elsewhere, join(path, 'link'));
    symlinkSync(join(elsewhere, NAME), join(path, NAME));
    await expect(namesIn(path)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await importer.recognises(path)).toBe(false);
  });

  it('that are not there are an IO error', async () => {
    await expect(namesIn(join(folder(), 'nothing'))).rejects.toMatchObject({ code: 'IO', errno: 'ENOENT' });
  });
});

describe('the values of event files', () => {
  it('of one step are one row, with the time of the first', async () => {
    const path = writeEventFile(join(folder(), NAME), [
      scalarEvent('loss', 1, 0, 100),
      scalarEvent('acc', 2, 0, 101),
      scalarEvent('loss', 3, 1, 102),
      scalarEvent('loss', 4, 1, 103),
      scalarEvent('acc', 5, 1, 104),
    ]);
    const { rowList, startedAt, endedAt } = only(await imported(importer, path));
    expect(rowList.map(({ step, timestamp, values }) => [step, timestamp, { ...values }])).toEqual([
      [0, 100_000, { loss: 1, acc: 2 }],
      [1, 102_000, { loss: 3 }],
      [1, 103_000, { loss: 4, acc: 5 }],
    ]);
    expect([startedAt, endedAt]).toEqual(['1970-01-01T00:01:40.000Z', '1970-01-01T00:01:44.000Z']);
  });

  it('come from all files of a folder, in the order of their names', async () => {
    const path = folder();
    writeEventFile(join(path, `${NAME}.2`), [scalarEvent('loss', 2, 1)]);
    writeEventFile(join(path, `${NAME}.1`), [scalarEvent('loss', 1, 0)]);
    const { rowList } = only(await imported(importer, path));
    expect(rowList.map(({ values }) => values['loss'])).toEqual([1, 2]);
  });

  it('may bear any name', async () => {
    const path = writeEventFile(join(folder(), NAME), [
      scalarEvent('__proto__', 1, 0),
      scalarEvent('', 2, 0),
    ]);
    const { rowList, fields } = only(await imported(importer, path));
    expect(Object.entries(only(rowList).values)).toEqual([
      ['__proto__', 1],
      ['', 2],
    ]);
    expect(fields.map(({ name }) => name)).toEqual(['__proto__', '']);
    expect(({} as Record<string, unknown>)['loss']).toBeUndefined();
  });

  it('in tensors of int64, int32, bool, float and double are what they were, packed or raw', async () => {
    const raw = (dtype: number, content: Buffer): Uint8Array =>
      message((pbf) => {
        pbf.writeVarintField(1, dtype);
        pbf.writeBytesField(4, content);
      });
    const int64 = Buffer.alloc(8);
    int64.writeBigInt64LE(-(2n ** 62n) - 1n);
    const tensors: Readonly<Record<string, Uint8Array>> = {
      int64: raw(9, int64),
      int32: message((pbf) => {
        pbf.writeVarintField(1, 3);
        pbf.writePackedVarint(7, [-7]);
      }),
      bool: raw(10, Buffer.from([1])),
      float: raw(1, Buffer.from(new Float32Array([0.5]).buffer)),
      double: message((pbf) => {
        pbf.writeVarintField(1, 2);
        pbf.writeDoubleField(6, 0.1);
      }),
    };
    const events = Object.entries(tensors).map(([tag, tensor]) =>
      pluginEvent(tag, 'scalars', new Uint8Array(), tensor),
    );
    const { rowList } = only(await imported(importer, writeEventFile(join(folder(), NAME), events)));
    expect({ ...only(rowList).values }).toEqual({
      int64: -(2n ** 62n) - 1n,
      int32: -7n,
      bool: true,
      float: 0.5,
      double: 0.1,
    });
  });

  it('that are too large are counted: tensors of many elements or dimensions, histograms of many buckets', async () => {
    const numbers = (dtype: number, count: number, dimensions: number): Uint8Array =>
      message((pbf) => {
        pbf.writeVarintField(1, dtype);
        pbf.writeBytesField(
          2,
          message((shape) => {
            for (let at = 0; at < dimensions; at++)
              shape.writeBytesField(
                2,
                message((dim) => dim.writeVarintField(1, at === 0 ? count : 1)),
              );
          }),
        );
        pbf.writeBytesField(4, Buffer.alloc(4 * count));
      });
    const events = [
      ...[numbers(1, 60_001, 1), numbers(1, 1, 9)].map((tensor, at) =>
        pluginEvent(`t${at}`, 'scalars', new Uint8Array(), tensor),
      ),
      pluginEvent('h', 'histograms', new Uint8Array(), numbers(1, 60_003, 1)),
    ];
    const { told } = only(await imported(importer, writeEventFile(join(folder(), NAME), events)));
    expect(told).toEqual([{ kind: 'left out', text: '3 tensors ("t0", "t1", "h")' }]);
  });

  it.each([
    [1, 'FINISHED'],
    [2, 'FAILED'],
    [3, 'RUNNING'],
    [0, 'FINISHED'],
  ])('of the hparams plugin say a run with status %i is %s', async (code, status) => {
    const end = message((pbf) =>
      pbf.writeBytesField(
        4,
        message((info) => info.writeVarintField(1, code)),
      ),
    );
    const experiment = message((pbf) =>
      pbf.writeBytesField(
        2,
        message((info) => info.writeStringField(6, 'my search')),
      ),
    );
    const path = writeEventFile(join(folder(), NAME), [
      pluginEvent('_hparams_/experiment', 'hparams', experiment),
      pluginEvent('_hparams_/session_end_info', 'hparams', end),
    ]);
    expect(only(await imported(importer, path))).toMatchObject({ status, experiment: 'my_search' });
  });

  it('are the summary, too, where a session of the hparams plugin names them and they are alone', async () => {
    const experiment = message((pbf) =>
      pbf.writeBytesField(
        2,
        message((info) => {
          for (const [tag, group] of [['final'], ['loss'], ['other', 'validation'], ['nothing']] as const)
            info.writeBytesField(
              5,
              message((metric) =>
                metric.writeBytesField(
                  1,
                  message((name) => {
                    if (group !== undefined) name.writeStringField(1, group);
                    name.writeStringField(2, tag);
                  }),
                ),
              ),
            );
        }),
      ),
    );
    const path = writeEventFile(join(folder(), NAME), [
      pluginEvent('_hparams_/experiment', 'hparams', experiment),
      scalarEvent('final', 0.5, 3),
      scalarEvent('other', 1, 3),
      scalarEvent('alone', 1, 3),
      scalarEvent('loss', 1, 3),
      scalarEvent('loss', 2, 4),
    ]);
    const run = only(await imported(importer, path));
    expect({ ...run.summary }).toEqual({ final: 0.5 });
    expect(run.rowList[0]?.values['final']).toBe(0.5);
  });

  it('that are no metrics are counted', async () => {
    const path = writeEventFile(join(folder(), NAME), [
      pluginEvent('a', 'images', new Uint8Array(), new Uint8Array()),
      pluginEvent('b', 'images', new Uint8Array(), new Uint8Array()),
      pluginEvent('c', 'mesh', new Uint8Array(), new Uint8Array()),
    ]);
    const { rowList, told } = only(await imported(importer, path));
    expect(rowList).toEqual([]);
    expect(told).toEqual([
      { kind: 'left out', text: '2 images that cannot be read ("a", "b")' },
      { kind: 'left out', text: '1 tensor ("c")' },
    ]);
  });
});
