import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { queryRuns } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../../support/temp-folder.js';
import { closed, overwritePages, rowsOf } from './runs-to-query.js';

const folder = tempFolders('query');

describe('a query over damaged runs', () => {
  const damages: readonly (readonly [string, (runDir: string, outside: string) => void])[] = [
    [
      'a cut-off file',
      (runDir) => {
        writeFileSync(
          join(runDir, 'metrics.parquet'),
          readFileSync(join(runDir, 'metrics.parquet')).subarray(0, 500),
        );
      },
    ],
    ['pages that were overwritten', overwritePages],
    [
      'text for a file',
      (runDir) => {
        writeFileSync(join(runDir, 'metrics.parquet'), 'PAR1'.repeat(100));
      },
    ],
    [
      "another run's file",
      (runDir, outside) => {
        copyFileSync(join(outside, 'metrics.parquet'), join(runDir, 'metrics.parquet'));
      },
    ],
    [
      'a link for a file',
      (runDir, outside) => {
        rmSync(join(runDir, 'metrics.parquet'));
        symlinkSync(join(outside, 'metrics.parquet'), join(runDir, 'metrics.parquet'));
      },
    ],
    [
      'a folder for a file',
      (runDir) => {
        rmSync(join(runDir, 'metrics.parquet'));
        mkdirSync(join(runDir, 'metrics.parquet'));
      },
    ],
    [
      'a fifo for a file',
      (runDir) => {
        rmSync(join(runDir, 'metrics.parquet'));
        spawnSync('mkfifo', [join(runDir, 'metrics.parquet')]);
      },
    ],
    [
      'no run.yaml that makes sense',
      (runDir) => {
        writeFileSync(join(runDir, 'run.yaml'), '- '.repeat(1000));
      },
    ],
  ];

  it.each(damages)('leaves one out that has %s, and tells it', async (_, damage) => {
    const base = folder();
    const outside = await closed(folder(), 'outside', [{ loss: 666 }]);
    await closed(base, 'good', [{ loss: 1 }]);
    const bad = await closed(
      base,
      'bad',
      Array.from({ length: 50 }, (_each, at) => ({ loss: at / 7 })),
    );
    damage(bad, outside);
    const { rows, skipped } = await queryRuns(base, 'SELECT run, sum(value) FROM metrics GROUP BY ALL');
    expect(rows).toEqual([['good', 1]]);
    expect(skipped.map(({ runDir }) => runDir)).toEqual([bad]);
  });

  it('has no rows where every file turns out to be corrupt', async () => {
    const base = folder();
    const rows = Array.from({ length: 50 }, (_, at) => ({ loss: at / 7 }));
    const bad = await closed(base, 'bad', rows);
    overwritePages(bad);
    const { rows: found, skipped } = await queryRuns(base, 'FROM metrics');
    expect(found).toEqual([]);
    expect(skipped.map(({ runDir }) => runDir)).toEqual([bad]);
  });

  it('does not follow a link for a run folder or an experiment', async () => {
    const base = folder();
    const outside = folder();
    const run = await closed(outside, 'outside', [{ loss: 666 }]);
    await closed(base, 'good', [{ loss: 1 }]);
    symlinkSync(run, join(base, 'exp', 'linked'));
    symlinkSync(join(outside, 'exp'), join(base, 'linked'));
    expect(await rowsOf(base, 'SELECT run, value FROM metrics')).toEqual([['good', 1]]);
  });

  it('reads of a folder whose name is a pattern that folder only', async () => {
    const base = join(folder(), 'lr=0.1', 'ba[sx]e*');
    mkdirSync(base, { recursive: true });
    await closed(base, 'run1', [{ loss: 1 }]);
    const odd = await closed(base, 'run2', [{ loss: 2 }]);
    renameSync(odd, join(base, 'exp', 'run[12]'));
    expect(await rowsOf(base, 'SELECT run, value FROM metrics ORDER BY value')).toEqual([
      ['run1', 1],
      ['run[12]', 2],
    ]);
  });
});

describe('a query that wants more than to read the runs', () => {
  it.each([
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_text('BASE/exp/../../../etc/passwd')",
    "SELECT * FROM read_text('BASE/exp/run/run.yaml')",
    "SELECT * FROM 'BASE/exp/run/metrics.parquet'",
    "SELECT * FROM 'BASE/secret.csv'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM glob('BASE/*')",
    "SELECT * FROM parquet_metadata('BASE/exp/run/metrics.parquet')",
    "COPY runs TO 'BASE/out.csv'",
    "EXPLAIN ANALYZE COPY runs TO 'BASE/out.csv'",
    "ATTACH 'BASE/out.db'",
    'INSTALL httpfs',
    'LOAD json',
    'SET threads = 1',
    'RESET threads',
    "SET VARIABLE expman_long_0 = ['/etc/passwd']",
    'PRAGMA database_list',
    'PRAGMA version',
    'CALL enable_logging()',
    "SELECT * FROM enable_logging(storage = 'file', storage_path = 'BASE/log')",
    "SELECT * FROM \"ENABLE_logging\" /* /* */ ( */ (storage = 'file', storage_path = 'BASE/log')",
    "SELECT * FROM query('FROM ena' || 'ble_logging()')",
    "SELECT $$'$$, * FROM query_table(['runs'])",
    "SELECT e'\\'', * FROM query('SELECT 1')",
    "EXPORT DATABASE 'BASE/out'",
    'CREATE TABLE t (i INT)',
    'DROP VIEW metrics',
    'INSERT INTO runs (run) VALUES (1)',
    'DELETE FROM runs',
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP VIEW metrics',
    'BEGIN',
    'USE memory',
    'SELECT ?',
    '',
    '-- nothing',
    'SELECT \0 1',
    `SELECT '${'x'.repeat(70_000)}'`,
  ])('is refused: %s', async (sql) => {
    const base = folder();
    await closed(base, 'run', [{ loss: 1 }]);
    writeFileSync(join(base, 'secret.csv'), 'a\n1\n');
    const before = readdirSync(base).sort();
    await expect(rowsOf(base, sql.replaceAll('BASE', base))).rejects.toMatchObject({ code: 'INVALID_QUERY' });
    expect(readdirSync(base).sort()).toEqual(before);
    expect(existsSync('.tmp')).toBe(false);
  });

  it.each([
    'WITH best AS (SELECT min(value) AS v FROM metrics) SELECT v FROM best',
    'FROM (PIVOT metrics ON metric IN (loss) USING max(value) GROUP BY run) SELECT loss',
    "SELECT value FROM metrics WHERE metric != 'query(' AND metric != 'SET' -- glob(",
    'SELECT value /* ; */ FROM "metrics";',
    '(SELECT value FROM main.metrics)',
  ])('but one that reads is taken: %s', async (sql) => {
    const base = folder();
    await closed(base, 'run', [{ loss: 1 }]);
    expect(await rowsOf(base, sql)).toEqual([[1]]);
  });
});
