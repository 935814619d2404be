import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Column, ColumnField, ColumnType } from '../../../src/columnar/column.js';
import { tableOf } from '../../../src/columnar/table.js';
import { decodeChunk, decodeFooter, footerLength } from '../../../src/storage/parquet/index.js';
import { anyCells, bitsOf, columnOf, randomOf, TYPES } from './columns.js';
import type { Cell } from './columns.js';
import { fileOf } from './file.js';
import { SEED } from '../../conventions/seed.js';
import { hasPython } from '../../support/python.js';
import { expectedReading, readByDuckdb, readByHyparquet, readInPython } from './readers.js';
import type { Reading } from './readers.js';

interface Sample {
  readonly fields: readonly ColumnField[];
  /** Null stands for the chunk of a metric that came later. */
  readonly groups: readonly (readonly (Column | null)[])[];
  readonly compression: 'auto' | 'none' | 'snappy';
  readonly scattered: boolean;
}

const STEP: ColumnField = { name: 'step', type: 'INT64' };
const TIMESTAMP: ColumnField = { name: 'timestamp', type: 'TIMESTAMP' };
const NEVER_READ = { pyarrow: null, polars: null };

/** Steps with gaps and a row without one, and microseconds as a clock gives them. */
function clocks(rows: number, from: number): Column[] {
  const steps = Array.from({ length: rows }, (_, i) => (i % 7 === 3 ? null : BigInt(from + 2 * i)));
  const times = Array.from(
    { length: rows },
    (_, i) => 1_700_000_000_000_000n + BigInt(from * 1000 + i * 997),
  );
  return [columnOf('INT64', steps), columnOf('TIMESTAMP', times)];
}

const SPECIAL: Readonly<Record<ColumnType, readonly Cell[]>> = {
  DOUBLE: [NaN, Infinity, -Infinity, -0, 0, 5e-324, 1.7976931348623157e308, 0.1].map(bitsOf),
  INT64: [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 2n ** 53n + 1n],
  TIMESTAMP: [0n, -1n, 1_700_000_000_123_456n],
  BOOLEAN: [true, false, false],
  UTF8: ['', 'a', '😀', 'é\u0000\n', 'x'.repeat(1 << 20)],
};

const cycled = (type: ColumnType, rows: number, nullEvery: number): Column =>
  columnOf(
    type,
    Array.from({ length: rows }, (_, i) => {
      const cells = SPECIAL[type];
      return i % nullEvery === 1 ? null : (cells[i % cells.length] ?? null);
    }),
  );

/** Names that are hard on objects, paths and SQL. */
const NAMES = ['__proto__', 'constructor', '', 'a.b/c d', '1', 'toString', 'quote\'"`', '损失 😀'];

const awkward = (scattered: boolean, compression: Sample['compression']): Sample => {
  const fields = [
    STEP,
    TIMESTAMP,
    ...NAMES.map((name, i) => ({ name, type: TYPES[i % TYPES.length] ?? 'DOUBLE' })),
  ];
  const rows = [40, 1, 9];
  const groups = rows.map((count, group) => [
    ...clocks(count, group * 100),
    // The last metrics were not there yet when the first groups were sealed.
    ...NAMES.map((_, i) =>
      i >= NAMES.length - 2 + group ? null : cycled(TYPES[i % TYPES.length] ?? 'DOUBLE', count, 3 + group),
    ),
  ]);
  return { fields, groups, scattered, compression };
};

const wide = (): Sample => {
  const random = randomOf(11);
  const metrics = Array.from({ length: 4998 }, (_, i) => ({
    name: `layer.${String(i)}/norm`,
    type: 'DOUBLE' as const,
  }));
  const group = (rows: number, known: number): (Column | null)[] => [
    ...clocks(rows, 0),
    ...metrics.map((_, i) =>
      i < known
        ? columnOf(
            'DOUBLE',
            Array.from({ length: rows }, () => bitsOf(random())),
          )
        : null,
    ),
  ];
  return {
    fields: [STEP, TIMESTAMP, ...metrics],
    groups: [group(2, 3000), group(3, 4998)],
    scattered: true,
    compression: 'none',
  };
};

/** Engines refuse instants beyond their calendars. */
const anyInstant = fc.array(fc.option(fc.bigInt({ min: 0n, max: 2n ** 52n })), { maxLength: 60 });
const anyCellsOf = (type: ColumnType): fc.Arbitrary<Cell[]> =>
  type === 'TIMESTAMP' ? anyInstant : anyCells(type);

const anySample: fc.Arbitrary<Sample> = fc
  .record({
    types: fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 5 }),
    rows: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 3 }),
    scattered: fc.boolean(),
    compression: fc.constantFrom('auto', 'none', 'snappy'),
  })
  .chain(({ types, rows, scattered, compression }) => {
    const fields = [STEP, TIMESTAMP, ...types.map((type, i) => ({ name: `m${String(i)}`, type }))];
    const groups = rows.map((count) =>
      fc.tuple(
        ...types.map((type) =>
          fc.option(anyCellsOf(type).map((cells) => columnOf(type, fitted(cells, count)))),
        ),
      ),
    );
    return fc.tuple(...groups).map((metrics) => ({
      fields,
      groups: metrics.map((group, i) => [...clocks(rows[i] ?? 0, i), ...group]),
      scattered,
      compression,
    }));
  });

