import fc from 'fast-check';
import { appendFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, type MetricRow } from '../../dist/modules/index.js';
import { openRun, type RowSelection, type StoredRow } from '../../dist/modules/reader/index.js';
import { followLog } from '../../dist/modules/reader/follow-log.js';
import { readLogFile } from '../../dist/modules/reader/read-log.js';
import { nodeFs } from '../../dist/modules/storage/node-fs.js';
import { tempFolders } from '../support/temp-folder.js';

const newFolder = tempFolders('stored-run');
const newRun = (flushIntervalMs = 500): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', newFolder(), { flushIntervalMs, environment: false }));

async function all(rows: AsyncIterable<StoredRow>): Promise<StoredRow[]> {
  const list: StoredRow[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

const shape = ({ step, values }: StoredRow): unknown => [step, { ...values }];

async function tenRows(): Promise<LoggingEngine> {
  const run = newRun();
  for (let step = 0; step < 10; step++)
    run.logMetrics({ loss: 10 - step, even: step % 2 === 0, name: `s${step}` }, step);
  await run.flush();
  return run;
}

describe('the rows of a run on disk', () => {
  it.each(['open', 'closed'])('are what was logged, of a run that is %s', async (state) => {
    const run = newRun(60_000);
    const rows: MetricRow[] = [
      { step: 0, timestamp: 1_700_000_000_000.125, values: { loss: NaN, n: 2n ** 62n } },
      { step: null, timestamp: 1_700_000_000_001, values: { __proto__: 1, step: 'mine', '': true } },
      { step: 5, timestamp: 1_700_000_000_002, values: { loss: -0, text: '\ufeffä\u0000' } },
      { step: 3, timestamp: 1_700_000_000_003, values: { loss: Infinity } },
    ];
    for (const row of rows) run.metrics.next(row);
    await run.flush();
    if (state === 'closed') await run.close();
    const read = await all(openRun(run.runDir).rows());
    expect(
      read.map(({ step, timestamp, values }) => ({ step, timestamp, values: { ...values } })),
    ).toStrictEqual(rows.map(({ step, timestamp, values }) => ({ step, timestamp, values: { ...values } })));
    await run.close();
  });

  it.each<[string, RowSelection, unknown[]]>([
    [
      'by step',
      { fromStep: 3, toStep: 5, columns: ['loss'] },
      [
        [3, { loss: 7 }],
        [4, { loss: 6 }],
        [5, { loss: 5 }],
      ],
    ],
    [
      'by what holds',
      { where: ({ values }) => values['loss'] === 4, columns: ['name'] },
      [[6, { name: 's6' }]],
    ],
    ['by columns, also one it has not got', { toStep: 0, columns: ['even', 'nope'] }, [[0, { even: true }]]],
  ])('are selected %s', async (_how, selection, expected) => {
    const run = await tenRows();
    expect((await all(openRun(run.runDir).rows(selection))).map(shape)).toEqual(expected);
    const table = await openRun(run.runDir).metrics(selection);
    expect(table.numRows).toBe(expected.length);
    await run.close();
    expect((await all(openRun(run.runDir).rows(selection))).map(shape)).toEqual(expected);
  });

  it('keep every peak when they are downsampled', async () => {
    const run = newRun();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 999 }), async (peak) => {
        const run = newRun();
        for (let step = 0; step < 1000; step++) run.logMetrics({ loss: step === peak ? 1e9 : step }, step);
        await run.close();
        const table = await openRun(run.runDir).metrics({ downsample: 20 });
        expect(table.numRows).toBeLessThanOrEqual(20);
        expect([...(table.getChild('loss') ?? [])]).toContain(1e9);
      }),
      { numRuns: 5 },
    );
    await run.close();
  });

  it('come as batches, one for each row group', async () => {
    const run = newRun();
    for (let step = 0; step < 300_000; step++) run.logMetrics({ loss: step }, step);
    await run.close();
    let rows = 0;
    let batches = 0;
    for await (const batch of openRun(run.runDir).batches({ columns: ['loss'] })) {
      rows += batch.numRows;
      batches++;
    }
    expect(rows).toBe(300_000);
    expect(batches).toBeGreaterThan(1);
  });

  it.each<[string, RowSelection]>([
    ['fromStep', { fromStep: NaN }],
    ['downsample', { downsample: 0 }],
    ['columns', { columns: 'loss' as never }],
    ['where', { where: 'loss < 1' as never }],
  ])('are refused for a wrong %s', async (option, selection) => {
    const run = await tenRows();
    await expect(openRun(run.runDir).metrics(selection)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option,
    });
    await run.close();
  });
});

