import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, RunStatus, type ExperimentOptions, type Health } from 'expman-rx';
import { duckdb, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('run');

const open = (options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, ...options }));

describe('a run', () => {
  it('is a folder that says RUNNING as soon as it is opened', async () => {
    const run = open({ tags: ['a'], notes: 'why', group: 'g', rank: 3 });
    expect(yamlOf(run.runDir)).toMatchObject({
      experiment: 'exp',
      run: run.runName,
      status: RunStatus.Running,
      pid: process.pid,
      tags: ['a'],
      notes: 'why',
      group: 'g',
      rank: 3,
      counts: { rows: 0, accepted: 0, rewound: 0, dropped: 0, invalid: 0, lost: 0 },
    });
    await run.close();
  });

  it('keeps every row, in order, in one Parquet file', async () => {
    const run = open();
    for (let step = 0; step < 10_000; step++)
      run.logMetrics({ loss: 1 / (step + 1), even: step % 2 === 0 }, step);
    await run.close();
    const rows = await duckdb(run.runDir);
    expect(rows.length).toBe(10_000);
    expect(
      rows.every(
        ({ step, loss, even }, at) => step === BigInt(at) && loss === 1 / (at + 1) && even === (at % 2 === 0),
      ),
    ).toBe(true);
  });

  it('leaves exactly its files behind when it is closed', async () => {
    const run = open();
    run.logParams({ lr: 1 });
    run.logMetrics({ loss: 1 });
    run.logger.info('hello');
    await run.saveArtifact('model.bin', Uint8Array.of(1, 2, 3));
    await run.close();
    expect(readdirSync(run.runDir).sort()).toEqual([
      'artifacts',
      'config.yaml',
      'metrics.parquet',
      'run.log',
      'run.yaml',
    ]);
    expect(existsSync(join(run.runDir, '../experiment.yaml'))).toBe(true);
  });

  it('closes once, with one summary for every caller', async () => {
    const run = open();
    run.logMetrics({ loss: 2 }, 1);
    run.logMetrics({ loss: 1 }, 2);
    const [first, second, closed] = await Promise.all([run.close(), run.close(RunStatus.Failed), run.closed]);
    expect(first).toBe(second);
    expect(first).toBe(closed);
    expect(await run.close()).toBe(first);
    expect(first).toMatchObject({
      status: RunStatus.Finished,
      runDir: run.runDir,
      rows: 2,
      dropped: 0,
      invalid: 0,
    });
    expect(first.metrics.get('loss')).toEqual({
      last: 1,
      count: 2,
      min: 1,
      max: 2,
      mean: 1.5,
      ...{ minStep: 2, maxStep: 1, stepOfMin: 2, stepOfMax: 1 },
    });
  });

  it('ends with the status it is closed with, and only with one that ends a run', async () => {
    for (const status of [RunStatus.Finished, RunStatus.Failed, RunStatus.Crashed, RunStatus.Interrupted]) {
      const run = open();
      await run.close(status);
      expect(yamlOf(run.runDir)['status']).toBe(status);
    }
    const run = open();
    await expect(run.close(RunStatus.Running)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option: 'status',
    });
    await expect(run.close('DONE' as RunStatus)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      value: 'DONE',
    });
    expect((await run.close()).status).toBe(RunStatus.Finished);
  });

  it('says in run.yaml what became of it', async () => {
    const run = open();
    run.logMetrics({ loss: 3, note: 'x', flag: true }, 7);
    run.logMetrics({ loss: NaN }, 8);
    await run.close();
    const { status, startedAt, endedAt, durationMs, counts, metrics } = yamlOf(run.runDir);
    expect({ status, counts, metrics }).toEqual({
      status: 'FINISHED',
      counts: { rows: 2, accepted: 2, rewound: 0, dropped: 0, invalid: 0, lost: 0 },
      metrics: {
        loss: { last: NaN, count: 2, min: 3, max: 3, mean: 3, minStep: 7, maxStep: 7, nan: 1 },
        note: { last: 'x', count: 1, texts: 1 },
        flag: { last: true, count: 1, min: 1, max: 1, mean: 1, minStep: 7, maxStep: 7 },
      },
    });
    expect(Date.parse(String(endedAt)) - Date.parse(String(startedAt))).toBeGreaterThanOrEqual(0);
    expect(Number(durationMs)).toBeGreaterThanOrEqual(0);
  });

  it('is there for other readers before it is closed, once it is flushed', async () => {
    const run = open();
    run.logMetrics({ loss: 1 }, 1);
    await run.flush();
    const { readRun } = await import('expman-rx/reader');
    const { status, rows, table } = await readRun(run.runDir);
    expect([status, rows, table.numRows]).toEqual([RunStatus.Running, 1, 1]);
    await run.close();
  });

  it('takes nothing more once it is closed, and does not throw', async () => {
    const run = open();
    run.logMetrics({ loss: 1 }, 1);
    await run.close();
    run.logMetrics({ loss: 2 }, 2);
    run.logParams({ late: true });
    run.logger.info('late');
    run.metrics.next({ values: { loss: 3 } });
    await expect(run.saveArtifact('late', Uint8Array.of(1))).rejects.toMatchObject({ code: 'RUN_CLOSED' });
    await run.flush();
    expect((await duckdb(run.runDir)).length).toBe(1);
    expect(existsSync(join(run.runDir, 'run.log'))).toBe(false);
  });

  it('is closed by `await using`, and in the background by `using`', async () => {
    let runDir: string;
    {
      await using run = open();
      ({ runDir } = run);
      run.logMetrics({ loss: 1 });
    }
    expect(yamlOf(runDir)['status']).toBe('FINISHED');
    let closed;
    {
      using run = open();
      ({ closed } = run);
    }
    expect((await closed).status).toBe(RunStatus.Finished);
  });

  it('writes a run without any row: no metrics.parquet, and FINISHED', async () => {
    const run = open();
    await run.close();
    expect(readdirSync(run.runDir)).toEqual(['run.yaml']);
  });

  it('logs a row of `{}`, with only its step and time', async () => {
    const run = open();
    run.logMetrics({}, 5);
    run.logMetrics({});
    await run.close();
    const rows = await duckdb(run.runDir);
    expect(rows.map(({ step }) => step)).toEqual([5n, null]);
    expect(Object.keys(rows[0] ?? {})).toEqual(['step', 'timestamp']);
  });

  it('stamps rows with the time they were logged, or with the time they bring', async () => {
    const run = open();
    const before = Date.now();
    run.logMetrics({ a: 1 });
    run.metrics.next({ timestamp: 1_700_000_000_000.25, values: { a: 2 } });
    const after = Date.now();
    await run.close();
    const [first, second] = await duckdb(
      run.runDir,
      'SELECT epoch_us(timestamp) AS at FROM read_parquet($1)',
    );
    expect(Number(first?.['at'])).toBeGreaterThanOrEqual(before * 1000);
    expect(Number(first?.['at'])).toBeLessThanOrEqual(after * 1000);
    expect(second?.['at']).toBe(1_700_000_000_000_250n);
  });

  it('joins calls of one step, replaces no value, and keeps a step that comes late', async () => {
    const run = open();
    run.logMetrics({ loss: 1 }, 1);
    run.logMetrics({ loss: 2, extra: 9 }, 2);
    run.logMetrics({ accuracy: 0.5 }, 1);
    run.logMetrics({ loss: 1.5 }, 1);
    run.logMetrics({ loss: 3 }, -4);
    await run.close();
    const rows = await duckdb(run.runDir, 'SELECT * EXCLUDE timestamp FROM read_parquet($1)');
    expect(rows).toEqual([
      { step: 1n, loss: 1, extra: null, accuracy: 0.5 },
      { step: 2n, loss: 2, extra: 9, accuracy: null },
      { step: 1n, loss: 1.5, extra: null, accuracy: null },
      { step: -4n, loss: 3, extra: null, accuracy: null },
    ]);
  });
});

describe('the health of a run', () => {
  it('says how far rows have come, on subscription and after every change, and completes with the run', async () => {
    const run = open();
    const seen: Health[] = [];
    const done = lastValueFrom(run.health$.pipe(map((health) => void seen.push(health))));
    run.logMetrics({ a: 1 });
    run.logMetrics({ a: Symbol() as unknown as number });
    await run.close();
    await done;
    const nothing = { accepted: 0, flushed: 0, published: 0, dropped: 0, invalid: 0, degraded: null };
    expect(seen[0]).toEqual({
      ...nothing,
      publishes: { count: 0, totalMs: 0 },
      alerts: { sent: 0, pending: 0, failure: null },
    });
    expect(seen.at(-1)).toMatchObject({
      accepted: 2,
      flushed: 2,
      published: 2,
      invalid: 1,
      publishes: { count: 1 },
    });
  });
});
