import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { from, interval, lastValueFrom, map, Subject, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  ExperimentConfig,
  LoggingEngine,
  RunStatus,
  type ExperimentOptions,
  type MetricRow,
} from 'expman-rx';
import { duckdb, logLines, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('run');

const open = (options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, ...options }));

describe('what a run is told', () => {
  it('merges parameters deeply, the last write winning, and reaches no prototype', async () => {
    const run = open();
    run.logParams({ optimizer: { name: 'Adam', lr: 1e-3 }, layers: [1, 2] });
    run.logParams({ optimizer: { lr: 1e-4 }, layers: [3] });
    run.logParams(
      JSON.parse(
        '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "ok": 1}',
      ) as object,
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
    expect(lines[2]).toMatch(/third.*why.*calls\.spec/);
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
