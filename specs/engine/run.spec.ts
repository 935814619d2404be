import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { from, interval, lastValueFrom, map, Subject, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  ExperimentConfig,
  LoggingEngine,
  RunStatus,
  type ExperimentOptions,
  type Health,
  type MetricRow,
} from 'expman-rx';
import { duckdb, logLines, yamlOf } from '../support/read-back.js';
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
      minStep: 2,
      maxStep: 1,
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

describe('what a run is told', () => {
  it('merges parameters deeply, the last write winning, and reaches no prototype', async () => {
    const run = open();
    run.logParams({ optimizer: { name: 'Adam', lr: 1e-3 }, layers: [1, 2] });
    run.logParams({ optimizer: { lr: 1e-4 }, layers: [3] });
    run.logParams(
      JSON.parse(
        '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "ok": 1}',
      ) as object as Record<string, unknown>,
    );
    await run.close();
    expect(yamlOf(run.runDir, 'config.yaml')).toEqual({
      optimizer: { name: 'Adam', lr: 1e-4 },
      layers: [3],
      ok: 1,
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('leaves out parameters no file can hold and says so in run.log', async () => {
    const run = open();
    run.logParams({ fine: 1, bad: () => 1 });
    await run.close();
    expect(yamlOf(run.runDir, 'config.yaml')).toEqual({ fine: 1 });
    expect(logLines(run.runDir)[0]).toContain('parameter "bad" was left out');
  });

  it('keeps config.yaml readable however many parameters there are, and says how many it left out', async () => {
    const run = open();
    const many = (call: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`p${call}.${at}`, '\u0080'.repeat(10_000)]));
    for (let call = 0; call < 4; call++) run.logParams({ first: call, [`call${call}`]: many(call) });
    await run.flush();
    await run.close();
    const { first, ...groups } = yamlOf(run.runDir, 'config.yaml');
    const kept = Object.values(groups as Record<string, object>).flatMap(Object.keys).length;
    expect(first).toBe(3);
    expect(kept).toBeGreaterThan(10);
    expect(yamlOf(run.runDir)['paramsLeftOut']).toBe(160 - kept);
  }, 120_000);

  it('writes messages of every level into run.log, in order, with meta, children and stacks', async () => {
    const run = open();
    run.logger.info('first', { epoch: 1 });
    run.logger.child({ worker: 3 }).warn('second');
    run.logger.error('third', new Error('why'));
    run.logger.debug('fourth');
    await run.close();
    const lines = logLines(run.runDir);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^info +first \{"epoch":1\}$/i);
    expect(lines[1]).toMatch(/^warn +second .*"worker":3/i);
    expect(lines[2]).toMatch(/third.*why.*run\.spec/);
    expect(lines[3]).toMatch(/^debug +fourth$/i);
  });

  it('saves an artifact and says its size and hash in run.yaml', async () => {
    const run = open();
    const saved = await run.saveArtifact('models/best.txt', Buffer.from('weights'));
    expect(saved).toMatchObject({ name: 'models/best.txt', bytes: 7 });
    await run.close();
    expect(readFileSync(join(run.runDir, 'artifacts/models/best.txt'), 'utf8')).toBe('weights');
    expect(yamlOf(run.runDir)['artifacts']).toMatchObject({
      'models/best.txt': { bytes: 7, sha256: saved.sha256 },
    });
  });

  it('waits at its close for an artifact that is being saved, and tells in run.log of one that failed', async () => {
    const run = open();
    void run.saveArtifact('late.bin', new Uint8Array(2_000_000));
    run.saveArtifact(join(run.runDir, 'no such file')).catch(() => undefined);
    await run.close();
    expect(yamlOf(run.runDir)['artifacts']).toMatchObject({ 'late.bin': { bytes: 2_000_000 } });
    expect(logLines(run.runDir)[0]).toContain('an artifact was not saved');
  });

  it('is not killed by an artifact that failed and that nobody awaits', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listener);
    const run = open();
    void run.saveArtifact('../outside', Uint8Array.of(1));
    await run.close();
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
    expect(existsSync(join(run.runDir, '../outside'))).toBe(false);
  });
});

