import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { queryRuns, streamQuery } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../../support/temp-folder.js';
import { open, overwritePages, rowsOf } from './runs-to-query.js';

const folder = tempFolders('tables');

/** A closed run with one table for each entry, at steps 0, 1 and so on. */
async function logged(
  base: string,
  runName: string,
  tables: Readonly<Record<string, readonly object[]>>,
): Promise<string> {
  const run = open(base, runName);
  Object.entries(tables).forEach(([name, rows], step) => run.logTable(name, rows, step));
  await run.close();
  return run.runDir;
}

const fileOf = (runDir: string, file: string): string => join(runDir, 'media', file);

/** Gives a table other content, and its line in the manifest the size of that. */
function replace(runDir: string, file: string, content: string | { readonly sparse: number }): void {
  const manifest = fileOf(runDir, 'manifest.ndjson');
  writeFileSync(fileOf(runDir, file), typeof content === 'string' ? content : '');
  if (typeof content !== 'string') truncateSync(fileOf(runDir, file), content.sparse);
  const bytes = typeof content === 'string' ? Buffer.byteLength(content) : content.sparse;
  const lines = readFileSync(manifest, 'utf8').split('\n');
  const changed = lines.map((line) =>
    line.includes(`"${file}"`) ? line.replace(/"bytes":\d+/, `"bytes":${bytes}`) : line,
  );
  writeFileSync(manifest, changed.join('\n'));
}

const EVERY = 'SELECT * FROM tables ORDER BY experiment, run, step, name, row';

