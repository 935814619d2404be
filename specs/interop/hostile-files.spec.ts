import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { parquetWriteFile } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { ExpmanError } from '../../dist/modules/model/errors.js';
import type { Exporter, Importer } from '../../dist/modules/interop/exchange/exchange-run.js';
import { IMPORTERS } from '../../dist/modules/interop/index.js';
import { arrowExporter, arrowImporter } from '../../dist/modules/interop/columnar/arrow-format.js';
import { foreignParquet } from '../../dist/modules/interop/columnar/foreign-parquet.js';
import { parquetExporter } from '../../dist/modules/interop/columnar/parquet-exporter.js';
import { parquetImporter } from '../../dist/modules/interop/columnar/parquet-importer.js';
import { csvExporter } from '../../dist/modules/interop/csv/csv-exporter.js';
import { csvImporter } from '../../dist/modules/interop/csv/csv-importer.js';
import { expmanRsImporter } from '../../dist/modules/interop/expman-rs/expman-rs.js';
import { mlflowImporter } from '../../dist/modules/interop/mlflow/mlflow.js';
import { neptuneExporter } from '../../dist/modules/interop/neptune/neptune-exporter.js';
import { neptuneImporter } from '../../dist/modules/interop/neptune/neptune-importer.js';
import { jsonExporter, jsonImporter } from '../../dist/modules/interop/text/json.js';
import { ndjsonExporter, ndjsonImporter } from '../../dist/modules/interop/text/ndjson.js';
import { tempFolders } from '../support/temp-folder.js';
import { givenRun, logOf, rowsOf } from './run-arbitrary.js';

const folder = tempFolders('hostile');
const SHOTS = 120;

const run = givenRun({
  experiment: 'e',
  run: 'r',
  status: 'FINISHED',
  startedAt: null,
  endedAt: null,
  tags: ['a'],
  notes: '',
  group: null,
  params: { lr: 0.1 },
  fields: [
    { name: 'loss', type: 'DOUBLE' },
    { name: 'n', type: 'INT64' },
    { name: 'ok', type: 'BOOLEAN' },
    { name: 'text', type: 'UTF8' },
  ],
  givenRows: Array.from({ length: 40 }, (_, step) => ({
    step,
    timestamp: step,
    values: {
      loss: step / 3,
      n: BigInt(step),
      ok: step % 2 === 0,
      ...(step % 3 > 0 && { text: `t${step}` }),
    },
  })),
  givenLog: [{ timestampMs: 0, level: 'info', message: 'm', meta: {} }],
});

const FORMATS: readonly (readonly [Exporter, Importer])[] = [
  [csvExporter, csvImporter],
  [jsonExporter, jsonImporter],
  [ndjsonExporter, ndjsonImporter],
  [arrowExporter, arrowImporter],
  [parquetExporter, parquetImporter],
  [neptuneExporter, neptuneImporter],
];

/** Reads all there is; what cannot be read has to be told as an error of ours. */
async function readAll(importer: Importer, path: string): Promise<string> {
  try {
    for await (const found of importer.runs(path)) {
      if (found instanceof ExpmanError) throw found;
      await rowsOf(found);
      await logOf(found);
    }
    return 'read';
  } catch (error) {
    expect(error).toBeInstanceOf(ExpmanError);
    return 'refused';
  }
}

const filesIn = (path: string): string[] =>
  statSync(path).isFile()
    ? [path]
    : readdirSync(path, { recursive: true, encoding: 'utf8' })
        .map((name) => join(path, name))
        .filter((name) => statSync(name).isFile());

describe.each(FORMATS)('a file whose bytes are not what was written', (exporter, importer) => {
  it(`is read or refused as ${importer.format}, and never anything else`, async () => {
    const path = join(folder(), `run.${exporter.format}`);
    await exporter.write(run, path);
    const [file = path] = filesIn(path);
    const whole = readFileSync(file);
    const outcomes = new Set<string>();
    const shot = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      byte: fc.integer({ min: 0, max: 255 }),
      length: fc.integer({ min: 1, max: 4 }),
      cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(shot, async ({ at, byte, length, cut }) => {
        const bytes = Buffer.from(whole);
        const start = Math.floor(at * bytes.length);
        bytes.fill(byte, start, Math.min(bytes.length, start + length));
        writeFileSync(file, cut === null ? bytes : bytes.subarray(0, Math.floor(cut * bytes.length)));
        await importer.recognises(path);
        outcomes.add(await readAll(importer, path));
      }),
      { numRuns: SHOTS },
    );
    expect(outcomes).toContain('refused');
  });
});

