import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, RunStatus, type ExperimentOptions } from 'expman-rx';
import { runChild } from '../support/child.js';
import { duckdb, logLines, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('resume');
const open = (base: string, options: ExperimentOptions): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName: 'r', ...options }));
const steps = async (runDir: string): Promise<unknown[]> =>
  (await duckdb(runDir)).map(({ step }) => Number(step));

describe('a run of a name that is taken', () => {
  it("is refused with resume: 'never', the default", async () => {
    const base = folder();
    await open(base, {}).close();
    expect(() => open(base, {})).toThrow(expect.objectContaining({ code: 'RUN_EXISTS' }) as Error);
  });

  it('is refused while it is open, whatever resume says', async () => {
    const base = folder();
    const run = open(base, {});
    expect(() => open(base, { resume: 'allow' })).toThrow(
      expect.objectContaining({ code: 'RUN_LOCKED' }) as Error,
    );
    run.logMetrics({ a: 1 }, 1);
    expect((await run.close()).rows).toBe(1);
  });

  it("must be there with resume: 'must'", () => {
    expect(() => open(folder(), { resume: 'must' })).toThrow(
      expect.objectContaining({ code: 'RUN_NOT_FOUND' }) as Error,
    );
  });

  it('is refused where its run.yaml makes no sense', () => {
    const base = folder();
    mkdirSync(join(base, 'exp/r/artifacts'), { recursive: true });
    utimesSync(join(base, 'exp/r'), 1, 1);
    expect(() => open(base, { resume: 'allow' })).toThrow(
      expect.objectContaining({ code: 'RUN_NOT_FOUND' }) as Error,
    );
    writeFileSync(join(base, 'exp/r/run.yaml'), 'status: RUNNING\n');
    expect(() => open(base, { resume: 'allow' })).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }) as Error,
    );
  });

  it('begins afresh where its maker was killed before it had a run.yaml, and not where anything else is left', async () => {
    const base = folder();
    const runDir = join(base, 'exp/r');
    mkdirSync(runDir, { recursive: true });
    writeFileSync(
      join(runDir, 'run.lock'),
      JSON.stringify({
        pid: 2 ** 22,
        host: hostname(),
        startTicks: 1,
        bootId: null,
        epoch: 0,
        token: 'dead',
      }),
    );
    writeFileSync(join(runDir, '.run.yaml.0123456789ab.tmp'), 'status: RUN');
    utimesSync(runDir, 1, 1);
    const run = open(base, { resume: 'allow' });
    run.logMetrics({ a: 1 }, 1);
    expect((await run.close()).rows).toBe(1);
    expect(readdirSync(runDir).sort()).toEqual(['metrics.parquet', 'run.yaml']);
    rmSync(join(runDir, 'run.yaml'));
    utimesSync(runDir, 1, 1);
    expect(() => open(base, { resume: 'allow' })).toThrow(
      expect.objectContaining({ code: 'RUN_NOT_FOUND' }) as Error,
    );
  });

  it('gets a suffix where it was made from the time', async () => {
    const base = folder();
    const runs = Array.from(
      { length: 20 },
      () => new LoggingEngine(new ExperimentConfig('exp', base, { environment: false })),
    );
    expect(new Set(runs.map(({ runName }) => runName)).size).toBe(20);
    await Promise.all(runs.map((run) => run.close()));
  });
});