describe('the view tables', () => {
  it('has a row for each row of a table, with the values as they were logged', async () => {
    const base = folder();
    const run = open(base, 'a');
    const row = {
      id: 1,
      loss: 0.1,
      ok: true,
      label: `it's "q" \\ ü\n`,
      none: null,
      nan: NaN,
      big: 2n ** 60n,
    };
    run.logTable('worst', [row, { id: 2 }], 7);
    await run.close();
    const { columns, rows } = await queryRuns(base, EVERY);
    expect(columns).toEqual([
      { name: 'experiment', type: 'VARCHAR' },
      { name: 'run', type: 'VARCHAR' },
      { name: 'step', type: 'BIGINT' },
      { name: 'name', type: 'VARCHAR' },
      { name: 'row', type: 'BIGINT' },
      { name: 'data', type: 'VARCHAR' },
    ]);
    expect(rows.map((each) => [...each.slice(0, 5), JSON.parse(String(each[5])) as unknown])).toEqual([
      ['exp', 'a', 7n, 'worst', 0n, { ...row, nan: 'NaN', big: '1152921504606846976' }],
      [
        ...['exp', 'a', 7n, 'worst', 1n],
        { id: 2, loss: null, ok: null, label: null, none: null, nan: null, big: null },
      ],
    ]);
  });

  it('has steps of 64 bits, and null for a table without one', async () => {
    const base = folder();
    const run = open(base, 'a');
    for (const step of [0, -5, 2n ** 62n, undefined]) run.logTable('t', [{ id: 1 }], step);
    await run.close();
    expect(await rowsOf(base, 'SELECT step FROM tables ORDER BY step')).toEqual([
      [-5n],
      [0n],
      [2n ** 62n],
      [null],
    ]);
  });

  it('has the tables of all runs, and several of one name', async () => {
    const base = folder();
    await logged(base, 'a', { worst: [{ id: 1 }], best: [{ id: 2 }, { id: 3 }] });
    const run = open(base, 'b');
    run.logTable('worst', [{ id: 4 }], 0);
    run.logTable('worst', [{ id: 5 }], 0);
    run.logTable('empty', []);
    await run.close();
    expect(await rowsOf(base, 'SELECT run, step, name, row, data FROM tables ORDER BY data')).toEqual([
      ['a', 0n, 'worst', 0n, '{"id":1}'],
      ['a', 1n, 'best', 0n, '{"id":2}'],
      ['a', 1n, 'best', 1n, '{"id":3}'],
      ['b', 0n, 'worst', 0n, '{"id":4}'],
      ['b', 0n, 'worst', 0n, '{"id":5}'],
    ]);
  });

  it('is JSON to the operators and functions of DuckDB', async () => {
    const base = folder();
    await logged(base, 'a', { t: [{ predicted: 'cat', loss: 2.5, 'a.b': 1 }, { predicted: 'dog' }] });
    const sql = `SELECT data->>'$.predicted', data->>'predicted', json_extract(data, '$.loss'),
      data->>'$."a.b"', data.predicted, (data->>'loss')::DOUBLE * 2, typeof(data)
      FROM tables WHERE run = 'a' AND (data->>'predicted') = 'cat'`;
    expect(await rowsOf(base, sql)).toEqual([['cat', 'cat', '2.5', '1', '"cat"', 5, 'JSON']]);
    const keys = "SELECT key, value FROM tables, json_each(data) WHERE row = 0 AND key != 'a.b' ORDER BY key";
    expect(await rowsOf(base, keys)).toEqual([
      ['loss', '2.5'],
      ['predicted', '"cat"'],
    ]);
  });

  it('says where parentheses are missing', async () => {
    const base = folder();
    await logged(base, 'a', { t: [{ label: 'cat' }] });
    const sql = "FROM tables WHERE run = 'a' AND data->>'label' = 'cat'";
    await expect(rowsOf(base, sql)).rejects.toMatchObject({
      code: 'INVALID_QUERY',
      message: expect.stringContaining(
        "put it in parentheses: WHERE run = 'a' AND (data->>'label')",
      ) as string,
    });
  });

  it('can be joined with the other views', async () => {
    const base = folder();
    for (const [runName, lr] of [
      ['a', 0.1],
      ['b', 0.2],
    ] as const) {
      const run = open(base, runName);
      run.logParams({ lr });
      run.logTable('worst', [{ id: lr * 10 }]);
      await run.close();
    }
    const sql =
      "SELECT data->>'id', number FROM tables JOIN params USING (experiment, run) WHERE key = 'lr' ORDER BY 1";
    expect(await rowsOf(base, sql)).toEqual([
      ['1', 0.1],
      ['2', 0.2],
    ]);
  });

  it('has the tables of an open run as soon as they are logged', async () => {
    const base = folder();
    const run = open(base, 'live', { flushIntervalMs: 600_000 });
    run.logTable('t', [{ id: 1 }], 1);
    expect(await rowsOf(base, EVERY)).toEqual([['exp', 'live', 1n, 't', 0n, '{"id":1}']]);
    run.logTable('t', [{ id: 2 }], 2);
    expect(await rowsOf(base, 'SELECT step, data FROM tables ORDER BY step')).toEqual([
      [1n, '{"id":1}'],
      [2n, '{"id":2}'],
    ]);
    await run.close();
  });

  it('is without tables that a rewind has taken out', async () => {
    const base = folder();
    const first = open(base, 'a');
    for (const step of [2, 8]) first.logTable('cases', [{ step }], step);
    first.logTable('cases', [{ step: null }]);
    await first.close();
    const again = open(base, 'a', { resume: 'must', fromStep: 5 });
    again.logTable('cases', [{ step: 9 }], 9);
    await again.close();
    expect(await rowsOf(base, 'SELECT step, data FROM tables ORDER BY step')).toEqual([
      [2n, '{"step":2}'],
      [9n, '{"step":9}'],
      [null, '{"step":null}'],
    ]);
  });

  it('arrives in batches from a stream', async () => {
    const base = folder();
    const rows = Array.from({ length: 9000 }, (_, id) => ({ id }));
    await logged(base, 'a', { one: rows, two: rows, three: rows });
    const lengths: number[] = [];
    for await (const batch of await streamQuery(base, 'FROM tables')) lengths.push(batch.length);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(27_000);
    expect(Math.max(...lengths)).toBeLessThan(9000);
  });

  it('has no files other than tables', async () => {
    const base = folder();
    const run = open(base, 'a');
    run.logMedia('rows', Buffer.from('{"id":1}\n'), 0, { type: 'application/x-ndjson' });
    await run.close();
    expect(await queryRuns(base, 'FROM tables')).toMatchObject({ rows: [], skipped: [] });
  });
});

