import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { arrowExporter, arrowImporter } from '../../dist/modules/interop/columnar/arrow-format.js';
import { parquetExporter } from '../../dist/modules/interop/columnar/parquet-exporter.js';
import { parquetImporter } from '../../dist/modules/interop/columnar/parquet-importer.js';
import { hasPython, python, PYTHON } from '../support/python.js';
import { tempFolders } from '../support/temp-folder.js';
import { givenRun, rowsOf, runAt } from './run-arbitrary.js';

const folder = tempFolders('tables');

const run = givenRun({
  experiment: 'e',
  run: 'r',
  status: 'FINISHED',
  startedAt: null,
  endedAt: null,
  tags: [],
  notes: '',
  group: null,
  params: {},
  fields: [
    { name: 'loss', type: 'DOUBLE' },
    { name: 'n', type: 'INT64' },
    { name: 'ok', type: 'BOOLEAN' },
    { name: 'text', type: 'UTF8' },
  ],
  givenRows: [
    { step: 0, timestamp: 1.5, values: { loss: 0.5, n: 2n ** 60n, ok: true, text: 'é' } },
    { step: null, timestamp: 2, values: { loss: Infinity } },
  ],
  givenLog: [],
});

const TYPES = ['step', 'timestamp', 'loss', 'n', 'ok', 'text'];

describe.runIf(hasPython())('a table of ours', () => {
  const read = (module: string, path: string): unknown =>
    python(
      `import json, sys, pyarrow, pyarrow.parquet, pyarrow.ipc
t = ${module}(sys.argv[1])
t = t.read_all() if hasattr(t, "read_all") else t
t.validate(full=True)
print(json.dumps([[f.name, str(f.type)] for f in t.schema] + [[str(v) for v in c] for c in t.to_pydict().values()]))`,
      [path],
    );
  const wanted = [
    ...['int64', 'timestamp[us, tz=UTC]', 'double', 'int64', 'bool', 'string'].map((type, at) => [
      TYPES[at],
      type,
    ]),
    ['0', 'None'],
    ['1970-01-01 00:00:00.001500+00:00', '1970-01-01 00:00:00.002000+00:00'],
    ['0.5', 'inf'],
    [String(2n ** 60n), 'None'],
    ['True', 'None'],
    ['é', 'None'],
  ];

  it('is read by pyarrow, as Arrow and as Parquet', async () => {
    const path = join(folder(), 'x');
    await arrowExporter.write(run, `${path}.arrow`);
    await parquetExporter.write(run, `${path}.parquet`);
    expect(read('pyarrow.ipc.open_file', `${path}.arrow`)).toEqual(wanted);
    expect(read('pyarrow.parquet.read_table', `${path}.parquet`)).toEqual(wanted);
  });
});

describe("anybody's table", () => {
  it("is read from a run's own metrics.parquet, under the names of its metrics", async () => {
    const logged = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    logged.metrics.next({ step: 1, timestamp: 5.25, values: { step: 7, loss: 1n } });
    await logged.close();
    expect(await rowsOf(await runAt(parquetImporter, join(logged.runDir, 'metrics.parquet')))).toEqual([
      [
        1,
        5250,
        [
          ['loss', 1n],
          ['step', 7],
        ],
      ],
    ]);
  });

  it.runIf(hasPython())(
    'is read from Parquet of each codec, each type becoming the nearest of ours',
    async () => {
      const dir = folder();
      python(
        `import sys, datetime as d, decimal, pyarrow as pa, pyarrow.parquet as pq
t = pa.table({"global_step": pa.array([1, 2], pa.int32()), "time": pa.array([1500, None], pa.timestamp("ns")),
  "f": pa.array([1.5, None], pa.float32()), "i": pa.array([2**62, -1], pa.int64()), "u": pa.array([3, 4], pa.uint8()),
  "b": [True, None], "s": pa.array(["a", "\\ufeffb"]).dictionary_encode(), "l": [[1, 2], None],
  "d": pa.array([decimal.Decimal("1.25"), None]), "day": pa.array([d.date(2026, 1, 1), None])})
for c in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]: pq.write_table(t, f"{sys.argv[1]}/{c}.parquet", compression=c)
print("null")`,
        [dir],
      );
      for (const codec of ['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4'])
        expect([codec, await rowsOf(await runAt(parquetImporter, join(dir, `${codec}.parquet`)))]).toEqual([
          codec,
          [
            [
              1,
              1,
              [
                ['b', true],
                ['d', 1.25],
                ['day', '2026-01-01T00:00:00.000000Z'],
                ['f', 1.5],
                ['i', 2n ** 62n],
                ['l', '[1,2]'],
                ['s', 'a'],
                ['u', 3n],
              ],
            ],
            [
              2,
              null,
              [
                ['i', -1n],
                ['s', '\ufeffb'],
                ['u', 4n],
              ],
            ],
          ],
        ]);
      expect(PYTHON).not.toBe('');
    },
  );

  it('is read from Arrow, files and streams, each type becoming the nearest of ours', async () => {
    const table = new arrow.Table({
      step: arrow.vectorFromArray([1, 2], new arrow.Int32()),
      f: arrow.vectorFromArray([1.5, null], new arrow.Float32()),
      u: arrow.vectorFromArray([3, 4], new arrow.Uint8()),
      s: arrow.vectorFromArray(['a', 'b']),
      d: arrow.vectorFromArray([new Date(5), null], new arrow.DateMillisecond()),
    });
    for (const format of ['file', 'stream'] as const) {
      const path = join(folder(), 'x.arrow');
      writeFileSync(path, arrow.tableToIPC(table, format));
      expect(await rowsOf(await runAt(arrowImporter, path))).toEqual([
        [
          1,
          null,
          [
            ['d', '1970-01-01T00:00:00.005000Z'],
            ['f', 1.5],
            ['s', 'a'],
            ['u', 3n],
          ],
        ],
        [
          2,
          null,
          [
            ['s', 'b'],
            ['u', 4n],
          ],
        ],
      ]);
    }
  });
});
