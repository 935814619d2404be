import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions, type MetricValue } from 'expman-rx';
import { readRun } from 'expman-rx/reader';
import { duckdb, hyparquet, logLines, type ReadRow } from '../support/read-back.js';
import { cellText } from '../support/cell-text.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('columns');
const open = (options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, ...options }));

type Row = Readonly<Record<string, MetricValue>>;

/** Logs rows, one a step, and returns the run's folder once it is closed. */
async function logged(rows: readonly Row[], options?: ExperimentOptions): Promise<string> {
  const run = open(options);
  rows.forEach((row, step) => run.logMetrics(row, step));
  await run.close();
  return run.runDir;
}

const columnOf = (rows: readonly ReadRow[], name: string): unknown[] => rows.map((row) => row[name]);
const typesOf = async (runDir: string): Promise<ReadRow> => {
  const described = await duckdb(runDir, 'DESCRIBE SELECT * FROM read_parquet($1)');
  return Object.fromEntries(
    described.map(({ column_name, column_type }) => [String(column_name), column_type]),
  );
};

describe('a column', () => {
  it('has the type of its values: DOUBLE, BIGINT, BOOLEAN, VARCHAR', async () => {
    const runDir = await logged([{ double: 1, int: 1n, bool: true, text: 'a' }]);
    expect(await typesOf(runDir)).toEqual({
      step: 'BIGINT',
      timestamp: 'TIMESTAMP WITH TIME ZONE',
      double: 'DOUBLE',
      int: 'BIGINT',
      bool: 'BOOLEAN',
      text: 'VARCHAR',
    });
  });

  it('gives back every double exactly: NaN, both infinities, -0, the smallest and the largest', async () => {
    const values = [NaN, Infinity, -Infinity, -0, 0, 5e-324, Number.MAX_VALUE, 0.1 + 0.2, 1e21, NaN];
    const runDir = await logged(values.map((x) => ({ x })));
    for (const rows of [await duckdb(runDir), await hyparquet(runDir)])
      expect(columnOf(rows, 'x').every((x, at) => Object.is(x, values[at]))).toBe(true);
  });

  it('gives back every int64 exactly', async () => {
    const values = [0n, -1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    const runDir = await logged(values.map((x) => ({ x })));
    for (const rows of [await duckdb(runDir), await hyparquet(runDir)])
      expect(columnOf(rows, 'x')).toEqual(values);
  });

  it('gives back every text: empty, of a megabyte, emoji; a lone surrogate is replaced visibly', async () => {
    const values = ['', 'x'.repeat(1_000_000), '🦜👩‍🚀', 'a\u0000b\n', 'lone \ud800!'];
    const runDir = await logged(values.map((x) => ({ x })));
    for (const rows of [await duckdb(runDir), await hyparquet(runDir)])
      expect(columnOf(rows, 'x')).toEqual([...values.slice(0, 4), 'lone \ufffd!']);
  });

  it('is null in rows that say nothing of it, whenever it comes first', async () => {
    const rows: Row[] = Array.from({ length: 300_000 }, (_, step) =>
      step < 280_000 ? { a: step } : { a: step, late: BigInt(step) },
    );
    const runDir = await logged(rows);
    const [found] = await duckdb(
      runDir,
      'SELECT count(*) AS rows, count(late) AS late, min(late) AS first, count(*) FILTER (a = step) AS right FROM read_parquet($1)',
    );
    expect(found).toEqual({ rows: 300_000n, late: 20_000n, first: 280_000n, right: 300_000n });
  });

  it.each<[string, MetricValue[], unknown[], string]>([
    ['bigint, then number, where all stay exact', [1n, 2.5, 3n], [1, 2.5, 3], 'DOUBLE'],
    ['number, then bigint', [0.5, -7n], [0.5, -7], 'DOUBLE'],
    ['a bigint beyond 2^53 among numbers', [2n ** 53n + 1n, 2.5], ['9007199254740993', '2.5'], 'VARCHAR'],
    ['number, then text', [1e21, -0, NaN, 'x'], ['1e+21', '-0', 'NaN', 'x'], 'VARCHAR'],
    ['a number beyond 2^53, then text', [2 ** 60, 'x'], ['1.152921504606847e+18', 'x'], 'VARCHAR'],
    ['boolean, then number', [true, 3], ['true', '3'], 'VARCHAR'],
    ['text, then boolean', ['yes', false], ['yes', 'false'], 'VARCHAR'],
  ])('widens without losing a value: %s', async (_case, values, expected, type) => {
    const runDir = await logged(values.map((x) => ({ x })));
    expect(columnOf(await duckdb(runDir), 'x')).toEqual(expected);
    expect((await typesOf(runDir))['x']).toBe(type);
  });

  it('widens in row groups that are sealed already', async () => {
    const rows: Row[] = Array.from({ length: 200_000 }, (_, step) => ({
      x: step < 199_999 ? BigInt(step) : 'end',
    }));
    const runDir = await logged(rows);
    const [found] = await duckdb(
      runDir,
      'SELECT count(*) FILTER (x = step::VARCHAR) AS same, arg_max(x, step) AS last FROM read_parquet($1)',
    );
    expect(found).toEqual({ same: 199_999n, last: 'end' });
  });

  it('may bear any name', async () => {
    const names = [
      '__proto__',
      'constructor',
      'toString',
      '',
      ' ',
      'a.b/c d',
      '"quoted"',
      'ünï',
      '\n',
      'a'.repeat(5000),
    ];
    const run = open();
    run.logMetrics(Object.fromEntries(names.map((name, at) => [name, at])), 1);
    await run.close();
    const { metrics } = await run.closed;
    expect([...metrics.keys()]).toEqual(names);
    const valuesIn = ([row = {}]: readonly ReadRow[], read: readonly string[]): unknown[] =>
      read.map((name) => Object.getOwnPropertyDescriptor(row, name)?.value as unknown);
    const values = names.map((_, at) => at);
    expect(valuesIn(await hyparquet(run.runDir), names)).toEqual(values);
    // DuckDB calls a column without a name by its place.
    expect(
      valuesIn(
        await duckdb(run.runDir),
        names.map((name) => (name === '' ? 'C5' : name)),
      ),
    ).toEqual(values);
  });

  it('whose name is no Unicode is spelled out, so that two of them stay two', async () => {
    const run = open();
    run.logMetrics({ 'half \ud800': 1, 'half \udc00': 2 }, 1);
    await run.close();
    expect(await hyparquet(run.runDir)).toEqual([
      expect.objectContaining({ 'half \\ud800': 1, 'half \\udc00': 2 }),
    ]);
  });

  it('gets a suffix and a warning where its name is taken', async () => {
    const run = open();
    run.logMetrics({ step: 10, step_: 11, timestamp: 12 }, 1);
    await run.close();
    const [row] = await duckdb(run.runDir, 'SELECT * EXCLUDE timestamp FROM read_parquet($1)');
    expect(row).toEqual({ step: 1n, step_: 10, step__: 11, timestamp_: 12 });
    expect(logLines(run.runDir).map((line) => line.replace(/ \{.*/, ''))).toEqual([
      expect.stringContaining('"step"') as string,
      expect.stringContaining('"timestamp"') as string,
    ]);
  });
});

describe('a run of very many metrics', () => {
  it('holds 5,000 of them', async () => {
    const names = Array.from({ length: 5000 }, (_, at) => `layer.${at}.norm`);
    const run = open();
    for (let step = 0; step < 3; step++)
      run.logMetrics(Object.fromEntries(names.map((name, at) => [name, at + step / 10])), step);
    const { metrics } = await run.close();
    expect(metrics.size).toBe(5000);
    const [, , last] = await hyparquet(run.runDir);
    expect(Object.keys(last ?? {})).toHaveLength(5002);
    expect(last?.['layer.4999.norm']).toBe(4999.2);
  });

  it('takes no more than maxMetrics, and counts and tells what was over', async () => {
    const run = open({ maxMetrics: 2 });
    run.logMetrics({ a: 1, b: 2, c: 3 }, 1);
    run.logMetrics({ c: 3, a: 4 }, 2);
    const { invalid, metrics } = await run.close();
    expect([invalid, [...metrics.keys()]]).toEqual([2, ['a', 'b']]);
    expect(logLines(run.runDir)).toEqual([expect.stringContaining('maxMetrics = 2')]);
  });
});

describe('whatever is logged', () => {
  const value = fc.oneof(
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.boolean(),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  const step = fc.oneof(fc.constant(null), fc.integer({ min: -3, max: 12 }), fc.maxSafeInteger());
  const row = fc.record({
    step,
    values: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'd d'), value, {
      noNullPrototype: false,
    }),
  });

  it('comes back through three readers as a model of the rules says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 40 }), async (rows) => {
        const run = open({ flushIntervalRows: 7 });
        for (const { step, values } of rows) run.logMetrics(values, step);
        await run.close();
        const expected = modelOf(rows);
        const { table } = await readRun(run.runDir);
        const read = Array.from({ length: table.numRows }, (_, at) =>
          Object.fromEntries(
            table.schema.fields.map(({ name }, column) => [
              `:${name}`,
              table.getChildAt(column)?.get(at) as unknown,
            ]),
          ),
        );
        expect(read.map(withoutTime)).toEqual(expected);
        if (rows.length === 0) return;
        for (const found of [await duckdb(run.runDir), await hyparquet(run.runDir)])
          expect(
            found.map((each) =>
              withoutTime(Object.fromEntries(Object.entries(each).map(([name, x]) => [`:${name}`, x]))),
            ),
          ).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});

function withoutTime({ [':timestamp']: _timestamp, ...rest }: ReadRow): ReadRow {
  return rest;
}

/** The rows as the rules of README and design say they end in the file; names behind a colon, for `__proto__`'s sake. */
function modelOf(rows: readonly { readonly step: number | null; readonly values: Row }[]): ReadRow[] {
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const typeOf = new Map(
    names.map((name) => [
      name,
      widest(rows.flatMap(({ values }) => (Object.hasOwn(values, name) ? [values[name]] : []))),
    ]),
  );
  const merged: Record<string, unknown>[] = [];
  const bySteps = new Map<number, Record<string, unknown>>();
  for (const { step, values } of rows) {
    let row = step === null ? undefined : bySteps.get(step);
    const held = row;
    // A call joins the latest row of its step, unless that holds one of its metrics.
    if (held === undefined || Object.keys(values).some((name) => held[`:${name}`] !== null)) {
      row = {
        ':step': step === null ? null : BigInt(step),
        ...Object.fromEntries(names.map((name) => [`:${name}`, null])),
      };
      merged.push(row);
      if (step !== null) bySteps.set(step, row);
    }
    for (const [name, x] of Object.entries(values))
      if (row) row[`:${name}`] = as(typeOf.get(name) ?? 'text', x);
  }
  return merged;
}

function widest(values: readonly unknown[]): string {
  const types = new Set(values.map((x) => typeof x));
  if (types.size === 1) return [...types][0] ?? '';
  const numeric = [...types].every((type) => type === 'number' || type === 'bigint');
  return numeric && values.every((x) => typeof x !== 'bigint' || Number.isSafeInteger(Number(x)))
    ? 'number'
    : 'text';
}

const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

function as(type: string, x: MetricValue): unknown {
  if (type === 'text' && typeof x !== 'string') return cellText(x);
  if (type === 'number') return Number(x);
  return typeof x === 'string' ? wellFormed(x) : x;
}
