import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnOf, doublesOf, integersOf, sparseDoublesOf } from './columns.js';
import { fileOf } from './file.js';
import { hasPython, python } from '../../support/python.js';
import { hyparquetMetadata, queryDuckdb } from './readers.js';

const GROUPS = [
  [1, 2, 3],
  [NaN, 5, 0.5],
  [-0, 0, 10],
  [Infinity, -Infinity, 7],
] as const;
const TEXTS = [
  ['a', 'b', 'c'],
  ['train', '', 'val'],
  ['z'.repeat(200), 'y', null],
  ['😀', 'é', 'e'],
];

const { bytes } = fileOf({
  fields: [
    { name: 'step', type: 'INT64' },
    { name: 'loss', type: 'DOUBLE' },
    { name: 'late', type: 'DOUBLE' },
    { name: 'ok', type: 'BOOLEAN' },
    { name: 'text', type: 'UTF8' },
  ],
  groups: GROUPS.map((losses, i) => [
    integersOf([10 * i, 10 * i + 1, 10 * i + 2]),
    doublesOf(losses),
    i < 3 ? null : sparseDoublesOf([null, 4, null]),
    columnOf('BOOLEAN', [i > 1, i > 1, i === 3 ? false : i > 1]),
    columnOf('UTF8', TEXTS[i] ?? []),
  ]),
  delta: ['step'],
});

/** Conditions and the steps of the rows that meet them, by SQL's rules: NaN is equal to itself and above all else. */
const CONDITIONS: readonly (readonly [string, readonly number[]])[] = [
  [`loss = 'NaN'::DOUBLE`, [10]],
  ['isnan(loss)', [10]],
  ['loss > 2.5', [2, 10, 11, 22, 30, 32]],
  ['loss >= 10', [10, 22, 30]],
  ['loss < 0.75', [12, 20, 21, 31]],
  ['loss = 0', [20, 21]],
  ['loss = 5', [11]],
  [`loss = 'Infinity'::DOUBLE`, [30]],
  ['loss BETWEEN 0.5 AND 2', [0, 1, 12]],
  ['step BETWEEN 11 AND 20', [11, 12, 20]],
  ['step = 22', [22]],
  ['late IS NOT NULL', [31]],
  ['late > 3', [31]],
  ['ok', [20, 21, 22, 30, 31]],
  [`text = 'val'`, [12]],
  [`text = ''`, [11]],
  [`text > 'z'`, [20, 30, 31]],
  ['text IS NULL', [22]],
];

describe('the statistics of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'expman-statistics-'));
  const path = join(folder, 'metrics.parquet');
  beforeAll(() => {
    writeFileSync(path, bytes);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('hold bounds for a chunk, none for one with a NaN or without a value', () => {
    const groups = hyparquetMetadata(bytes).row_groups;
    const bounds = (column: number) =>
      groups.map(({ columns }) => {
        const { min_value: min, max_value: max } = columns[column]?.meta_data?.statistics ?? {};
        return [min, max];
      });
    expect(bounds(1)).toEqual([
      [1, 3],
      [undefined, undefined],
      [-0, 10],
      [-Infinity, Infinity],
    ]);
    expect(bounds(2)).toEqual([...new Array<unknown>(3).fill([undefined, undefined]), [4, 4]]);
    expect(bounds(0)).toEqual([
      [0n, 2n],
      [10n, 12n],
      [20n, 22n],
      [30n, 32n],
    ]);
    expect(bounds(3)).toEqual([
      [false, false],
      [false, false],
      [true, true],
      [false, true],
    ]);
  });

  it('count the rows without a value', () => {
    const counts = hyparquetMetadata(bytes).row_groups.map(({ columns }) =>
      columns.map((column) => column.meta_data?.statistics?.null_count),
    );
    expect(counts).toEqual([
      [0n, 0n, 3n, 0n, 0n],
      [0n, 0n, 3n, 0n, 0n],
      [0n, 0n, 3n, 0n, 1n],
      [0n, 0n, 2n, 0n, 0n],
    ]);
  });

  it.each(CONDITIONS)('let DuckDB find the rows where %s', async (condition, steps) => {
    const { columns } = await queryDuckdb(
      `SELECT step FROM read_parquet($1) WHERE ${condition} ORDER BY step`,
      path,
    );
    expect(columns[0]?.map(Number)).toEqual(steps);
  });

  it('let DuckDB aggregate past a NaN as over any values', async () => {
    const { columns } = await queryDuckdb(
      'SELECT max(loss), min(loss), count(late), min(step), max(step) FROM read_parquet($1)',
      path,
    );
    expect(columns.map(([value]) => value)).toEqual([NaN, -Infinity, 1n, 0n, 32n]);
  });

  it.skipIf(!hasPython())('are taken by pyarrow for bounds, with an order it knows', () => {
    expect(python(BOUNDS, [path])).toEqual([['1.0', '3.0'], null, ['-0.0', '10.0'], ['-inf', 'inf']]);
  });

  it.skipIf(!hasPython())('let pyarrow and polars find the rows of a range', () => {
    const steps = { above: [2, 11, 22, 30, 32], below: [12, 20, 21, 31], nan: [10], zero: [20, 21] };
    // pyarrow follows IEEE 754; polars orders a NaN above all else, as SQL does.
    expect(python(FILTERS, [path])).toEqual({
      pyarrow: steps,
      polars: { ...steps, above: [2, 10, 11, 22, 30, 32] },
    });
  });
});

const BOUNDS = `
import json, sys
import pyarrow.parquet as pq
metadata = pq.ParquetFile(sys.argv[1]).metadata
chunks = [metadata.row_group(i).column(1).statistics for i in range(metadata.num_row_groups)]
print(json.dumps([[str(s.min), str(s.max)] if s and s.has_min_max else None for s in chunks]))
`;

const FILTERS = `
import json, sys
import pyarrow.parquet as pq, pyarrow.compute as pc, polars as pl
path = sys.argv[1]
where = lambda e: pq.read_table(path, filters=e)['step'].to_pylist()
loss = pc.field('loss')
arrow = {'above': where(loss > 2.5), 'below': where(loss < 0.75), 'nan': where(pc.is_nan(loss)), 'zero': where(loss == 0)}
scan = lambda e: pl.scan_parquet(path).filter(e).collect()['step'].to_list()
loss = pl.col('loss')
polars = {'above': scan(loss > 2.5), 'below': scan(loss < 0.75), 'nan': scan(loss.is_nan()), 'zero': scan(loss == 0)}
print(json.dumps({'pyarrow': arrow, 'polars': polars}))
`;
