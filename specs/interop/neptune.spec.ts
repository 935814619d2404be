import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { COLUMNS, SCHEMA } from '../../dist/modules/interop/neptune/attribute-columns.js';
import { neptuneExporter } from '../../dist/modules/interop/neptune/neptune-exporter.js';
import { neptuneImporter } from '../../dist/modules/interop/neptune/neptune-importer.js';
import { hasPython, python } from '../support/python.js';
import { tempFolders } from '../support/temp-folder.js';
import { givenRun, rowsOf, runAt } from './run-arbitrary.js';

const folder = tempFolders('neptune');

// As neptune-exporter's `model.SCHEMA` has it, and as its reader asks for it.
const READ = `
import json, sys, pyarrow as pa, pyarrow.parquet as pq
floats = pa.list_(pa.float64())
schema = pa.schema([("project_id", pa.string()), ("run_id", pa.string()), ("attribute_path", pa.string()),
  ("attribute_type", pa.string()), ("step", pa.decimal128(18, 6)), ("timestamp", pa.timestamp("ms", tz="UTC")),
  ("int_value", pa.int64()), ("float_value", pa.float64()), ("string_value", pa.string()), ("bool_value", pa.bool_()),
  ("datetime_value", pa.timestamp("ms", tz="UTC")), ("string_set_value", pa.list_(pa.string())),
  ("file_value", pa.struct([("path", pa.string())])),
  ("histogram_value", pa.struct([("type", pa.string()), ("edges", floats), ("values", floats)]))])
rows = pq.read_table(sys.argv[1], schema=schema).to_pylist()
print(json.dumps([{k: v if isinstance(v, (bool, int, float, list)) else str(v) for k, v in r.items() if v is not None}
  for r in rows if not r["attribute_path"].startswith("expman/")]))
`;

const run = givenRun({
  experiment: 'team/digits',
  run: 'RUN-1',
  status: 'FAILED',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: null,
  tags: ['a', 'b'],
  notes: '',
  group: null,
  params: { lr: 0.1, opt: { name: 'adam' }, n: 7n },
  fields: [],
  summary: { pass_rate: 0.88, seen: 2n ** 60n, passed: true, model: 'small', loss: 0.1 },
  headline: ['pass_rate'],
  givenRows: [
    { step: 3, timestamp: 1_767_225_600_000.5, values: { loss: 0.5, phase: 'warm', 'summary/loss': 1 } },
  ],
  givenLog: [],
});