describe('a run that is continued', () => {
  it('keeps its rows, parameters, metadata, artifacts and log, and goes on behind them', async () => {
    const base = folder();
    const first = open(base, { tags: ['a'], notes: 'first', resume: 'allow' });
    first.logParams({ lr: 1, model: { depth: 2 } });
    first.logger.info('one');
    for (let step = 0; step < 5; step++) first.logMetrics({ loss: step, old: true }, step);
    await first.saveArtifact('x', Uint8Array.of(1));
    await first.close();
    const before = yamlOf(first.runDir);

    const second = open(base, { tags: ['b'], resume: 'allow' });
    expect(yamlOf(second.runDir)).toMatchObject({
      status: 'RUNNING',
      uuid: before['uuid'],
      counts: { rows: 5 },
    });
    second.logParams({ model: { width: 3 } });
    second.logger.info('two');
    for (let step = 5; step < 8; step++) second.logMetrics({ loss: step, fresh: 'f' }, step);
    const { rows, metrics } = await second.close();

    expect(rows).toBe(8);
    expect(metrics.get('loss')).toMatchObject({ count: 8, min: 0, max: 7, mean: 3.5 });
    expect(await steps(second.runDir)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(yamlOf(second.runDir, 'config.yaml')).toEqual({ lr: 1, model: { depth: 2, width: 3 } });
    expect(logLines(second.runDir).map((line) => line.slice(-3))).toEqual(['one', 'two']);
    expect(yamlOf(second.runDir)).toMatchObject({
      status: 'FINISHED',
      uuid: before['uuid'],
      startedAt: before['startedAt'],
      epoch: Number(before['epoch']) + 1,
      tags: ['a', 'b'],
      notes: 'first',
      counts: { rows: 8 },
      artifacts: { x: { bytes: 1 } },
      resumed: [{ from: 'FINISHED', step: 4 }],
    });
    expect(readdirSync(second.runDir).sort()).toEqual([
      'artifacts',
      'config.yaml',
      'metrics.parquet',
      'run.log',
      'run.yaml',
    ]);
  });

  it('has the rows of an owner that was killed, generation after generation', async () => {
    const base = folder();
    const code = (from: number): string => `
      const run = open({ runName: 'r', resume: 'allow', flushIntervalMs: 50 });
      for (let step = ${from}; step < ${from + 1000}; step++) run.logMetrics({ loss: step, ['g${from}']: BigInt(step) }, step);
      run.logParams({ g${from}: true });
      run.logger.info('generation ${from}');
      await run.flush();
      process.kill(process.pid, 'SIGKILL');`;
    for (let generation = 0; generation < 4; generation++) {
      const { ended, stderr } = await runChild(base, code(generation * 1000));
      expect([ended, stderr]).toEqual(['SIGKILL', '']);
    }
    const run = open(base, { resume: 'must' });
    run.logMetrics({ loss: -1 }, 4000);
    const { rows, status } = await run.close();
    expect([rows, status]).toEqual([4001, RunStatus.Finished]);
    expect(await steps(run.runDir)).toEqual(Array.from({ length: 4001 }, (_, step) => step));
    expect(yamlOf(run.runDir, 'config.yaml')).toEqual({ g0: true, g1000: true, g2000: true, g3000: true });
    expect(logLines(run.runDir)).toHaveLength(4);
    expect(yamlOf(run.runDir)['resumed']).toMatchObject(
      [999, 1999, 2999, 3999].map((step) => ({ from: 'RUNNING', step })),
    );
  });

  it('widens the columns of the rows before', async () => {
    const base = folder();
    const first = open(base, { resume: 'allow' });
    first.logMetrics({ x: 1n, y: 2 ** 0.5 }, 0);
    await first.close();
    const second = open(base, { resume: 'allow' });
    second.logMetrics({ x: 0.5, y: 'text' }, 1);
    await second.close();
    expect((await duckdb(second.runDir)).map(({ x, y }) => [x, y])).toEqual([
      [1, String(2 ** 0.5)],
      [0.5, 'text'],
    ]);
  });

  it('keeps a file it cannot read as .corrupt and goes on', async () => {
    const base = folder();
    const first = open(base, { resume: 'allow' });
    first.logMetrics({ x: 1 }, 0);
    await first.close();
    const file = join(first.runDir, 'metrics.parquet');
    const bytes = readFileSync(file);
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 255;
    writeFileSync(file, bytes);
    const second = open(base, { resume: 'allow' });
    second.logMetrics({ x: 2 }, 1);
    await second.close();
    expect(await steps(second.runDir)).toEqual([1]);
    expect(readFileSync(`${file}.corrupt`)).toEqual(bytes);
  });
});
