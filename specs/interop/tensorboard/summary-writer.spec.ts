import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ExperimentConfig, LoggingEngine, RunStatus } from 'expman-rx';
import { SummaryWriter, tensorboardImporter, toTensorBoard } from 'expman-rx/tensorboard';
import { EventFileWriter } from '../../../dist/modules/interop/tensorboard/event-file-writer.js';
import type { FsPort } from '../../../dist/modules/storage/fs-port.js';
import { nodeFs } from '../../../dist/modules/storage/node-fs.js';
import { runChild } from '../../support/child.js';
import { tempFolders } from '../../support/temp-folder.js';
import { imported, type ImportedRun, only, scalarEvent } from './rig.js';

const folder = tempFolders('summary-writer');
const runsIn = (path: string): Promise<ImportedRun[]> => imported(tensorboardImporter(), path);
const values = (run: ImportedRun, tag: string): unknown[] => run.rowList.map((row) => row.values[tag]);

afterEach(() => vi.useRealTimers());

describe('a SummaryWriter', () => {
  it('writes what waits once its interval is over, in a file that is whole', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const path = folder();
    using writer = new SummaryWriter(path, { flushIntervalMs: 50 });
    writer.addScalar('loss', 0.1, 7, 1_700_000_000);
    expect(values(only(await runsIn(path)), 'loss')).toEqual([]);
    vi.advanceTimersByTime(50);
    const run = only(await runsIn(path));
    expect(run.rowList).toMatchObject([{ step: 7, timestamp: 1.7e12, values: { loss: 0.1 } }]);
    expect(run.lineList).toEqual([]);
  });

  it('writes without a timer what a loop that never yields makes', async () => {
    const path = folder();
    using writer = new SummaryWriter(path);
    for (let step = 0; step < 5000; step++) writer.addScalar('loss', step / 3, step);
    const { rowList } = only(await runsIn(path));
    expect(rowList.length).toBeGreaterThan(1000);
  });

  it('writes what waits when the process exits', async () => {
    const path = folder();
    await runChild(
      path,
      `const { SummaryWriter } = await import('expman-rx/tensorboard');
      new SummaryWriter(${JSON.stringify(path)}).addScalar('loss', 0.5, 3);
      process.exit(0);`,
    );
    expect(values(only(await runsIn(path)), 'loss')).toEqual([0.5]);
  });

  it('gives each line of addScalars and each trial of addHparams a folder, which an import joins again', async () => {
    const path = join(folder(), 'logs');
    const writer = new SummaryWriter(path);
    writer.addScalars('loss/all', { train: 1, '../../val': 2 }, 4);
    writer.addHparams({ lr: 0.1, opt: { name: 'adam' }, api_key: 'sesame' }, { acc: 0.5 }, '..');
    writer.close();
    expect(readdirSync(path).filter((name) => !name.startsWith('events'))).toEqual([
      '_',
      'loss_all_.._.._val',
      'loss_all_train',
    ]);
    const run = only(await runsIn(path));
    expect({ ...run.params }).toEqual({ lr: 0.1, 'opt.name': 'adam', api_key: '[redacted]' });
    expect(run.rowList.map(({ step, values }) => [step, { ...values }])).toEqual([
      [4, { 'loss/all/train': 1, 'loss/all/.._.._val': 2 }],
      [0, { acc: 0.5 }],
    ]);
  });

  it('counts a histogram in equal buckets, one value being one bucket', async () => {
    const path = folder();
    const writer = new SummaryWriter(path);
    writer.addHistogram('h', new Float32Array([0, 1, 1, 30, NaN, Infinity]), 0);
    writer.addHistogram('h', [2, 2], 1);
    writer.addHistogram('h', [-Number.MAX_VALUE, Number.MAX_VALUE], 2);
    writer.addHistogram('h', [NaN], 3);
    writer.addHistogram('h', { edges: [0, 1], counts: [5] }, 4);
    writer.close();
    const [first, second, third, last, ...more] = values(only(await runsIn(path)), 'h').map(
      (text) => JSON.parse(String(text)) as { edges: number[]; counts: number[] },
    );
    expect(first?.counts).toEqual([1, 2, ...new Array<number>(27).fill(0), 1]);
    expect(first?.edges[0]).toBe(0);
    expect(first?.edges[30]).toBe(30);
    expect(second).toMatchObject({ edges: [1.5, 2.5], counts: [2] });
    expect(third?.counts.reduce((sum, count) => sum + count)).toBe(2);
    expect(third?.edges.every(Number.isFinite)).toBe(true);
    expect(last).toMatchObject({ edges: [0, 1], counts: [5] });
    expect(more).toEqual([]);
  });

  it('keeps a text that comes under a tag of numbers', async () => {
    const path = folder();
    const writer = new SummaryWriter(path);
    writer.addScalar('a', 1);
    writer.addText('a', 'x');
    writer.close();
    expect({ ...only(only(await runsIn(path)).rowList).values }).toEqual({ a: 1, 'a/text': 'x' });
  });

  it.each<[string, (writer: SummaryWriter) => void]>([
    ['a value that is none', (writer) => writer.addScalar('a', 'x' as unknown as number)],
    ['a step that is none', (writer) => writer.addScalar('a', 1, 0.5)],
    ['a time that is none', (writer) => writer.addScalar('a', 1, 0, NaN)],
    ['an image that is no PNG', (writer) => writer.addImage('a', new Uint8Array(100))],
    ['a histogram with too few edges', (writer) => writer.addHistogram('a', { edges: [1], counts: [1] })],
  ])('refuses %s', (_, call) => {
    using writer = new SummaryWriter(folder());
    expect(() => call(writer)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
  });

  it('refuses an interval that is none, and a folder that cannot be made', () => {
    expect(() => new SummaryWriter(folder(), { flushIntervalMs: 0 })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
    expect(() => new SummaryWriter(join(process.execPath, 'logs'))).toThrow(
      expect.objectContaining({ code: 'IO' }),
    );
  });

  it('may be closed twice and does nothing after', async () => {
    const path = folder();
    const writer = new SummaryWriter(path);
    writer.addScalar('a', 1);
    writer.close();
    writer.close();
    writer.addScalar('a', 2);
    writer.addScalars('a', { b: 2 });
    writer.addHparams({ lr: 1 }, { a: 2 });
    expect(values(only(await runsIn(path)), 'a')).toEqual([1]);
  });
});

describe('an event file whose disk is full', () => {
  it('throws from flush, not from append, and loses nothing once there is room', async () => {
    const path = folder();
    let room = 1000;
    const fs: FsPort = {
      ...nodeFs,
      write(fd, bytes, position) {
        if (room === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        const taken = nodeFs.write(fd, bytes.subarray(0, room), position);
        room -= taken;
        return taken;
      },
    };
    const file = new EventFileWriter(path, { flushIntervalMs: 1000 }, fs);
    for (let step = 0; step < 3000; step++) file.append(scalarEvent('loss', step, step));
    expect(() => file.flush()).toThrow(expect.objectContaining({ code: 'IO', errno: 'ENOSPC' }));
    expect(only(await runsIn(path)).rowList.length).toBeGreaterThan(10);
    room = Infinity;
    file.close();
    const run = only(await runsIn(path));
    expect(values(run, 'loss')).toEqual(Array.from({ length: 3000 }, (_, step) => step));
    expect(run.lineList).toEqual([]);
  });

  it('keeps 16 MiB, drops and counts what comes then', () => {
    let full = false;
    const fs: FsPort = { ...nodeFs, write: (...call) => (full ? 0 : nodeFs.write(...call)) };
    const file = new EventFileWriter(folder(), { flushIntervalMs: 1000 }, fs);
    full = true;
    const megabyte = new Uint8Array(1024 * 1024);
    for (let count = 0; count < 20; count++) file.append(megabyte);
    expect(() => file.flush()).toThrow(expect.objectContaining({ code: 'IO', count: 4 }));
    full = false;
    expect(() => file.close()).toThrow(expect.objectContaining({ code: 'WRITE_FAILED', count: 4 }));
  });
});

describe('toTensorBoard', () => {
  it('mirrors steps of 64 bits, and the importer reads them back', async () => {
    const path = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', path, { environment: false }));
    toTensorBoard(run, join(path, 'tb'));
    const steps = [-(2n ** 63n), -1, 5, 2n ** 53n + 1n, 2n ** 63n - 1n];
    for (const step of steps) run.logMetrics({ loss: 1 }, step);
    await run.close();
    await new Promise(setImmediate);
    const mirrored = only(await runsIn(join(path, 'tb')));
    expect(mirrored.rowList.map(({ step }) => step)).toEqual(steps);
  });

  it('mirrors what a run logs from then on, and its end', async () => {
    const path = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', path, { environment: false }));
    run.logMetrics({ loss: -1 }, 0);
    toTensorBoard(run, join(path, 'tb'));
    run.logMetrics({ loss: 0.1, note: 'x', n: 2n ** 60n }, 1);
    run.metrics.next({ timestamp: 1e12, values: { loss: 0.2 } });
    await run.close(RunStatus.Interrupted);
    const { rowList, status } = only(await runsIn(join(path, 'tb')));
    expect(rowList.map(({ step, values: row }) => [step, { ...row }])).toEqual([
      [1, { loss: 0.1, note: 'x', n: 2n ** 60n }],
      [1, { loss: 0.2 }],
    ]);
    expect(rowList[1]?.timestamp).toBe(1e12);
    expect(status).toBe('FAILED');
  });

  it('ends when it is unsubscribed, and leaves the run as it is', async () => {
    const path = folder();
    await using run = new LoggingEngine(new ExperimentConfig('exp', path, { environment: false }));
    const mirror = toTensorBoard(run, join(path, 'tb'));
    run.logMetrics({ loss: 1 }, 1);
    mirror.unsubscribe();
    run.logMetrics({ loss: 2 }, 2);
    expect(values(only(await runsIn(join(path, 'tb'))), 'loss')).toEqual([1]);
    expect(run.metrics.observed).toBe(false);
  });
});
