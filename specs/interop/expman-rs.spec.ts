import { mkdirSync, truncateSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { parquetWriteFile } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { expmanRsImporter } from '../../dist/modules/interop/expman-rs/expman-rs.js';
import { tempFolders } from '../support/temp-folder.js';
import { logOf, rowsOf, runAt } from './run-arbitrary.js';

const folder = tempFolders('expman-rs');
const MICROS = 1_767_225_600_000_123n;

const RUN_YAML = `name: '20260101_000000'
experiment: resnet
status: FINISHED
started_at: 2026-01-01T00:00:00.123456789Z
finished_at: 2026-01-01T00:10:00Z
duration_secs: 599.877
description: first try
tags:
- baseline
scalars:
  best_acc: 0.9
vectors:
  loss: 0.5
language: python
env_path: null
`;

/** The folder of a run, `<base>/resnet/20260101_000000`. */
function runFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const path = join(folder(), 'resnet', '20260101_000000');
  mkdirSync(path, { recursive: true });
  for (const [name, content] of Object.entries({ 'run.yaml': RUN_YAML, ...files }))
    writeFileSync(join(path, name), content);
  return path;
}

/** `vectors.parquet` as arrow-rs has it: int64, timestamp[us, UTC], float64, utf8, nullable but for the timestamp. */
function writeVectors(path: string): void {
  const time = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } as const;
  parquetWriteFile({
    filename: path,
    schema: [
      { name: 'arrow_schema', num_children: 4 },
      { name: 'step', type: 'INT64', repetition_type: 'OPTIONAL' },
      {
        name: 'timestamp',
        type: 'INT64',
        repetition_type: 'REQUIRED',
        logical_type: time,
        converted_type: 'TIMESTAMP_MICROS',
      },
      { name: 'loss', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
      { name: 'phase', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL', converted_type: 'UTF8' },
    ],
    columnData: [
      { name: 'step', data: [0n, 1n, null] },
      { name: 'timestamp', data: [MICROS, MICROS + 1n, MICROS + 2n] },
      { name: 'loss', data: [1, NaN, null] },
      { name: 'phase', data: ['warm up', null, '\ufeffé'] },
    ],
  });
}

const PARQUET_ROWS = [
  [
    0,
    Number(MICROS),
    [
      ['loss', 1],
      ['phase', 'warm up'],
    ],
  ],
  [1, Number(MICROS) + 1, [['loss', NaN]]],
  [null, Number(MICROS) + 2, [['phase', '\ufeffé']]],
];

/** A segment: an Arrow stream with one batch a flush. */
function segment(steps: readonly number[], metric: string): Uint8Array {
  const batches = steps.map((step) => {
    const columns = {
      step: arrow.vectorFromArray([BigInt(step)], new arrow.Int64()),
      timestamp: arrow.makeVector(
        arrow.makeData({
          type: new arrow.TimestampMicrosecond('UTC'),
          length: 1,
          data: BigInt64Array.of(MICROS + BigInt(step)),
        }),
      ),
      [metric]: arrow.vectorFromArray([step / 2], new arrow.Float64()),
    };
    const [batch] = new arrow.Table(columns).batches;
    if (batch === undefined) throw new Error('no batch');
    return batch;
  });
  return arrow.RecordBatchStreamWriter.writeAll(batches).toUint8Array(true);
}

const withoutScalars = RUN_YAML.replace('scalars:\n  best_acc: 0.9\n', '');

describe('a run of expman-rs', () => {
  it('of 0.5 is read from vectors.parquet, to the microsecond', async () => {
    const path = runFolder({ 'run.yaml': withoutScalars });
    writeVectors(join(path, 'vectors.parquet'));
    expect(await rowsOf(await runAt(expmanRsImporter, path))).toEqual(PARQUET_ROWS);
  });

  it('of 1.3 that was killed is read from its segments, in their order, and from what was folded before', async () => {
    const path = runFolder({
      'run.yaml': withoutScalars.replace('FINISHED', 'RUNNING'),
      'vectors-0002.arrow': segment([4, 5], 'loss'),
      'vectors-0010.arrow': segment([6], 'acc'),
      'system-0000.arrow': segment([0], 'gpu'),
    });
    writeVectors(join(path, 'vectors.parquet'));
    const run = await runAt(expmanRsImporter, path);
    expect(run.status).toBe('RUNNING');
    expect(await rowsOf(run)).toEqual([
      ...PARQUET_ROWS,
      [4, Number(MICROS) + 4, [['loss', 2]]],
      [5, Number(MICROS) + 5, [['loss', 2.5]]],
      [6, Number(MICROS) + 6, [['acc', 3]]],
    ]);
  });

  it('is known by its segments alone, whatever they are called, by the folders it lies in', async () => {
    const path = join(folder(), 'resnet', 'seed-1');
    mkdirSync(path, { recursive: true });
    for (const [index, step] of [0, 1, 2].entries())
      writeFileSync(join(path, `part_${9 + index}.arrow`), segment([step], 'loss'));
    const run = await runAt(expmanRsImporter, path);
    expect(run).toMatchObject({ experiment: 'resnet', run: 'seed-1', status: 'CRASHED' });
    expect((await rowsOf(run)).map(([step]) => step)).toEqual([0, 1, 2]);
  });

  it('gives the batches in front of where a kill cut its last segment off', async () => {
    const whole = segment([0, 1, 2], 'loss');
    for (const left of [whole.length - 8, whole.length - 20, whole.length - 200, 600, 3, 0]) {
      const path = runFolder({ 'run.yaml': withoutScalars, 'vectors-0000.arrow': whole });
      truncateSync(join(path, 'vectors-0000.arrow'), left);
      const steps = (await rowsOf(await runAt(expmanRsImporter, path))).map(([step]) => step);
      expect(steps).toEqual([0, 1, 2].slice(0, steps.length));
      expect(steps.length).toBe(left === whole.length - 8 ? 3 : left > 600 ? 2 : steps.length);
    }
  });

  it('has its names, status, times, tags, description, parameters, and scalars as its summary', async () => {
    const path = runFolder({ 'config.yaml': 'lr: 0.001\noptimizer:\n  name: Adam\n' });
    writeVectors(join(path, 'vectors.parquet'));
    const run = await runAt(expmanRsImporter, path);
    expect(run).toMatchObject({
      experiment: 'resnet',
      run: '20260101_000000',
      status: 'FINISHED',
      startedAt: '2026-01-01T00:00:00.123Z',
      endedAt: '2026-01-01T00:10:00.000Z',
      tags: ['baseline'],
      notes: 'first try',
      params: { lr: 0.001, optimizer: { name: 'Adam' } },
      summary: { best_acc: 0.9 },
    });
    expect(await rowsOf(run)).toEqual(PARQUET_ROWS);
  });

  it('has its log, messages of several lines too', async () => {
    const path = runFolder({
      'run.log': '[2026-01-01T00:00:00.001Z] [INFO] begun\n[2026-01-01T00:00:00.002Z] [WARN] hot\n  very\n',
    });
    expect(await logOf(await runAt(expmanRsImporter, path))).toEqual([
      { timestampMs: 1_767_225_600_001, level: 'info', message: 'begun', meta: {} },
      { timestampMs: 1_767_225_600_002, level: 'warn', message: 'hot\n  very', meta: {} },
    ]);
  });

  it('is found from its experiment and from the folder of experiments; one of ours is none', async () => {
    const path = runFolder();
    expect((await runAt(expmanRsImporter, join(path, '..'))).run).toBe('20260101_000000');
    expect((await runAt(expmanRsImporter, join(path, '..', '..'))).run).toBe('20260101_000000');
    const ours = runFolder({ 'run.yaml': `${RUN_YAML}uuid: ${'0'.repeat(32)}\n` });
    expect(await expmanRsImporter.recognises(ours)).toBe(false);
  });

  it('that was killed before it had a run.yaml goes by its folder, CRASHED', async () => {
    const path = join(folder(), 'e', 'r');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'vectors-0000.arrow'), segment([0], 'loss'));
    expect(statSync(path).isDirectory()).toBe(true);
    expect(await runAt(expmanRsImporter, path)).toMatchObject({
      experiment: 'e',
      run: 'r',
      status: 'CRASHED',
    });
  });
});