describe('following a run', () => {
  it('gives every row as it is logged, late steps and rows without one included, and ends with the run', async () => {
    const run = newRun(20);
    run.logMetrics({ loss: 0 }, 5);
    await run.flush();
    const followed = lastValueFrom(openRun(run.runDir).follow({ pollMs: 5 }).pipe(toArray()));
    for (let index = 1; index <= 400; index++) {
      run.logMetrics({ loss: index }, index % 7 === 0 ? undefined : index % 2 === 0 ? index : 1000 + index);
      if (index % 20 === 0) await run.flush();
    }
    await run.close();
    expect((await followed).map(({ values }) => values['loss'])).toEqual(
      Array.from({ length: 401 }, (_, i) => i),
    );
  });

  it('begins with what comes when it is asked for that', async () => {
    const run = newRun();
    run.logMetrics({ loss: 0 }, 0);
    await run.flush();
    const seen: number[] = [];
    let placed = (): void => undefined;
    const isPlaced = new Promise<void>((resolve) => (placed = resolve));
    const done = lastValueFrom(openRun(run.runDir).follow({ pollMs: 2, from: 'end' }).pipe(toArray()));
    setTimeout(placed, 0);
    await isPlaced;
    run.logMetrics({ loss: 1 }, 1);
    await run.close();
    for (const { step } of await done) seen.push(Number(step ?? -1));
    expect(seen).toEqual([1]);
  });

  it('gives all rows of a run that is closed, and ends', async () => {
    const run = await tenRows();
    await run.close();
    const rows = await lastValueFrom(openRun(run.runDir).follow().pipe(toArray()));
    expect(rows.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('the log of a run on disk', () => {
  it('has the lines that are not in run.log yet, and lets level and text through', async () => {
    const run = newRun(60_000);
    run.logger.debug('starting');
    run.logger.info('epoch done', { epoch: 1 });
    run.logger.error('Epoch lost');
    await run.flush();
    const stored = openRun(run.runDir);
    expect((await stored.logs()).map(({ level, message }) => [level, message])).toEqual([
      ['debug', 'starting'],
      ['info', 'epoch done'],
      ['error', 'Epoch lost'],
    ]);
    expect((await stored.logs({ level: 'info', text: 'EPOCH' })).map(({ meta }) => meta)).toEqual([
      { epoch: 1 },
      {},
    ]);
    expect((await stored.logs({ last: 1 })).map(({ message }) => message)).toEqual(['Epoch lost']);
    await run.close();
    expect((await stored.logs({ level: 'info' })).map(({ level }) => level)).toEqual(['info', 'error']);
  });

  it('is followed from behind its last line, also where one before it is too long to be kept', async () => {
    const run = await tenRows();
    await run.close();
    const { runDir } = run;
    appendFileSync(join(runDir, 'run.log'), `${'x'.repeat(3_000_000)}\nlast\n`);
    const { lines, end } = readLogFile(nodeFs, runDir, { last: 1 });
    expect(lines.map(({ message }) => message)).toEqual(['last']);
    expect(end).toBe(statSync(join(runDir, 'run.log')).size);
  });

  it('says how much of a line is missing that is too long, and where no line ends any more', async () => {
    const { runDir } = await newRun().close();
    const path = join(runDir, 'run.log');
    writeFileSync(path, `${'y'.repeat(200_000)}\n${'x'.repeat(3_000_000)}\nlast\n`);
    const messages = (await openRun(runDir).logs()).map(({ message }) => message);
    expect(messages.map(({ length }) => length)).toEqual([
      200_000,
      1024 * 1024 + '…[truncated 1951424 bytes]'.length,
      4,
    ]);
    expect(messages[1]?.slice(-30)).toMatch(/x…\[truncated 1951424 bytes\]$/);
    const { size } = statSync(path);
    truncateSync(path, size + 65 * 1024 * 1024);
    expect((await openRun(runDir).logs({ last: 1 })).map(({ message }) => message)).toEqual([
      `[truncated: from byte ${size} on no line ends within ${64 * 1024 * 1024} bytes]`,
    ]);
  });

  it('is followed past a line that is longer than a chunk, and says how much of it is missing', async () => {
    const { runDir } = await newRun().close();
    writeFileSync(join(runDir, 'run.log'), `${'x'.repeat(4 * 1024 * 1024 + 10)}\nlast\n`);
    const lines = await lastValueFrom(followLog(nodeFs, runDir, { pollMs: 1 }).pipe(toArray()));
    expect(lines.map(({ message }) => message)).toEqual([
      '[truncated 4194304 bytes of a line that has not ended]',
      'xxxxxxxxxx',
      'last',
    ]);
  });

  it('leaves out a line that is being written, and gives a stranger one as it is', async () => {
    const run = newRun();
    run.logger.info('one');
    const { runDir } = await run.close();
    appendFileSync(join(runDir, 'run.log'), 'not ours\nhalf a li');
    expect((await openRun(runDir).logs()).map(({ level, message }) => [level, message])).toEqual([
      ['info', 'one'],
      ['', 'not ours'],
    ]);
  });
});
