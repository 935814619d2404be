import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine, type MetricValue } from 'expman-rx';
import { openRun, queryRuns, recoverRun } from 'expman-rx/reader';
import { exportRun } from 'expman-rx/interop';
import { extremeSteps } from '../../src/model/metric.js';
import { runChild } from '../support/child.js';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('rows');
const open = (base = folder(), options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName: 'r', ...options }));

type Row = readonly [step: number | bigint | null, values: Readonly<Record<string, MetricValue>>];

/** The rows that readers find: step and values. */
async function rowsOf(runDir: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { step, values } of openRun(runDir).rows()) rows.push([step, { ...values }]);
  return rows;
}

/** Logs in a process that is killed after an awaited flush; returns the run's folder. */
const killed = async (base: string, code: string, options = ''): Promise<string> =>
  (
    await runChild(
      base,
      `const run = open({ runName: 'r', ${options} }); ${code} await run.flush(); process.kill(process.pid, 'SIGKILL');`,
    )
  ).runDir;

describe('calls of one step', () => {
  it('are one row while they hold different metrics, with the place and the time of the first', async () => {
    const run = open();
    run.logMetrics({ loss: 1 }, 7);
    run.logMetrics({ loss: 2 }, 8);
    const before = Date.now();
    while (Date.now() <= before + 2);
    run.logMetrics({ val_loss: 3 }, 7);
    await run.close();
    expect(await rowsOf(run.runDir)).toEqual([
      [7, { loss: 1, val_loss: 3 }],
      [8, { loss: 2 }],
    ]);
    const [first, second] = await duckdb(
      run.runDir,
      'SELECT epoch_us(timestamp) AS at FROM read_parquet($1)',
    );
    expect(Number(first?.['at'])).toBeLessThanOrEqual(Number(second?.['at']));
  });

  it('never replace a value: 5,000 calls at step 0 are 5,000 values, for every reader', async () => {
    const run = open();
    for (let i = 0; i < 5_000; i++) run.logMetrics({ loss: i }, 0);
    const { rows, accepted, metrics } = await run.close();
    expect({ rows, accepted, count: metrics.get('loss')?.count }).toEqual({
      rows: 5_000,
      accepted: 5_000,
      count: 5_000,
    });
    const [all] = await duckdb(
      run.runDir,
      'SELECT count(DISTINCT loss) AS values, min(loss) AS least, avg(loss) AS mean FROM read_parquet($1)',
    );
    expect(all).toEqual({ values: 5_000n, least: 0, mean: 2_499.5 });
  });

  it('join the latest row of the step alone', async () => {
    const run = open();
    run.logMetrics({ a: 1 }, 1);
    run.logMetrics({ a: 2 }, 1);
    run.logMetrics({ b: 3 }, 1);
    run.logMetrics({ b: 4 }, 1);
    await run.close();
    expect(await rowsOf(run.runDir)).toEqual([
      [1, { a: 1 }],
      [1, { a: 2, b: 3 }],
      [1, { b: 4 }],
    ]);
  });

  it('join a row that 1,023 rows have followed, and none that 1,024 have', async () => {
    for (const [between, rows] of [
      [1_023, 1_024],
      [1_024, 1_026],
    ] as const) {
      const run = open();
      run.logMetrics({ a: 1 }, -1);
      for (let i = 0; i < between; i++) run.logMetrics({ a: i }, i);
      run.logMetrics({ b: 1 }, -1);
      expect((await run.close()).rows).toBe(rows);
    }
  });

  it('never join without a step', async () => {
    const run = open();
    run.logMetrics({ a: 1 });
    run.logMetrics({ b: 2 });
    run.logMetrics({ b: 3 }, null);
    await run.close();
    expect(await rowsOf(run.runDir)).toEqual([
      [null, { a: 1 }],
      [null, { b: 2 }],
      [null, { b: 3 }],
    ]);
  });

  it('join only a row begun with the same explicit timestamp, or with none like themselves', async () => {
    const run = open();
    const at = (timestamp: number, values: Record<string, number>): void =>
      run.metrics.next({ step: 1, timestamp, values });
    at(1_000, { a: 1 });
    at(1_000, { b: 2 });
    at(2_000, { c: 3 });
    run.logMetrics({ d: 4 }, 1);
    run.logMetrics({ e: 5 }, 1);
    at(2_000, { f: 6 });
    await run.close();
    expect(await rowsOf(run.runDir)).toEqual([
      [1, { a: 1, b: 2 }],
      [1, { c: 3 }],
      [1, { d: 4, e: 5 }],
      [1, { f: 6 }],
    ]);
  });

  it('of another session stay apart, whether the one before was closed or killed, and the file says which is which', async () => {
    for (const ends of ['closed', 'killed']) {
      const base = folder();
      if (ends === 'killed') await killed(base, 'run.logMetrics({ a: 1 }, 1); run.logMetrics({ a: 2 }, 2);');
      else {
        const first = open(base);
        first.logMetrics({ a: 1 }, 1);
        first.logMetrics({ a: 2 }, 2);
        await first.close();
      }
      const second = open(base, { resume: 'must' });
      second.logMetrics({ b: 3 }, 2);
      await second.close();
      const read = [];
      for await (const { step, session, values } of openRun(second.runDir).rows({ session: true }))
        read.push([session, step, { ...values }]);
      expect(read).toEqual([
        [0, 1, { a: 1 }],
        [0, 2, { a: 2 }],
        [1, 2, { b: 3 }],
      ]);
      const [said] = await duckdb(
        second.runDir,
        "SELECT decode(value) AS sessions FROM parquet_kv_metadata($1) WHERE decode(key) = 'sessions'",
      );
      expect(JSON.parse(String(said?.['sessions']))).toEqual([
        { epoch: 0, firstRow: 0 },
        { epoch: 1, firstRow: 2 },
      ]);
      const table = await openRun(second.runDir).metrics({ session: true });
      expect([...(table.getChild('session') ?? [])]).toEqual([0n, 0n, 1n]);
    }
  });

  it('join rows that are published, before and after the process dies', async () => {
    const base = folder();
    const runDir = await killed(
      base,
      `run.logMetrics({ a: 1 }, 1); run.logMetrics({ a: 2 }, 2);
       await published(run);
       run.logMetrics({ b: 3 }, 1); run.logMetrics({ c: 4 }, 2); run.logMetrics({ a: 5 }, 2);`,
      'flushIntervalMs: 5',
    );
    const rows: Row[] = [
      [1, { a: 1, b: 3 }],
      [2, { a: 2, c: 4 }],
      [2, { a: 5 }],
    ];
    expect(await rowsOf(runDir)).toEqual(rows);
    const before = await openRun(runDir).inspect();
    expect(before).toMatchObject({ rows: 3, publishedRows: 2, accepted: 5 });
    await recoverRun(runDir);
    expect(await rowsOf(runDir)).toEqual(rows);
    expect(await openRun(runDir).inspect()).toMatchObject({ rows: 3, publishedRows: 3, accepted: 5 });
  });
});

