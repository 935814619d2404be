import type { SchemaElement } from 'hyparquet';
import { ExpmanError } from '../../model/errors.js';
import type { MetricRow, MetricValue } from '../../model/metric.js';
import { rowValues } from '../exchange/made-row.js';
import { NO_HINTS, type ExchangeRun, type Importer, type TableHints } from '../exchange/exchange-run.js';
import { Findings } from '../exchange/findings.js';
import { elapsedOf, isoOfMicros } from '../exchange/instants.js';
import type { MetricType } from '../exchange/metric-fields.js';
import { placesIn, runColumnsIn } from '../source/places.js';
import { type ReadTable, runsOfTable } from '../source/runs-of-table.js';
import { asExpmanError, beginningOf, corruptAt, kindAt } from '../source/source-files.js';
import { unknownRun } from '../source/unknown-run.js';
import { ownRow } from '../wandb/history.js';
import { type ForeignParquet, foreignParquet } from './foreign-parquet.js';
import { ownParquetRun } from './own-parquet.js';
import { isFileTime } from './parquet-thread-messages.js';
import { type TableMetric, metricsIn } from './placed-table.js';
import { microsOfValue, stepOfValue } from './rows-of-columns.js';

/** Columns of a Parquet file in the layout of neptune-exporter that no table of metrics has. */
export const NEPTUNE_COLUMNS = ['project_id', 'run_id', 'attribute_path', 'attribute_type'] as const;

/**
 * Reads Parquet files: our own, and any others with metrics in columns; integers stay integers,
 * nested values become JSON text.
 */
export const parquetImporter: Importer<'parquet'> = {
  format: 'parquet',
  recognises: async (path) => isParquet(path) && !(await hasColumns(path, NEPTUNE_COLUMNS)),
  takes: ['stepColumn', 'timeColumn', 'runColumn'],
  runs: parquetRuns,
};

/** True if a file begins like a Parquet file. */
export const isParquet = (path: string): boolean =>
  kindAt(path) === 'file' && beginningOf(path, 4).toString('latin1') === 'PAR1';

/** True if a Parquet file has columns of those names. */
export async function hasColumns(path: string, names: readonly string[]): Promise<boolean> {
  try {
    const { columns } = await foreignParquet(path);
    return names.every((name) => columns.some((column) => column.name === name));
  } catch {
    return false;
  }
}

async function* parquetRuns(
  path: string,
  options: TableHints = NO_HINTS,
): AsyncGenerator<ExchangeRun | ExpmanError, void> {
  try {
    const read = await parquetTable(path, options);
    if ('path' in read) yield* runsOfTable(read);
    else yield { ...read, source: { files: [path] } };
  } catch (error) {
    yield asExpmanError(error, path);
  }
}

/** Reads the run in a Parquet file of which there is only one. */
export async function parquetRun(path: string): Promise<ExchangeRun> {
  const read = await parquetTable(path);
  return 'path' in read ? { ...read.run, fields: read.fields, rows: read.rows } : read;
}

async function parquetTable(path: string, options: TableHints = NO_HINTS): Promise<ExchangeRun | ReadTable> {
  try {
    return ownParquetRun(path);
  } catch (error) {
    if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
    const file = await foreignParquet(path);
    // A file of ours that fails its checks must not be read without them.
    if (file.metadata.has('expman.crc')) throw error;
    return foreignTable(path, file, options);
  }
}

function foreignTable(path: string, { columns, rows }: ForeignParquet, options: TableHints): ReadTable {
  const names = columns.map(({ name }) => name);
  const places = placesIn(names, options);
  const runs = runColumnsIn(names, options);
  const isWandb = options.stepColumn === undefined && names.includes('_step');
  const fields = columns.map((column) => ({ name: column.name, type: typeOf(column) }));
  const metrics = metricsIn({ fields, batches: () => [] }, places).filter(
    ({ at }) => runs?.ignored.includes(at) !== true,
  );
  const elapsed = names[places.timestamp] ?? '';
  const read = async function* (): AsyncGenerator<MetricRow, void> {
    for await (const row of rows()) {
      const whole = rowFrom(row, places.step, places.timestamp, { metrics, elapsed }, path);
      yield isWandb ? ownRow(whole, null) : whole;
    }
  };
  const metricAt = (at: number): string => metrics.find((metric) => metric.at === at)?.metric ?? '';
  return {
    path,
    run: unknownRun(path),
    fields: metrics
      .filter(({ metric }) => !isWandb || !metric.startsWith('_'))
      .map(({ metric, type }) => ({ name: metric, type })),
    rows: read,
    findings: new Findings(),
    runMetrics: runs === null ? null : { id: metricAt(runs.id), name: metricAt(runs.name) },
  };
}

function rowFrom(
  row: readonly unknown[],
  step: number,
  timestamp: number,
  { metrics, elapsed }: { readonly metrics: readonly TableMetric[]; readonly elapsed: string },
  path: string,
): MetricRow {
  const entries: [string, MetricValue][] = [];
  for (const { metric, type, at } of metrics) {
    const value = row[at] ?? null;
    if (value !== null) entries.push([metric, valueOf(value, type, path)]);
  }
  const time = row[timestamp] ?? null;
  const seconds = elapsedOf(time);
  if (seconds !== undefined) entries.push([elapsed, seconds]);
  const number = typeof time === 'bigint' ? Number(time) : plain(time);
  const read = isFileTime(time) ? time.microsSinceEpoch : microsOfValue(number);
  const micros = seconds === undefined ? read : undefined;
  return {
    step: stepOfValue(plain(row[step] ?? null)),
    ...(micros !== undefined && { timestamp: micros / 1000 }),
    values: rowValues(entries),
  };
}

function valueOf(value: unknown, type: MetricType, path: string): MetricValue {
  if (type === 'DOUBLE') return Number(value);
  if (type === 'BOOLEAN') return value === true;
  if (type === 'UTF8') return metricText(value);
  const integer = typeof value === 'bigint' ? value : BigInt(Number(value));
  if (BigInt.asIntN(64, integer) !== integer) throw corruptAt(path, `${integer} is beyond 64 bits`);
  return integer;
}

const plain = (value: unknown): MetricValue | null =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string' ? value : null;

function metricText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isFileTime(value)) return isoOfMicros(value.microsSinceEpoch);
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (isFileTime(inner)) return isoOfMicros(inner.microsSinceEpoch);
    if (typeof inner !== 'bigint') return inner;
    // An integer that JSON cannot express exactly is a text of its digits.
    return BigInt.asIntN(53, inner) === inner ? Number(inner) : String(inner);
  });
}

function typeOf({
  type,
  converted_type,
  logical_type,
  num_children,
  repetition_type,
}: SchemaElement): MetricType {
  if (num_children !== undefined || repetition_type === 'REPEATED') return 'UTF8';
  const logical = logical_type?.type;
  if (converted_type === 'DECIMAL' || logical === 'DECIMAL' || logical === 'FLOAT16') return 'DOUBLE';
  const isTime = /^(?:TIMESTAMP|DATE)/.test(converted_type ?? logical ?? '');
  if (isTime) return 'UTF8';
  if (type === 'DOUBLE' || type === 'FLOAT') return 'DOUBLE';
  if (type === 'INT32' || type === 'INT64') return 'INT64';
  return type === 'BOOLEAN' ? 'BOOLEAN' : 'UTF8';
}