describe('a file that says more than it holds', () => {
  it('is refused before anything is allocated for it', async () => {
    const path = join(folder(), 'big.parquet');
    parquetWriteFile({ filename: path, columnData: [{ name: 'step', data: [1n] }] });
    const bytes = readFileSync(path);
    // The length of the footer.
    bytes.writeUInt32LE(0x7fffffff, bytes.length - 8);
    writeFileSync(path, bytes);
    expect(await readAll(parquetImporter, path)).toBe('refused');
  });

  it('is given up where its pages would be read for ever, and the next file is read', async () => {
    const path = join(folder(), 'endless.parquet');
    await parquetExporter.write(run, path);
    const whole = readFileSync(path);
    const said: string[] = [];
    // Among the first bytes is how many values the page holds.
    for (let at = 26; at < 40; at++) {
      const bytes = Buffer.from(whole);
      bytes.writeUInt32LE(0xfffffff0, at);
      writeFileSync(path, bytes);
      said.push(await whatBecomesOf(path));
    }
    expect(said.join('\n')).toContain('takes too long');
    writeFileSync(path, whole);
    expect(await whatBecomesOf(path)).toBe('40 rows');

    async function whatBecomesOf(file: string): Promise<string> {
      try {
        let rows = 0;
        for await (const row of (await foreignParquet(file)).rows()) rows += Math.sign(row.length);
        return `${rows} rows`;
      } catch (error) {
        expect(error).toMatchObject({ code: 'CORRUPT', path: file });
        return String(error);
      }
    }
  });

  it.each(['file', 'stream'] as const)(
    'is read or refused at once as an Arrow %s, wherever a length of its lists is',
    async (kind) => {
      const path = join(folder(), 'lists.arrow');
      const table = arrow.tableFromArrays({
        step: Float64Array.from([1, 2]),
        kind: ['a', 'b'],
        nested: [{ a: 1 }, { a: 2 }],
      });
      table.schema.metadata.set('key', 'value');
      const whole = Buffer.from(arrow.tableToIPC(table, kind));
      let refused = 0;
      // Whatever takes one of these lengths at its word works for minutes, or out of memory.
      for (const length of [0x7fffffff, 0xfffffff0, 0x00ffffff])
        for (let at = 0; at + 4 <= whole.length; at += 4) {
          const bytes = Buffer.from(whole);
          bytes.writeUInt32LE(length, at);
          writeFileSync(path, bytes);
          if ((await readAll(arrowImporter, path)) === 'refused') refused++;
        }
      expect(refused).toBeGreaterThan(20);
    },
  );

  it('is refused where its rows are more than its bytes', async () => {
    const path = join(folder(), 'long.arrow');
    const rows = 1_234_567;
    const numbers = Array.from({ length: rows % 1000 }, (_, at) => at);
    const bytes = Buffer.from(
      arrow.tableToIPC(arrow.tableFromArrays({ step: Float64Array.from(numbers) }), 'file'),
    );
    const told = Buffer.alloc(8);
    told.writeBigInt64LE(BigInt(numbers.length));
    // The length of the batch and that of its column.
    for (let at = bytes.indexOf(told); at >= 0; at = bytes.indexOf(told, at + 8))
      bytes.writeBigInt64LE(BigInt(rows), at);
    writeFileSync(path, bytes);
    for await (const found of arrowImporter.runs(path)) {
      if (found instanceof ExpmanError) throw found;
      await expect(rowsOf(found)).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });
});

describe('a file that is cut off', () => {
  it('gives neither its rows nor its log as if they were all', async () => {
    const path = join(folder(), 'run.ndjson');
    await ndjsonExporter.write(run, path);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, text.lastIndexOf('{"end"')));
    for await (const found of ndjsonImporter.runs(path)) {
      if (found instanceof ExpmanError) throw found;
      await expect(rowsOf(found)).rejects.toThrow('cut off after 40 rows');
      await expect(logOf(found)).rejects.toThrow('cut off');
    }
  });
});

describe('YAML of another tool', () => {
  const LAUGHS = `a: &a [x,x]\n${Array.from({ length: 30 }, (_, n) => `b${n}: &b${n} [*a,*a]\n`).join('')}`;

  it.each([
    ['nests too deep', '['.repeat(5000)],
    ['is a list', '- 1\n'],
    ['is no YAML', 'a: b: c:\n'],
    ['has one key twice', 'run_id: a\nrun_id: b\nname: x\nstarted_at: 1\n'],
    ['laughs', LAUGHS.repeat(40)],
  ])('that %s makes its run an error, and no other', async (_what, yaml) => {
    const root = folder();
    const put = (name: string, text: string): void => {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    };
    put('rs/a/config.yaml', yaml);
    put('rs/a/vectors-0000.arrow', '');
    put('rs/b/vectors-0000.arrow', '');
    put('ml/0/a/meta.yaml', `run_id: a\n${yaml}`);
    put('ml/0/b/meta.yaml', 'run_id: b\nstatus: 3\n');
    for (const [importer, path] of [
      [expmanRsImporter, 'rs'],
      [mlflowImporter, 'ml'],
    ] as const) {
      const found = [];
      for await (const one of importer.runs(join(root, path)))
        found.push(one instanceof ExpmanError ? one.code : one.run);
      expect(found).toEqual([expect.stringMatching(/^(?:CORRUPT|UNSAFE_YAML)$/), 'b']);
    }
  });
});

describe('what is no file', () => {
  it('is of no format: a folder of a run that is a link, a loop of folders', async () => {
    const root = folder();
    symlinkSync(root, join(root, 'loop'));
    symlinkSync('/etc', join(root, 'etc'));
    for (const importer of IMPORTERS)
      for (const path of [root, '/dev/null', join(root, 'etc')])
        expect(await importer.recognises(path)).toBe(false);
  });
});