describe('steps', () => {
  it('are any integer of 64 bits, exact, and come late without being dropped', async () => {
    const run = open();
    const steps = [5n, 3, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2 ** 53 - 1, -1];
    for (const [at, step] of steps.entries()) run.logMetrics({ at }, step);
    run.logMetrics({ joined: true }, 2n ** 53n + 1n);
    expect(run.lastStep).toBe(2n ** 63n - 1n);
    const { metrics } = await run.close();
    const wanted = [5, 3, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2 ** 53 - 1, -1];
    const rows = await rowsOf(run.runDir);
    expect(rows.map(([step]) => step)).toEqual(wanted);
    expect(rows[5]?.[1]).toEqual({ at: 5, joined: true });
    expect(metrics.get('joined')).toMatchObject({ maxStep: 2n ** 53n + 1n });
    expect((await duckdb(run.runDir)).map(({ step }) => step)).toEqual(wanted.map(BigInt));
    const selected = [];
    for await (const { step } of openRun(run.runDir).rows({ fromStep: 2n ** 53n + 1n })) selected.push(step);
    expect(selected).toEqual([2n ** 63n - 1n, 2n ** 53n + 1n]);
    expect(openRun(run.runDir).facts.lastStep).toBe(2n ** 63n - 1n);
  });

  it('are looked for in no file where the run is new', async () => {
    const run = open();
    expect(run.lastStep).toBe(null);
    run.logMetrics({ loss: 1 }, 3);
    await run.close();
    writeFileSync(join(run.runDir, 'metrics.parquet'), 'not a Parquet file');
    expect(run.lastStep).toBe(3);
  });
});

