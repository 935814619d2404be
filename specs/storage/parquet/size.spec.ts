import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Column, ColumnField } from '../../../src/columnar/column.js';
import { columnOf, doublesOf, integersOf, randomOf } from './columns.js';
import { fileOf } from './file.js';
import { hasPython, python } from '../../support/python.js';
import { hyparquetMetadata } from './readers.js';

const ROWS = 131_072;
const GROUPS = 2;
const CLOCKS: readonly ColumnField[] = [
  { name: 'step', type: 'INT64' },
  { name: 'timestamp', type: 'TIMESTAMP' },
];

/** A run of two sealed groups: steps, a clock that jitters by microseconds, and metrics. */
function runOf(
  metrics: Readonly<Record<string, (row: number, random: () => number) => Column>>,
  everyStep = 1,
): Buffer {
  const random = randomOf(7);
  let now = 1_700_000_000_000_000;
  const groups = Array.from({ length: GROUPS }, (_, group) => {
    const first = group * ROWS;
    const times = Array.from({ length: ROWS }, () => (now += 1 + Math.floor(random() * 30)));
    const steps = integersOf(Array.from({ length: ROWS }, (_, i) => (first + i) * everyStep));
    return [
      steps,
      integersOf(times, 'TIMESTAMP'),
      ...Object.values(metrics).map((metric) => metric(first, random)),
    ];
  });
  const fields = Object.entries(metrics).map(([name, metric]) => ({ name, type: metric(0, random).type }));
  return fileOf({ fields: [...CLOCKS, ...fields], groups, delta: ['step', 'timestamp'], compression: 'auto' })
    .bytes;
}

const doubles =
  (value: (row: number, random: () => number) => number) =>
  (first: number, random: () => number): Column =>
    doublesOf(Array.from({ length: ROWS }, (_, i) => value(first + i, random)));
const texts =
  (value: (row: number) => string) =>
  (first: number): Column =>
    columnOf(
      'UTF8',
      Array.from({ length: ROWS }, (_, i) => value(first + i)),
    );

const random = doubles((_, random) => random());

const runs: ReadonlyMap<string, Buffer> = new Map([
  ['two random doubles', runOf({ loss: random, accuracy: random })],
  [
    'a training loop',
    runOf(
      {
        loss: doubles((row, random) => 2 / (1 + row / 1000) + random() / 100),
        epoch: doubles((row) => Math.floor(row / 1563)),
        learning_rate: doubles((row) => 1e-3 * 0.9 ** Math.floor(row / 1563)),
        batch: doubles((row) => row % 1563),
        accuracy: doubles((_, random) => Math.round(random() * 64) / 64),
      },
      10,
    ),
  ],
  [
    'text',
    runOf({
      split: texts((row) => (row % 10 === 0 ? 'val' : 'train')),
      sample: texts((row) => `sample-${String(row)}.png`),
    }),
  ],
  [
    'a sparse metric',
    runOf({
      val: (first) =>
        columnOf(
          'DOUBLE',
          Array.from({ length: ROWS }, (_, i) =>
            (first + i) % 500 === 0 ? 0x3fe0000000000001n + BigInt(i) : null,
          ),
        ),
    }),
  ],
]);

describe('a file of sealed groups', () => {
  it.each([...runs])('of %s has its steps and timestamps as differences', (_, bytes) => {
    const { row_groups: groups } = hyparquetMetadata(bytes);
    expect(groups).toHaveLength(GROUPS);
    for (const { columns } of groups)
      for (const column of columns.slice(0, 2))
        expect(column.meta_data?.encodings).toEqual(['DELTA_BINARY_PACKED', 'RLE']);
  });

  it('takes at most 17 bytes a row for two random doubles with step and timestamp', () => {
    const bytes = runs.get('two random doubles')?.length ?? Infinity;
    expect(bytes / (ROWS * GROUPS)).toBeLessThanOrEqual(17);
  });

  describe.skipIf(!hasPython())('beside what pyarrow makes of the same rows', () => {
    const folder = mkdtempSync(join(tmpdir(), 'expman-size-'));
    afterAll(() => {
      rmSync(folder, { recursive: true });
    });

    it('is no larger', () => {
      const paths = [...runs].map(([name, bytes]) => {
        const path = join(folder, `${name}.parquet`);
        writeFileSync(path, bytes);
        return path;
      });
      const theirs = python(REWRITE, paths) as number[];
      const larger = paths.flatMap((path, i) =>
        statSync(path).size > (theirs[i] ?? 0)
          ? [{ path, ours: statSync(path).size, theirs: theirs[i] }]
          : [],
      );
      expect(larger).toEqual([]);
    });
  });
});

const REWRITE = `
import json, os, sys
import pyarrow.parquet as pq
sizes = []
for path in sys.argv[1:]:
  table = pq.read_table(path)
  pq.write_table(table, path + '.theirs')
  sizes.append(os.path.getsize(path + '.theirs'))
print(json.dumps(sizes))
`;
