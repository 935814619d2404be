// One contestant writes rows to a synced Parquet file and says how fast, as JSON:
//   node specs/bench/contestants.mjs expman|hyparquet|parquetjs ROWS
// Plain JavaScript without a loader, so that all start alike; loading their packages is not part of the time.
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What is used of parquetjs-lite, which has no types.
 *
 * @typedef {{
 *   ParquetSchema: new (fields: object) => object,
 *   ParquetWriter: { openFile(schema: object, file: string): Promise<{ appendRow(row: object): Promise<void>, close(): Promise<void> }> },
 * }} ParquetJs
 */

/** @type {Record<string, (folder: string, rows: number) => Promise<{ file: string, ms: number }>>} */
const CONTESTANTS = {
  async expman(folder, rows) {
    const { ExperimentConfig, LoggingEngine } = await import('../../dist/index.js');
    const [loss, accuracy] = [randoms(rows), randoms(rows)];
    const started = performance.now();
    const run = new LoggingEngine(new ExperimentConfig('bench', folder, { environment: false }));
    for (let step = 0; step < rows; step++)
      run.logMetrics({ loss: loss[step] ?? 0, accuracy: accuracy[step] ?? 0 }, step);
    await run.close();
    return { file: join(run.runDir, 'metrics.parquet'), ms: performance.now() - started };
  },
  async hyparquet(folder, rows) {
    const { parquetWriteFile } = await import('hyparquet-writer');
    const file = join(folder, 'metrics.parquet');
    const step = BigInt64Array.from({ length: rows }, (_, at) => BigInt(at));
    const timestamp = BigInt64Array.from({ length: rows }, (_, at) => 1_700_000_000_000_000n + BigInt(at));
    const [loss, accuracy] = [randoms(rows), randoms(rows)];
    const started = performance.now();
    parquetWriteFile({
      filename: file,
      columnData: [
        { name: 'step', data: step, type: 'INT64' },
        { name: 'timestamp', data: timestamp, type: 'INT64' },
        { name: 'loss', data: loss, type: 'DOUBLE' },
        { name: 'accuracy', data: accuracy, type: 'DOUBLE' },
      ],
    });
    sync(file);
    return { file, ms: performance.now() - started };
  },
  async parquetjs(folder, rows) {
    /** @type {ParquetJs} */
    const parquet = createRequire(import.meta.url)('parquetjs-lite');
    const [loss, accuracy] = [randoms(rows), randoms(rows)];
    const file = join(folder, 'metrics.parquet');
    const schema = new parquet.ParquetSchema({
      step: { type: 'INT64' },
      timestamp: { type: 'TIMESTAMP_MICROS' },
      loss: { type: 'DOUBLE' },
      accuracy: { type: 'DOUBLE' },
    });
    const started = performance.now();
    const writer = await parquet.ParquetWriter.openFile(schema, file);
    for (let step = 0; step < rows; step++)
      await writer.appendRow({
        step,
        timestamp: Date.now() * 1000,
        loss: loss[step],
        accuracy: accuracy[step],
      });
    await writer.close();
    sync(file);
    return { file, ms: performance.now() - started };
  },
};

/**
 * @param {number} rows
 * @returns {Float64Array}
 */
function randoms(rows) {
  return Float64Array.from({ length: rows }, () => Math.random());
}

/** @param {string} file */
function sync(file) {
  const fd = openSync(file, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

const [name = '', count = ''] = process.argv.slice(2);
const rows = Number(count);
const contestant = CONTESTANTS[name];
if (contestant === undefined) throw new Error(`no contestant ${name}`);
const folder = mkdtempSync(join(tmpdir(), 'expman-bench-'));
try {
  const { file, ms } = await contestant(folder, rows);
  const bytesPerRow = statSync(file).size / rows;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ rowsPerSecond: (rows / ms) * 1000, bytesPerRow, peakMegabytes }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