describe('the mailbox of a run', () => {
  it('takes any Observable of rows, and its completion closes the run', async () => {
    const run = open();
    from([1, 2, 3])
      .pipe(map((step): MetricRow => ({ step, values: { loss: 1 / step } })))
      .subscribe(run.metrics);
    const { status, rows } = await run.closed;
    expect([status, rows]).toEqual([RunStatus.Finished, 3]);
  });

  it('takes a stream that lives on timers', async () => {
    const run = open();
    interval(1)
      .pipe(
        take(5),
        map((step): MetricRow => ({ step, values: { tick: BigInt(step) } })),
      )
      .subscribe(run.metrics);
    expect((await run.closed).rows).toBe(5);
  });

  it('writes what was logged before an error, and fails the run with it', async () => {
    const run = open();
    const source = new Subject<MetricRow>();
    source.subscribe(run.metrics);
    source.next({ step: 1, values: { loss: 1 } });
    source.error(new TypeError('diverged'));
    const { status, rows } = await run.closed;
    expect([status, rows]).toEqual([RunStatus.Failed, 1]);
    expect(yamlOf(run.runDir)).toMatchObject({
      status: 'FAILED',
      error: { name: 'TypeError', message: 'diverged' },
    });
  });

  it('can be read whatever the size of its error, and says how much of that is missing', async () => {
    const run = open();
    run.metrics.error(new Error('x'.repeat(2_000_000)));
    await run.closed;
    const { error } = yamlOf(run.runDir);
    expect((error as Error).message.length).toBeLessThan(20_000);
    expect((error as Error).message).toMatch(/x…\[truncated 1983616 characters\]$/);
  });

  it('shows each row to its taps after the run took it, and completes them at the close', async () => {
    const run = open();
    expect(run.metrics.observed).toBe(false);
    const seen = lastValueFrom(run.metrics.pipe(toArray()));
    expect(run.metrics.observed).toBe(true);
    run.logMetrics({ loss: 1 }, 1);
    run.metrics.next({ step: 2, values: { loss: 2 } });
    await run.close();
    expect(await seen).toEqual([
      { step: 1, values: { loss: 1 } },
      { step: 2, values: { loss: 2 } },
    ]);
    expect(run.metrics.observed).toBe(false);
  });

  it('is not disturbed by nonsense', async () => {
    const run = open();
    for (const row of [
      null,
      undefined,
      5,
      'row',
      {},
      { values: null },
      { values: 7 },
      { step: 'x', values: { a: 1 } },
    ])
      run.metrics.next(row as unknown as MetricRow);
    const { rows, invalid } = await run.close();
    expect([rows, invalid]).toEqual([1, 8]);
    expect(await duckdb(run.runDir, 'SELECT step, a FROM read_parquet($1)')).toEqual([{ step: null, a: 1 }]);
  });
});

describe('a value no metric can take', () => {
  const nonsense: Record<string, unknown> = {
    nothing: undefined,
    none: null,
    thing: {},
    list: [1],
    fn: () => 1,
    symbol: Symbol('s'),
    huge: 2n ** 63n,
    date: new Date(),
  };

  it('is left out, counted and told once for each metric; the rest of its row is kept', async () => {
    const run = open();
    for (let step = 0; step < 3; step++) run.logMetrics({ ...nonsense, loss: 1 }, step);
    const { rows, invalid } = await run.close();
    expect([rows, invalid]).toEqual([3, 24]);
    expect(logLines(run.runDir)).toHaveLength(8);
    expect(logLines(run.runDir)[6]).toContain('"huge" was left out: a bigint must fit into 64 bits');
    expect(Object.keys((await duckdb(run.runDir))[0] ?? {})).toEqual(['step', 'timestamp', 'loss']);
  });

  it("is an exception with onInvalid: 'throw', after the rest of its row is logged", async () => {
    const run = open({ onInvalid: 'throw' });
    expect(() => run.logMetrics({ a: 1, bad: {} as number }, 1)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE', option: 'bad', type: 'object' }) as Error,
    );
    expect(() => run.logMetrics({ a: 2 }, 0.5)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE', option: 'step' }) as Error,
    );
    run.logMetrics({ a: 3 }, 3);
    await run.close();
    expect((await duckdb(run.runDir)).map(({ step, a }) => [step, a])).toEqual([
      [1n, 1],
      [null, 2],
      [3n, 3],
    ]);
  });

  it('may be a getter or a proxy that throws', async () => {
    const run = open();
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap');
        },
      },
    );
    run.logMetrics(
      {
        a: 1,
        get b(): number {
          throw new Error('getter');
        },
      },
      1,
    );
    run.logMetrics(trap, 2);
    expect((await run.close()).rows).toBe(2);
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
    expect(seen[0]).toEqual({ ...nothing, publishes: { count: 0, totalMs: 0 } });
    expect(seen.at(-1)).toMatchObject({
      accepted: 2,
      flushed: 2,
      published: 2,
      invalid: 1,
      publishes: { count: 1 },
    });
  });
});