describe('the layout of neptune-exporter', () => {
  it('is a folder a project, and in it parts of runs, under names any file system takes', async () => {
    const path = join(folder(), 'out');
    await neptuneExporter.write(run, path);
    const [project = ''] = readdirSync(path);
    expect(project).toMatch(/^team_digits-[0-9a-f]{16}$/);
    expect(readdirSync(join(path, project))).toEqual([
      expect.stringMatching(/^RUN-1-[0-9a-f]{16}_part_0\.parquet$/),
    ]);
  });

  it.runIf(hasPython())('is what pyarrow reads by the schema of neptune-exporter', async () => {
    const path = join(folder(), 'out');
    await neptuneExporter.write(run, path);
    const [file = ''] = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.parquet'),
    );
    const ids = { project_id: 'team/digits', run_id: 'RUN-1' };
    const config = (name: string, type: string, value: unknown): unknown => ({
      ...ids,
      attribute_path: name,
      attribute_type: type,
      [`${type}_value`]: value,
    });
    const place = { ...ids, step: '3.000000', timestamp: '2026-01-01 00:00:00+00:00' };
    expect(python(READ, [join(path, file)])).toEqual([
      config('sys/name', 'string', 'team/digits'),
      config('sys/custom_run_id', 'string', 'RUN-1'),
      config('sys/failed', 'bool', true),
      config('sys/creation_time', 'datetime', '2026-01-01 00:00:00+00:00'),
      config('sys/tags', 'string_set', ['a', 'b']),
      config('params/lr', 'float', 0.1),
      config('params/opt/name', 'string', 'adam'),
      config('params/n', 'int', 7),
      config('summary/pass_rate', 'float', 0.88),
      config('summary/seen', 'int', 2 ** 60),
      config('summary/passed', 'bool', true),
      config('summary/model', 'string', 'small'),
      { ...place, attribute_path: 'loss', attribute_type: 'float_series', float_value: 0.5 },
      { ...place, attribute_path: 'phase', attribute_type: 'string_series', string_value: 'warm' },
      { ...place, attribute_path: 'summary/loss', attribute_type: 'float_series', float_value: 1 },
    ]);
  });

  it('is read as the exporter writes it: an attribute after the other, in parts, its own types', async () => {
    const path = folder();
    const records = [
      { attribute_path: 'config/lr', attribute_type: 'float', float_value: 0.1 },
      { attribute_path: 'sys/tags', attribute_type: 'string_set', string_set_value: ['x'] },
      { attribute_path: 'sys/creation_time', attribute_type: 'datetime', datetime_value: 1_767_225_600_000n },
      {
        attribute_path: 'metrics/loss',
        attribute_type: 'float_series',
        step: 1_000_000n,
        timestamp: 10n,
        float_value: 2,
      },
      {
        attribute_path: 'metrics/loss',
        attribute_type: 'float_series',
        step: 2_000_000n,
        timestamp: 11n,
        float_value: 1,
      },
      {
        attribute_path: 'metrics/loss',
        attribute_type: 'float_series',
        step: 2_500_000n,
        timestamp: 12n,
        float_value: 0,
      },
      {
        attribute_path: 'metrics/acc',
        attribute_type: 'float_series',
        step: 1_000_000n,
        timestamp: 10n,
        float_value: 0.5,
      },
      { attribute_path: 'model', attribute_type: 'file', file_value: { path: 'x/y' } },
    ].map((record) => ({ project_id: 'team/p', run_id: 'P-1', ...record }));
    [records.slice(0, 5), records.slice(5)].forEach((part, at) =>
      parquetWriteFile({
        filename: join(path, `P-1-abc_part_${at}.parquet`),
        schema: [...SCHEMA],
        columnData: COLUMNS.map((name) => ({
          name,
          data: part.map((record): unknown => (record as Readonly<Record<string, unknown>>)[name] ?? null),
        })),
      }),
    );
    expect(await neptuneImporter.recognises(path)).toBe(true);
    for await (const found of neptuneImporter.runs(path)) {
      if (found instanceof Error) throw found;
      expect(found).toMatchObject({
        experiment: 'team/p',
        run: 'P-1',
        status: 'FINISHED',
        startedAt: '2026-01-01T00:00:00.000Z',
        tags: ['x'],
        params: { 'config/lr': 0.1 },
      });
      expect(await rowsOf(found)).toEqual([
        [
          1,
          10_000,
          [
            ['metrics/acc', 0.5],
            ['metrics/loss', 2],
          ],
        ],
        [2, 11_000, [['metrics/loss', 1]]],
        [null, 12_000, [['metrics/loss', 0]]],
      ]);
    }
  });

  it.each([
    ['parameters/', { 'test/acc': 0.9, epochs: 7, passed: true }],
    ['config/', undefined],
  ])('has as summary the numbers that are no parameters where those are under %s', async (group, summary) => {
    const path = folder();
    const records = [
      { attribute_path: `${group}lr`, attribute_type: 'float', float_value: 0.1 },
      { attribute_path: 'test/acc', attribute_type: 'float', float_value: 0.9 },
      { attribute_path: 'epochs', attribute_type: 'int', int_value: 7n },
      { attribute_path: 'passed', attribute_type: 'bool', bool_value: true },
      { attribute_path: 'model', attribute_type: 'string', string_value: 'small' },
      { attribute_path: 'sys/size', attribute_type: 'float', float_value: 5 },
      { attribute_path: 'monitoring/ab/pid', attribute_type: 'int', int_value: 5n },
    ].map((record) => ({ project_id: 'team/p', run_id: 'P-1', ...record }));
    parquetWriteFile({
      filename: join(path, 'P-1-abc_part_0.parquet'),
      schema: [...SCHEMA],
      columnData: COLUMNS.map((name) => ({
        name,
        data: records.map((record): unknown => (record as Readonly<Record<string, unknown>>)[name] ?? null),
      })),
    });
    const found = await runAt(neptuneImporter, path);
    expect(found.summary && { ...found.summary, epochs: Number(found.summary['epochs']) }).toEqual(summary);
    expect(found.params).toMatchObject({ 'test/acc': 0.9, passed: true, model: 'small' });
  });
});