/** The cells over and over, as many as there are rows. */
function fitted(cells: readonly Cell[], rows: number): Cell[] {
  return Array.from({ length: rows }, (_, i) => cells[i % cells.length] ?? null);
}

const fileBytes = (sample: Sample): Buffer => fileOf({ ...sample, delta: ['step', 'timestamp'] }).bytes;

function expectedOf({ fields, groups }: Sample): Reading {
  const whole = groups.map((group) =>
    fields.map(
      ({ type }, i) => group[i] ?? columnOf(type, new Array<Cell>(group[0]?.length ?? 0).fill(null)),
    ),
  );
  return expectedReading(fields, whole);
}

/** The columns of a file as we read it back ourselves, group by group. */
function decodedGroups(bytes: Uint8Array): (Column & { readonly name: string })[][] {
  const tail = bytes.subarray(bytes.length - footerLength(bytes.subarray(-8)));
  const { fields, groups } = decodeFooter(tail, bytes.length);
  return groups.map(({ chunks }) =>
    chunks.map((chunk, i) => ({
      ...decodeChunk(bytes.subarray(chunk.offset, chunk.offset + chunk.length), chunk),
      name: fields[i]?.name ?? '',
    })),
  );
}

const samples: ReadonlyMap<string, Sample> = new Map([
  ['awkward names, one chunk behind the other', awkward(false, 'none')],
  ['awkward names, chunks back to front with gaps, compressed', awkward(true, 'snappy')],
  ['5,000 columns, 2,000 of them late', wide()],
  [
    'no rows at all',
    {
      fields: [STEP, TIMESTAMP, { name: 'loss', type: 'DOUBLE' }],
      groups: [],
      compression: 'none',
      scattered: false,
    },
  ],
  ...fc
    .sample(anySample, { numRuns: 12, seed: SEED })
    .map((sample, i): [string, Sample] => [`any columns, number ${String(i)}`, sample]),
]);

describe('a whole file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'expman-parquet-'));
  const paths = new Map([...samples.keys()].map((name, i) => [name, join(folder, `${String(i)}.parquet`)]));
  let inPython = new Map<string, { pyarrow: Reading; polars: Reading }>();

  beforeAll(() => {
    for (const [name, sample] of samples) writeFileSync(paths.get(name) ?? '', fileBytes(sample));
    if (!hasPython()) return;
    const readings = readInPython([...paths.values()]);
    inPython = new Map(
      [...samples.keys()].flatMap((name, i) => (readings[i] === undefined ? [] : [[name, readings[i]]])),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  describe.each([...samples])('of %s', (name, sample) => {
    const expected = expectedOf(sample);

    it('is read by hyparquet as it was written', async () => {
      expect(await readByHyparquet(fileBytes(sample))).toEqual(expected);
    });

    it('is read by DuckDB as it was written', async () => {
      // SQL has no empty name: DuckDB calls such a column by its place.
      const names = expected.names.map((column, i) => (column === '' ? `C${String(i)}` : column));
      expect(await readByDuckdb(paths.get(name) ?? '')).toEqual({ ...expected, names });
    });

    it.skipIf(!hasPython())('is read by pyarrow and polars as it was written', () => {
      const { pyarrow, polars } = inPython.get(name) ?? NEVER_READ;
      expect(pyarrow).toEqual(expected);
      expect(polars).toEqual(expected);
    });

    it('is read by us as it was written, into Arrow tables of the same types', () => {
      const groups = decodedGroups(fileBytes(sample));
      expect(expectedReading(sample.fields, groups).columns).toEqual(expected.columns);
      const { schema, numRows } = tableOf(groups);
      expect(numRows).toBe(expected.columns[0]?.length);
      const types = schema.fields.map((field: arrow.Field<arrow.DataType>) => field.type);
      expect(types).toStrictEqual(groups.length === 0 ? [] : sample.fields.map(({ type }) => ARROW[type]));
      expect(schema.fields.map(({ name, nullable }) => [name, nullable])).toEqual(
        groups.length === 0 ? [] : expected.names.map((column) => [column, true]),
      );
    });
  });

  it('becomes an Arrow table whose every value is the one written', () => {
    const sample = awkward(true, 'snappy');
    const table = tableOf(decodedGroups(fileBytes(sample)));
    const expected = expectedOf(sample);
    sample.fields.forEach(({ type }, i) => {
      const values: unknown[] = [...(table.getChildAt<arrow.DataType>(i) ?? [])];
      const cells = values.map((value) => (value === null ? null : arrowText(type, value)));
      expect(cells).toEqual(expected.columns[i]);
    });
  });
});

const ARROW: Readonly<Record<ColumnType, arrow.DataType>> = {
  DOUBLE: new arrow.Float64(),
  INT64: new arrow.Int64(),
  BOOLEAN: new arrow.Bool(),
  UTF8: new arrow.Utf8(),
  TIMESTAMP: new arrow.TimestampMicrosecond('UTC'),
};

/** Arrow gives instants in milliseconds with a fraction. */
function arrowText(type: ColumnType, value: unknown): string {
  if (type === 'TIMESTAMP') return String(Math.round(Number(value) * 1000));
  if (type !== 'DOUBLE') return String(value);
  return Number.isNaN(value)
    ? 'NaN'
    : BigInt.asUintN(64, bitsOf(Number(value)))
        .toString(16)
        .padStart(16, '0');
}
