import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import { attempt } from '../../model/attempt.js';
import type { ExchangeRun, Exporter } from '../exchange/exchange-run.js';
import { umaskFs } from '../../storage/node-fs.js';
import { assertFree, type Output, writeNewFile } from '../target/output-file.js';
import { systemError } from '../source/source-files.js';
import { COLUMNS, type NeptuneRecord, SCHEMA, STEP_SCALE } from './attribute-columns.js';
import { recordsOf } from './attribute-records.js';

/** @bound loses nothing: further records are in the next row group */
const RECORDS_A_GROUP = 64 * 1024;

/**
 * Writes the Parquet layout of neptune-exporter, which its loaders import into MLflow, W&B and
 * others: a folder, in it one for the project (the experiment), and in that `<run>_part_0.parquet`
 * with a record for each value of each attribute.
 *
 * Metrics are series under their names, parameters are under `params/`, the summary is under
 * `summary/`, the facts of the run are under `sys/`.
 */
export const neptuneExporter: Exporter<'neptune'> = {
  format: 'neptune',
  makes: 'folder',
  loses:
    'microseconds (times are in milliseconds); steps beyond 12 digits; integers beyond 2^53 (numbers are doubles); rows without a metric, and the order of rows of one millisecond; that numbers were numbers in a metric that also holds texts; which session of the run logged a row; whether a run crashed or was interrupted is only in the attribute expman/status, and headline and definitions of metrics only in expman/summary; meta of log lines',
  write: async (run, path) => {
    assertFree(path);
    umaskFs.makeFolder(path);
    try {
      const project = join(path, fileNameOf(run.experiment));
      umaskFs.makeFolder(project);
      await writeNewFile(join(project, `${fileNameOf(run.run)}_part_0.parquet`), (output) =>
        writeRun(output, run),
      );
    } catch (error) {
      attempt(() => rmSync(path, { recursive: true, force: true }));
      throw systemError(error, path) ?? error;
    }
  },
};

/**
 * Names a file as neptune-exporter names folders: anything but letters, digits, `_` and `-` becomes
 * `_`, and a digest keeps names distinct.
 */
function fileNameOf(name: string): string {
  // @bound loses nothing: the name itself stands in the records
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
  // @bound loses nothing: the name itself stands in the records
  return `${name.slice(0, 100).replace(/[^A-Za-z0-9_-]/g, '_')}-${digest}`;
}

async function writeRun(output: Output, run: ExchangeRun): Promise<void> {
  const bytes = new ByteWriter();
  const flush = (): void => {
    output.add(Uint8Array.from(bytes.getBytes()));
    bytes.index = 0;
  };
  const writer = new ParquetWriter({ writer: Object.assign(bytes, { flush }), schema: [...SCHEMA] });
  let records: NeptuneRecord[] = [];
  const write = async (): Promise<void> => {
    await writer.write({ columnData: columnsOf(run, records), rowGroupSize: RECORDS_A_GROUP });
    flush();
    records = [];
  };
  for await (const record of recordsOf(run)) {
    records.push(record);
    if (records.length >= RECORDS_A_GROUP) await write();
  }
  await write();
  await writer.finish();
  flush();
}

function columnsOf(run: ExchangeRun, records: readonly NeptuneRecord[]): ColumnSource[] {
  const ids = { project_id: run.experiment, run_id: run.run };
  const whole = records.map((record) => ({ ...ids, ...record }));
  return COLUMNS.map((name) => ({
    name,
    data: whole.map((record) => cellOf(name, record)),
    // Its dictionaries would turn -0 into 0.
    ...(name === 'float_value' && { encoding: 'PLAIN' as const }),
  }));
}

function cellOf(
  name: (typeof COLUMNS)[number],
  record: NeptuneRecord & { readonly project_id: string; readonly run_id: string },
): unknown {
  switch (name) {
    case 'step':
      return record.step === undefined || record.step === null
        ? null
        : BigInt(record.step) * BigInt(STEP_SCALE);
    case 'timestamp':
    case 'datetime_value':
      return record[name] === undefined || record[name] === null ? null : BigInt(Math.floor(record[name]));
    // No files and no histograms are logged.
    case 'file_value':
    case 'histogram_value':
      return null;
    default:
      return record[name] ?? null;
  }
}
