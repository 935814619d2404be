import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoggingEngine } from 'expman-rx';
import { queryRuns, streamQuery } from 'expman-rx/reader';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { tempFolders } from '../../support/temp-folder.js';
import { closed, open, rowsOf } from './runs-to-query.js';

const folder = tempFolders('query');

describe('a query', () => {
  it('says of which log it has read the end alone', async () => {
    const base = folder();
    const runDir = await closed(base, 'a', [{ loss: 1 }]);
    const line = (at: number): string =>
      `2026-01-01T00:00:00.000Z INFO  ${String(at).padStart(9, '0')}${'x'.repeat(1000)}\n`;
    writeFileSync(join(runDir, 'run.log'), Array.from({ length: 17_000 }, (_, at) => line(at)).join(''));
    const { rows, skipped } = await queryRuns(base, 'SELECT count(*) FROM logs');
    expect(Number(rows[0]?.[0])).toBeLessThan(17_000);
    expect(skipped).toMatchObject([
      { runDir, reason: expect.stringContaining('only the last 16777216 bytes') as string },
    ]);
  });

  it('counts calls beside rows, says the greatest step and what a resume took out', async () => {
    const base = folder();
    const first = open(base, 'a');
    for (let step = 0; step < 10; step++) {
      first.logMetrics({ loss: step }, step);
      first.logMetrics({ accuracy: 0 }, step);
    }
    await first.close();
    const again = open(base, 'a', { resume: 'must', fromStep: 8 });
    again.logMetrics({ loss: 0 }, 2n ** 60n);
    await again.close();

    const counts = 'SELECT rows, accepted, rewound, last_step, dropped, invalid, lost FROM runs';
    expect(await rowsOf(base, counts)).toEqual([[9n, 21n, 2n, 2n ** 60n, 0n, 0n, 0n]]);
  });

  it('sees runs, parameters, logs and metrics, long and wide', async () => {
    const base = folder();
    const run = open(base, 'a', { tags: ['x', "it's"], group: 'g' });
    run.logParams({ lr: 0.1, net: { layers: [1, 2], name: 'mlp' }, seed: 12345678901234567890n });
    run.logger.info('done', { epoch: 1 });
    run.logMetrics({ loss: 0.5, n: 3n, ok: true, phase: 'warm' }, 7);
    await run.close();
    expect(await rowsOf(base, 'SELECT experiment, run, status, rows, tags, "group", rank FROM runs')).toEqual(
      [['exp', 'a', 'FINISHED', 1n, ['x', "it's"], 'g', null]],
    );
    expect(await rowsOf(base, 'SELECT key, value, number FROM params ORDER BY key')).toEqual([
      ['lr', '0.1', 0.1],
      ['net.layers', '[1,2]', null],
      ['net.name', 'mlp', null],
      ['seed', '12345678901234567890', 12345678901234567890],
    ]);
    expect(await rowsOf(base, 'SELECT run, level, message, meta FROM logs')).toEqual([
      ['a', 'info', 'done', '{"epoch":1}'],
    ]);
    expect(await rowsOf(base, 'SELECT step, metric, value, text FROM metrics ORDER BY metric')).toEqual([
      [7n, 'loss', 0.5, null],
      [7n, 'n', 3, null],
      [7n, 'ok', 1, null],
      [7n, 'phase', null, 'warm'],
    ]);
    const { columns, rows } = await queryRuns(base, 'SELECT * EXCLUDE timestamp FROM wide');
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'experiment VARCHAR',
      'run VARCHAR',
      'step BIGINT',
      'loss DOUBLE',
      'n BIGINT',
      'ok BOOLEAN',
      'phase VARCHAR',
    ]);
    expect(rows).toEqual([['exp', 'a', 7n, 0.5, 3n, true, 'warm']]);
  });

  it('has the rows that are in the write-ahead log only, whose run goes on', async () => {
    const base = folder();
    await closed(base, 'done', [{ loss: 1 }]);
    const run = open(base, 'live', { flushIntervalMs: 600_000 });
    for (let step = 0; step < 100; step++) run.logMetrics({ loss: -step }, step);
    await run.flush();
    expect(readdirSync(run.runDir)).not.toContain('metrics.parquet');
    expect(
      await rowsOf(
        base,
        "SELECT run, min(value), count(*) FROM metrics WHERE metric = 'loss' GROUP BY ALL ORDER BY run",
      ),
    ).toEqual([
      ['done', 1, 1n],
      ['live', -99, 100n],
    ]);
    expect(await rowsOf(base, 'SELECT run, min(loss) FROM wide GROUP BY ALL ORDER BY run')).toEqual([
      ['done', 1],
      ['live', -99],
    ]);
    await run.close();
  });

  it('leaves out an unclosed run that is corrupt, and no other one behind it', async () => {
    const base = folder();
    await closed(base, 'a', [{ loss: 1 }, { loss: 2 }]);
    const live: LoggingEngine[] = [];
    for (const name of ['a', 'b', 'c']) {
      const run = open(base, name, { flushIntervalMs: 600_000, resume: 'allow' });
      run.logMetrics({ loss: 3 }, 2);
      await run.flush();
      live.push(run);
    }
    const path = join(base, 'exp/a/metrics.parquet');
    const bytes = readFileSync(path);
    bytes[20] = 0;
    writeFileSync(path, bytes);
    const { rows, skipped } = await queryRuns(base, 'SELECT DISTINCT run FROM metrics ORDER BY run');
    expect(rows).toEqual([['b'], ['c']]);
    expect(skipped.map(({ runDir }) => runDir)).toEqual([join(base, 'exp/a')]);
    for (const run of live) await run.close().catch(() => undefined);
  });

  it('leaves no file of its own behind', async () => {
    const base = folder();
    const run = open(base, 'live');
    run.logMetrics({ loss: 1 });
    await run.flush();
    // A folder of its own: other specs query at the same time.
    const temp = folder();
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, temp);
    onTestFinished(() => void vi.unstubAllEnvs());
    await rowsOf(base, 'FROM metrics');
    await expect(rowsOf(base, 'SELECT nothing FROM metrics')).rejects.toMatchObject({
      code: 'INVALID_QUERY',
    });
    for await (const batch of await streamQuery(base, 'FROM metrics')) expect(batch).toHaveLength(1);
    const left = (await streamQuery(base, 'FROM metrics'))[Symbol.asyncIterator]();
    await left.next();
    await left.return?.();
    (await streamQuery(base, 'FROM metrics')).close();
    expect(readdirSync(temp)).toEqual([]);
    await run.close();
  });

  it('takes a metric that is a number in one run and text, an integer or a boolean in another', async () => {
    const base = folder();
    for (const [at, x] of [0.5, 'text', 7n, true, '1.5'].entries())
      await closed(base, `r${at}`, [{ x, same: 1 }]);
    expect(
      await rowsOf(base, "SELECT run, value, text FROM metrics WHERE metric = 'x' ORDER BY run"),
    ).toEqual([
      ['r0', 0.5, null],
      ['r1', null, 'text'],
      ['r2', 7, null],
      ['r3', 1, null],
      ['r4', null, '1.5'],
    ]);
    expect(await rowsOf(base, 'SELECT x FROM wide ORDER BY run')).toEqual([
      ['0.5'],
      ['text'],
      ['7'],
      ['true'],
      ['1.5'],
    ]);
    expect(await rowsOf(base, "SELECT count(*) FROM metrics WHERE metric = 'same'")).toEqual([[5n]]);
  });

  it.each<[string, readonly (number | bigint | boolean | string)[], readonly unknown[]]>([
    ['no text reads as a number', [0.5, 'nan', true, -1e-7, NaN, 'inf'], [0.5, 'nan', 1, -1e-7, NaN, 'inf']],
    [
      'texts read as numbers',
      [1, '1', 'NaN', false, 'true', 'x', 2n ** 60n],
      [1, '1', 'NaN', 0, 'true', 'x', 2 ** 60],
    ],
  ])('has numbers and texts of one metric apart: %s', async (_, logged, values) => {
    const base = folder();
    const rows = logged.map((x) => ({ x }));
    await closed(base, 'closed', rows);
    const run = open(base, 'open', { flushIntervalMs: 60_000 });
    rows.forEach((row, step) => {
      run.logMetrics(row, step);
    });
    await run.flush();
    for (const name of ['closed', 'open'])
      expect(
        await rowsOf(base, `SELECT value, text FROM metrics WHERE run = '${name}' ORDER BY step`),
      ).toEqual(values.map((value) => (typeof value === 'string' ? [null, value] : [value, null])));
    await run.close();
  });

  it('takes any name of a metric', async () => {
    const base = folder();
    const names = [
      'loss',
      'Loss',
      'LOSS',
      '',
      'a"b',
      "it's",
      'step',
      'timestamp',
      'run',
      'experiment',
      'filename',
      'file_index',
      'metric',
      '__proto__',
      'ü/x.y',
      'nul\0x',
      'a b',
      '$$',
      'select',
      '*',
    ];
    await closed(base, 'odd', [Object.fromEntries(names.map((name, at) => [name, at]))]);
    await closed(base, 'plain', [{ loss: 100, LOSS: 101 }]);
    await closed(base, 'upper', [{ LOSS: 102 }]);
    const shown = names
      .map((name, at) => [name.replace('\0', '\ufffd'), at] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    expect(await rowsOf(base, "SELECT metric, value FROM metrics WHERE run = 'odd' ORDER BY metric")).toEqual(
      shown,
    );
    expect(await rowsOf(base, "SELECT run, value FROM metrics WHERE metric = 'LOSS' ORDER BY run")).toEqual([
      ['odd', 2],
      ['plain', 101],
      ['upper', 102],
    ]);
    expect(await rowsOf(base, 'SELECT count(*) FROM wide')).toEqual([[3n]]);
  });

  it('takes more metrics than it has scans for', async () => {
    const base = folder();
    const many = Object.fromEntries(
      Array.from({ length: 200 }, (_, at) => [`m${at}`, at % 3 === 0 ? `t${at}` : at]),
    );
    await closed(base, 'many', [many]);
    await closed(base, 'few', [{ m1: 5 }]);
    expect(await rowsOf(base, 'SELECT count(*), count(value), count(text) FROM metrics')).toEqual([
      [201n, 134n, 67n],
    ]);
    expect(await rowsOf(base, "SELECT run, value FROM metrics WHERE metric = 'm1' ORDER BY run")).toEqual([
      ['few', 5],
      ['many', 1],
    ]);
  });

  it('gives moments as ISO text with microseconds, in UTC', async () => {
    const base = folder();
    expect(
      await rowsOf(
        base,
        "SELECT timestamptz '2026-01-01 12:00:00.123456+02', date '2026-01-31', [timestamp '2026-01-01'], 2::HUGEINT ** 70, 1.5, {a: 1}, 'nan'::double, strftime(timestamptz '2026-01-01 12:00:00+02', '%H')",
      ),
    ).toEqual([
      [
        '2026-01-01T10:00:00.123456Z',
        '2026-01-31',
        ['2026-01-01T00:00:00'],
        2 ** 70,
        1.5,
        { a: 1 },
        NaN,
        '10',
      ],
    ]);
  });

  it('has all views where there is no run', async () => {
    const base = folder();
    for (const view of ['runs', 'params', 'metrics', 'wide', 'logs', 'tables'])
      expect(await rowsOf(base, `FROM ${view}`)).toEqual([]);
  });

  it('says when there were more rows than it returns', async () => {
    const limited = await queryRuns(folder(), 'FROM range(10000)', { maxRows: 5 });
    expect(limited).toMatchObject({ truncated: true, rows: [[0n], [1n], [2n], [3n], [4n]] });
    expect((await queryRuns(folder(), 'FROM range(5)', { maxRows: 5 })).truncated).toBe(false);
  });

  it('ends when it takes too long or too much memory', async () => {
    const endless =
      'SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = -1';
    await expect(queryRuns(folder(), endless, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'QUERY_LIMIT',
    });
    const large = 'SELECT list(range) FROM range(100000000)';
    await expect(queryRuns(folder(), large, { memoryLimit: '50MB' })).rejects.toMatchObject({
      code: 'QUERY_LIMIT',
    });
    await expect(queryRuns(folder(), 'SELECT 1', { memoryLimit: 'lots' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  it.each([
    "repeat('x', 2000000000)",
    "repeat(repeat('x', 60000), 60000)",
    "lpad('x', 2000000000, 'y')",
    "rpad('x', 2000000000, 'y')",
    "repeat('x', 100000 + n)",
  ])('makes no text that the memory limit does not see: %s', async (made) => {
    const sql = `SELECT ${made} FROM (SELECT unnest([1, 2]) AS n)`;
    await expect(queryRuns(folder(), sql)).rejects.toMatchObject({ code: 'QUERY_LIMIT' });
  });

  it('repeats and fills up what is short', async () => {
    const sql =
      "SELECT repeat('ab', 3), repeat([1], 2), lpad('x', 3, 'y'), rpad('x', 3, 'y'), repeat(NULL, 2)";
    expect(await rowsOf(folder(), sql)).toEqual([['ababab', [1, 1], 'yyx', 'xyy', null]]);
  });

  it('names what is wrong in SQL', async () => {
    await expect(rowsOf(folder(), 'SELECT lss FROM (SELECT 1 AS loss)')).rejects.toThrow(/lss/);
  });

  it('without its package says how to get it', () => {
    const hook = `export const resolve = (name, context, next) => { if (name.startsWith('@duckdb')) throw Object.assign(new Error("Cannot find package '" + name + "' imported from here"), { code: 'ERR_MODULE_NOT_FOUND' }); return next(name, context); };`;
    const program = `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
      const { queryRuns } = await import(${JSON.stringify(new URL('../../../dist/reader.js', import.meta.url).href)});
      await queryRuns('.', 'SELECT 1').catch(({ code, message }) => console.log(code, message));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      cwd: folder(),
    });
    expect(stdout).toMatch(/^QUERY_UNAVAILABLE .*is not installed: npm install @duckdb\/node-api/);
  });
});
