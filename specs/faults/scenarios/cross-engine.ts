import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../check-run.js';
import { hyparquetOf } from '../other-readers-memory.js';
import { MemoryFs } from '../memory-fs.js';
import { Played } from '../played.js';
import { hasPython, python } from '../../support/python.js';
import { randomFrom, type Random, type Scenario, type ScenarioContext } from '../scenario.js';
import { withBase } from '../session.js';
import { duckdb } from '../../support/read-back.js';

const INT64 = [2n ** 63n - 1n, -(2n ** 63n), 0n, -1n, 2n ** 53n + 1n];
const DOUBLES = [
  NaN,
  -0,
  0,
  Infinity,
  -Infinity,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  5e-324,
  -5e-324,
  0.9,
  0.95,
  1,
];
const TEXTS = ['', 'a', '🦜', '\uffff', 'x'.repeat(200), 'a\u0000b', 'é'];

/** What is asked of the column `loss`, and its answer, by the rule of DuckDB: NaN is one value, and the greatest. */
const QUESTIONS = ['above', 'nan', 'max', 'count'] as const;
type Answers = Readonly<Record<(typeof QUESTIONS)[number], string>>;

/** Every value a column may hold, and the answers that rest on a chunk's bounds, the same to every engine. */
export const crossEngine: Scenario = {
  name: 'the values and answers of DuckDB, hyparquet, pyarrow and polars, NaN and bounds included',
  rows: [28],
  run: async (context) => {
    const files = context.amount(60, 2_000);
    const folder = mkdtempSync(join(context.folder, 'files-'));
    const written: { readonly path: string; readonly rows: readonly Row[] }[] = [];
    for (let file = 0; file < files && context.goOn(); file++) {
      const rows = rowsOf(randomFrom(context.seed + file), file);
      const bytes = await fileOf(rows);
      const path = join(folder, String(file));
      mkdirSync(path);
      writeFileSync(join(path, 'metrics.parquet'), bytes);
      written.push({ path, rows });
      await askHere(context, path, rows, bytes);
    }
    if (hasPython()) askInPython(context, written);
  },
};

interface Row {
  readonly loss?: number;
  readonly big?: bigint;
  readonly flag?: boolean;
  readonly text?: string;
}

/** Some rows; each kind of file has another trouble in the column `loss`. */
function rowsOf(random: Random, kind: number): Row[] {
  const loss = [
    () => NaN,
    () => random.pick(DOUBLES),
    () => (random.chance(0.5) ? NaN : random.pick([0.1, 0.95])),
    () => random.pick([-0, 0]),
    () => random.pick([Infinity, -Infinity]),
    () => undefined,
  ][kind % 6];
  return Array.from({ length: 1 + random.below(300) }, () => {
    const value = random.chance(0.1) ? undefined : loss?.();
    return {
      ...(value !== undefined && { loss: value }),
      ...(random.chance(0.8) && {
        big: random.pick(INT64),
        flag: random.chance(0.5),
        text: random.pick(TEXTS),
      }),
    };
  });
}

/** Closed and taken up again, so that it has two row groups, the second of other values than the first. */
async function fileOf(rows: readonly Row[]): Promise<Buffer> {
  const fs = withBase(new MemoryFs());
  const half = rows.length >> 1;
  for (const part of [rows.slice(0, half), rows.slice(half)]) {
    const played = new Played(fs, {});
    for (const row of part) played.intake.row(row, null);
    const { error } = await played.close();
    must(error === null, 'I1', () => JSON.stringify(error));
  }
  return fs.bytesOf('/base/faults/run/metrics.parquet');
}

type Metric = number | bigint | boolean | string;
const METRICS = ['loss', 'big', 'flag', 'text'] as const;
const shown = (value: unknown): string =>
  value === null || value === undefined ? 'null' : Object.is(value, -0) ? '-0' : (value as Metric).toString();

async function askHere(
  { tally }: ScenarioContext,
  path: string,
  rows: readonly Row[],
  bytes: Buffer,
): Promise<void> {
  const present = METRICS.filter((name) => rows.some((row) => row[name] !== undefined));
  const expected = rows.map((row) => present.map((name) => shown(row[name])));
  const columns = present.map((name) => `"${name}"`).join(', ');
  if (present.length === 0) return;
  const byDuckdb = await duckdb(path, `SELECT ${columns} FROM read_parquet($1)`);
  same(
    expected,
    byDuckdb.map((row) => present.map((name) => shown(row[name]))),
    `${path}, DuckDB`,
  );
  const order = inOrderOfFile(rows);
  const byHyparquet = (await hyparquetOf(bytes)).map((cells) =>
    present.map((name) => shown(cells[2 + order.indexOf(name)])),
  );
  same(expected, byHyparquet, `${path}, hyparquet`);
  tally.readerOpens += 2;
  tally.cases++;
  if (!present.includes('loss')) return;
  const [answer = {}] = await duckdb(
    path,
    `SELECT (SELECT count(*) FROM read_parquet($1) WHERE loss > 0.9) AS above, (SELECT count(*) FROM read_parquet($1) WHERE loss = 'nan'::DOUBLE) AS nan, (SELECT max(loss) FROM read_parquet($1)) AS max, (SELECT count(loss) FROM read_parquet($1)) AS count`,
  );
  const expectedAnswers = answersOf(rows);
  for (const question of QUESTIONS)
    must(
      same0(shown(answer[question]), expectedAnswers[question]),
      'I3',
      () => `${path}: ${question} is ${shown(answer[question])} to DuckDB, not ${expectedAnswers[question]}`,
    );
}