describe('a run that is rewound', () => {
  const BIG = 2n ** 60n;

  /** Steps 0 to 9, a late metric, a row without a step, a step beyond 2^53, and media; closed. */
  async function before(base: string): Promise<void> {
    const run = open(base);
    for (let step = 0; step < 10; step++) run.logMetrics({ loss: step }, step);
    run.logMetrics({ late: 1 }, 9);
    run.logMetrics({ free: 1 });
    run.logMetrics({ big: 1 }, BIG);
    run.logHistogram('weights', [1, 2, 3], 3);
    run.logHistogram('weights', [1, 2, 3], 8);
    for (const step of [2, 8]) run.logTable('cases', [{ step }], step);
    run.logTable('cases', [{ step: null }]);
    run.logger.info('said before');
    await run.close();
  }

  it('is without the rows of earlier sessions from a step on, in counts, summaries, media, histograms and lastStep', async () => {
    const base = folder();
    await before(base);
    const run = open(base, { resume: 'must', fromStep: 5 });
    expect(run.lastStep).toBe(4);
    for (let step = 5; step < 8; step++) run.logMetrics({ loss: 100 + step }, step);
    run.logTable('cases', [{ step: 5 }], 5);
    expect(run.lastStep).toBe(7);
    const { rows, accepted, rewound, metrics } = await run.close();
    expect({ rows, accepted, rewound }).toEqual({ rows: 9, accepted: 18, rewound: 6 });
    expect(metrics.get('loss')).toEqual({
      ...{ last: 107, count: 8, min: 0, max: 107, mean: (0 + 1 + 2 + 3 + 4 + 105 + 106 + 107) / 8 },
      ...extremeSteps(0, 7),
    });
    expect([...metrics.keys()].sort()).toEqual(['free', 'loss', 'weights']);
    expect(metrics.get('weights')?.count).toBe(1);
    const read = await rowsOf(run.runDir);
    expect(read.map(([step]) => step)).toEqual([0, 1, 2, 3, 4, null, 5, 6, 7]);
    expect((await duckdb(run.runDir)).length).toBe(9);
    const { readMedia } = await import('expman-rx/reader');
    expect((await readMedia(run.runDir)).map(({ step }) => step)).toEqual([2, null, 5]);
    const { facts } = openRun(run.runDir);
    expect(facts).toMatchObject({ rows: 9, accepted: 18, rewound: 6, lastStep: 7 });
    const lines = readFileSync(join(run.runDir, 'run.log'), 'utf8');
    expect(lines).toContain('said before');
    expect(lines).toContain('rewound to step 5: 6 rows of earlier sessions removed');
    const { identity } = await openRun(run.runDir).inspect();
    expect(identity.resumed).toMatchObject([{ fromStep: 5, step: BIG }]);
  });

  it('adds up what it takes out, and takes out what a killed session left in its log', async () => {
    const base = folder();
    await before(base);
    const runDir = await killed(
      base,
      'for (let step = 5; step < 9; step++) run.logMetrics({ loss: 100 + step }, step);',
      "resume: 'must', fromStep: 5",
    );
    expect(await openRun(runDir).inspect()).toMatchObject({ rows: 10, rewound: 6, lastStep: 8 });
    const run = open(base, { resume: 'must', fromStep: 7 });
    const { rows, rewound } = await run.close();
    expect({ rows, rewound }).toEqual({ rows: 8, rewound: 8 });
    expect((await rowsOf(runDir)).map(([step]) => step)).toEqual([0, 1, 2, 3, 4, null, 5, 6]);
  });

  it('reads as rewound before its file is, for readers, queries, exports and followers', async () => {
    const base = folder();
    await before(base);
    const run = open(base, { resume: 'must', fromStep: 5, flushIntervalMs: 3_600_000 });
    run.logMetrics({ loss: 50 }, 5);
    await run.flush();
    const wanted = [0, 1, 2, 3, 4, null, 5];
    expect((await rowsOf(run.runDir)).map(([step]) => step)).toEqual(wanted);
    const { rows } = await queryRuns(base, "SELECT step FROM metrics WHERE metric = 'loss' ORDER BY step");
    expect(rows.map(([step]) => Number(step))).toEqual([0, 1, 2, 3, 4, 5]);
    const csv = join(folder(), 'run.csv');
    await exportRun(run.runDir, 'csv', csv);
    expect(readFileSync(csv, 'utf8').trim().split('\n')).toHaveLength(1 + wanted.length);
    await run.close();
  });

  it('is refused where nothing is continued, and with what is not a step', () => {
    for (const [options, message] of [
      [{ fromStep: 5 }, "fromStep must be left out unless resume is 'allow' or 'must'"],
      [{ resume: 'allow', fromStep: 0.5 }, 'fromStep must be a 64-bit integer'],
      [{ resume: 'allow', fromStep: '5' }, 'fromStep must be a 64-bit integer'],
    ] as const)
      expect(() => open(folder(), options as ExperimentOptions)).toThrow(
        expect.objectContaining({
          code: 'INVALID_OPTION',
          message: expect.stringContaining(message) as string,
        }) as Error,
      );
  });

  it('begins afresh where there is no run yet', async () => {
    const run = open(folder(), { resume: 'allow', fromStep: 5 });
    run.logMetrics({ a: 1 }, 9);
    expect(await run.close()).toMatchObject({ rows: 1, rewound: 0 });
  });
});