describe('a query of tables that are damaged', () => {
  const damages: readonly (readonly [string, string, (runDir: string, path: string) => void])[] = [
    ['was removed', 'is missing', (_, path) => rmSync(path)],
    [
      'is a link',
      'is not a regular file',
      (runDir, path) => {
        renameSync(path, join(runDir, 'elsewhere'));
        symlinkSync(join(runDir, 'elsewhere'), path);
      },
    ],
    [
      'is a folder',
      'is not a regular file',
      (_, path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
    ['was cut off', 'has 4 bytes instead of the 9 that were logged', (_, path) => truncateSync(path, 4)],
    [
      'has grown',
      'has 18 bytes instead of the 9 that were logged',
      (_, path) => writeFileSync(path, '{"id":3}\n', { flag: 'a' }),
    ],
  ];

  it.each(damages)('leaves one out that %s, and tells it', async (_, problem, damage) => {
    const base = folder();
    const runDir = await logged(base, 'a', { bad: [{ id: 1 }], good: [{ id: 2 }] });
    const path = fileOf(runDir, 'bad-0-1.ndjson');
    damage(runDir, path);
    const { rows, skipped } = await queryRuns(base, 'SELECT name, data FROM tables');
    expect(rows).toEqual([['good', '{"id":2}']]);
    expect(skipped).toEqual([{ runDir, code: 'CORRUPT', reason: `${path} ${problem}` }]);
  });

  it('tells many of a run in one line', async () => {
    const base = folder();
    const runDir = await logged(base, 'a', { x: [{ id: 1 }], y: [{ id: 2 }], z: [{ id: 3 }] });
    for (const file of ['x-0-1', 'y-1-2', 'z-2-3']) rmSync(fileOf(runDir, `${file}.ndjson`));
    const { rows, skipped } = await queryRuns(base, 'FROM tables');
    expect(rows).toEqual([]);
    expect(skipped).toEqual([
      {
        ...{ runDir, code: 'CORRUPT' },
        reason: `${fileOf(runDir, 'z-2-3.ndjson')} is missing (and 2 more like this in the run)`,
      },
    ]);
  });

  it.each([
    ['folder', 'media'],
    ['manifest', 'media/manifest.ndjson'],
  ])('does not follow a link for the %s of the media, and tells it', async (_, what) => {
    const base = folder();
    await logged(base, 'good', { t: [{ id: 1 }] });
    const runDir = await logged(base, 'bad', { t: [{ id: 2 }] });
    renameSync(join(runDir, what), join(base, 'elsewhere'));
    symlinkSync(join(base, 'elsewhere'), join(runDir, what));
    const { rows, skipped } = await queryRuns(base, 'SELECT run, data FROM tables');
    expect(rows).toEqual([['good', '{"id":1}']]);
    expect(skipped.map((each) => each.runDir)).toEqual([runDir]);
  });

  it('reads no table, and tells nothing of it, where the statement names other views', async () => {
    const base = folder();
    const runDir = await logged(base, 'a', { t: [{ id: 1 }] });
    rmSync(fileOf(runDir, 't-0-1.ndjson'));
    expect(await queryRuns(base, 'SELECT run FROM runs')).toMatchObject({ rows: [['a']], skipped: [] });
  });

  it('tells it once where it is tried again without another corrupt file', async () => {
    const base = folder();
    const run = open(base, 'a');
    for (let step = 0; step < 50; step++) run.logMetrics({ loss: step / 7 }, step);
    run.logTable('bad', [{ id: 1 }]);
    run.logTable('good', [{ id: 2 }]);
    await run.close();
    rmSync(fileOf(run.runDir, 'bad-1.ndjson'));
    overwritePages(run.runDir);
    const sql = 'SELECT data, (SELECT count(value) FROM metrics) FROM tables';
    const { rows, skipped } = await queryRuns(base, sql);
    expect(rows).toEqual([['{"id":2}', 0n]]);
    expect(skipped.filter(({ reason }) => reason.includes('bad-1.ndjson'))).toHaveLength(1);
  });
});

describe('a query of tables that are hostile', () => {
  /** The rows of a table with that content, beside a run that is well. */
  async function among(content: string): Promise<Awaited<ReturnType<typeof queryRuns>>> {
    const base = folder();
    await logged(base, 'good', { t: [{ a: 'fine' }] });
    const runDir = await logged(base, 'odd', { t: [{ a: 1 }] });
    replace(runDir, 't-0-1.ndjson', content);
    const sql = "SELECT run, row, data->>'a', json_structure(data) IS NULL FROM tables ORDER BY run, row";
    return queryRuns(base, sql);
  }
  const FINE = ['good', 0n, 'fine', false];

  it.each([
    ['no JSON', 'nonsense'],
    ['a cut-off row', '{"a":1'],
    ['a list', '[1,2]'],
    ['null', 'null'],
    ['a number', '7'],
    ['nothing', ''],
    ['a value that is an object', '{"a":{"b":1}}'],
    ['a value that is nested 200,000 levels deep', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
    ['NUL', '\0'],
  ])('leaves out a line that is %s, tells it, and counts on', async (_, line) => {
    const { rows, skipped } = await among(`{"a":0}\n${line}\n{"a":2}\n`);
    expect(rows).toEqual([FINE, ['odd', 0n, '0', false], ['odd', 2n, '2', false]]);
    expect(skipped).toMatchObject([
      {
        code: 'CORRUPT',
        reason: expect.stringMatching(/^line 2 of .*t-0-1\.ndjson is not a row of a table/) as string,
      },
    ]);
  });

  it.each([
    ['half of a surrogate pair', '{"a":"\\ud83d \\udc00"}', '\ufffd \ufffd'],
    ['a surrogate pair', '{"a":"\\ud83d\\ude00"}', '\u{1f600}'],
    ['the text of an escape', '{"a":"\\\\ud83d"}', '\\ud83d'],
    ['half of a pair for a name', '{"\\udc00":1,"a":"x"}', 'x'],
    ['a NUL', '{"a":"x\\u0000y"}', 'x\0y'],
    ['SQL', `{"a":"'; DROP VIEW runs; --"}`, "'; DROP VIEW runs; --"],
    ['a number beyond 2^53', '{"a":123456789012345678901234567890}', '123456789012345678901234567890'],
    ['a number beyond a double', '{"a":1e999}', '1e999'],
    ['a name twice', '{"a":1,"a":2}', '1'],
    ['the name of a prototype', '{"__proto__":1,"a":"x"}', 'x'],
    ['a huge cell', `{"a":"${'x'.repeat(20_000_000)}"}`, 'x'.repeat(20_000_000)],
  ])('takes %s', async (_, line, value) => {
    const { rows, skipped } = await among(`${line}\n`);
    expect(rows).toEqual([FINE, ['odd', 0n, value, false]]);
    expect(skipped).toEqual([]);
  });

  it('takes bytes that are not UTF-8 for the replacement character', async () => {
    const base = folder();
    const runDir = await logged(base, 'a', { t: [{ a: 'xx' }] });
    const bytes = readFileSync(fileOf(runDir, 't-0-1.ndjson'));
    writeFileSync(
      fileOf(runDir, 't-0-1.ndjson'),
      bytes.fill(0xff, bytes.indexOf('xx'), bytes.indexOf('xx') + 2),
    );
    expect(await rowsOf(base, "SELECT data->>'a' FROM tables")).toEqual([['\ufffd\ufffd']]);
  });

  it('takes names with quotes, of tables and of columns', async () => {
    const base = folder();
    const runDir = await logged(base, 'a', { t: [{ [`it's "q"`]: 1 }] });
    const manifest = fileOf(runDir, 'manifest.ndjson');
    const odd = `'"; DROP VIEW runs; -- \ud800`;
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"t"', JSON.stringify(odd)));
    expect(await rowsOf(base, "SELECT name, json_keys(data), data->>'it''s \"q\"' FROM tables")).toEqual([
      [`'"; DROP VIEW runs; -- \ufffd`, [`it's "q"`], '1'],
    ]);
  });

  it('reads the first rows of a table that has more than may be logged, and says so', async () => {
    const base = folder();
    const runDir = await logged(base, 'a', { t: [{ a: 1 }] });
    replace(runDir, 't-0-1.ndjson', '{"a":1}\n'.repeat(10_001));
    const { rows, skipped } = await queryRuns(base, 'SELECT count(*), max(row) FROM tables');
    expect(rows).toEqual([[10_000n, 9999n]]);
    expect(skipped).toEqual([
      {
        ...{ runDir, code: 'TOO_LARGE' },
        reason: `only the first 10000 rows of ${fileOf(runDir, 't-0-1.ndjson')} were read`,
      },
    ]);
  });

  it('reads the newest tables of a run that has logged more than it reads, and says so', async () => {
    const base = folder();
    await logged(base, 'good', { t: [{ id: 0 }] });
    const runDir = await logged(base, 'large', { old: [{ id: 1 }], new: [{ id: 2 }] });
    replace(runDir, 'old-0-1.ndjson', { sparse: 256 * 1024 * 1024 });
    const { rows, skipped } = await queryRuns(base, 'SELECT run, name, data FROM tables ORDER BY data');
    expect(rows).toEqual([
      ['good', 't', '{"id":0}'],
      ['large', 'new', '{"id":2}'],
    ]);
    expect(skipped).toEqual([
      {
        ...{ runDir, code: 'TOO_LARGE' },
        reason: `${fileOf(runDir, 'old-0-1.ndjson')} was left out: at most 268435456 bytes of a run's tables are read, the newest first`,
      },
    ]);
  });
});