/** Columns stand in the order their metrics came in. */
function inOrderOfFile(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

/** The greatest of 0 and -0 is either. */
const same0 = (a: string, b: string): boolean => a.replace(/^-0$/, '0') === b.replace(/^-0$/, '0');

function answersOf(rows: readonly Row[]): Answers {
  const values = rows.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
  const nan = values.filter(Number.isNaN).length;
  const numbers = values.filter((value) => !Number.isNaN(value));
  return {
    above: String(nan + numbers.filter((value) => value > 0.9).length),
    nan: String(nan),
    max: nan > 0 ? 'NaN' : shown(Math.max(...numbers)),
    count: String(values.length),
  };
}

function same(
  expected: readonly (readonly string[])[],
  found: readonly (readonly string[])[],
  what: string,
): void {
  must(expected.length === found.length, 'I3', () => `${what}: ${found.length} rows, not ${expected.length}`);
  expected.forEach((row, at) =>
    must(
      row.join('|') === found[at]?.join('|'),
      'I3',
      () => `${what}: row ${at} is ${String(found[at])}, not ${String(row)}`,
    ),
  );
}

interface PythonFile {
  readonly values: readonly (readonly (string | null)[])[];
  readonly pruned: readonly number[];
  readonly nan: readonly number[];
}

/** Both filter with the file's bounds and without: a bound that is wrong loses rows. */
function askInPython(
  { tally }: ScenarioContext,
  files: readonly { readonly path: string; readonly rows: readonly Row[] }[],
): void {
  const paths = files.map(({ path }) => path);
  const answers = python(PROGRAM, paths) as Readonly<Record<'pyarrow' | 'polars', PythonFile>>[];
  files.forEach(({ path, rows }, at) => {
    const present = METRICS.filter((name) => rows.some((row) => row[name] !== undefined));
    for (const engine of ['pyarrow', 'polars'] as const) {
      const answer = answers[at]?.[engine];
      const expected = rows.map((row) => present.map((name) => shown(row[name])));
      if (present.length > 0)
        same(
          expected,
          (answer?.values ?? []).map((row) => row.map(String)),
          `${path}, ${engine}`,
        );
      for (const [kind, counts] of [
        ['loss > 0.9', answer?.pruned],
        ['loss is nan', answer?.nan],
      ] as const)
        must(
          counts !== undefined && counts.every((count) => count === counts[0]),
          'I3',
          () =>
            `${path}: ${engine} finds ${String(counts)} rows of ${kind}, with the file's bounds and without`,
        );
      tally.readerOpens++;
    }
  });
}

const PROGRAM = `
import json, math, sys
import pyarrow.parquet as pq, pyarrow.dataset as ds, pyarrow.compute as pc, polars as pl

def text(value):
  if value is None: return 'null'
  if isinstance(value, bool): return 'true' if value else 'false'
  if isinstance(value, float):
    if value != value: return 'NaN'
    if math.isinf(value): return 'Infinity' if value > 0 else '-Infinity'
    if value == 0: return '-0' if math.copysign(1, value) < 0 else '0'
    return NUMBERS.get(value) or (str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value))
  return str(value)

NUMBERS = {1.7976931348623157e308: '1.7976931348623157e+308', -1.7976931348623157e308: '-1.7976931348623157e+308', 5e-324: '5e-324', -5e-324: '-5e-324'}
METRICS = ['loss', 'big', 'flag', 'text']

def by_pyarrow(path):
  table = pq.read_table(path)
  names = [n for n in METRICS if n in table.column_names]
  values = [[text(row[n]) for n in names] for row in table.select(names).to_pylist()]
  if 'loss' not in names: return {'values': values, 'pruned': [], 'nan': []}
  above = pc.field('loss') > 0.9
  pruned = ds.dataset(path, format='parquet').to_table(filter=above).num_rows
  nan = ds.dataset(path, format='parquet').to_table(filter=pc.is_nan(pc.field('loss'))).num_rows
  return {'values': values, 'pruned': [pruned, table.filter(above).num_rows], 'nan': [nan, table.filter(pc.is_nan(pc.field('loss'))).num_rows]}

def by_polars(path):
  frame = pl.read_parquet(path)
  names = [n for n in METRICS if n in frame.columns]
  values = [[text(v) for v in row] for row in frame.select(names).rows()]
  if 'loss' not in names: return {'values': values, 'pruned': [], 'nan': []}
  lazy = pl.scan_parquet(path)
  above, nan = pl.col('loss') > 0.9, pl.col('loss').is_nan()
  return {'values': values, 'pruned': [lazy.filter(above).collect().height, frame.filter(above).height], 'nan': [lazy.filter(nan).collect().height, frame.filter(nan).height]}

print(json.dumps([{'pyarrow': by_pyarrow(p + '/metrics.parquet'), 'polars': by_polars(p + '/metrics.parquet')} for p in sys.argv[1:]]))
`;
