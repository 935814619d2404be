/**
 * Exchanges runs with other tools: files that any tool can open, and runs that other trackers have
 * written.
 *
 * @packageDocumentation
 */
import { rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { attempt } from '../model/attempt.js';
import { invalidOption, resolvePath } from '../model/option-rules.js';
import { makeFolders } from '../storage/make-folders.js';
import { nodeFs } from '../storage/node-fs.js';
import { arrowExporter, arrowImporter } from './columnar/arrow-format.js';
import { parquetExporter } from './columnar/parquet-exporter.js';
import { parquetImporter } from './columnar/parquet-importer.js';
import { csvExporter } from './csv/csv-exporter.js';
import { csvImporter } from './csv/csv-importer.js';
import type { Exporter, Importer } from './exchange/exchange-run.js';
import { expmanRsImporter } from './expman-rs/expman-rs.js';
import { importFrom, type ImportOptions, type ImportReport } from './import-runs.js';
import { mlflowImporter } from './mlflow/mlflow.js';
import { neptuneExporter } from './neptune/neptune-exporter.js';
import { neptuneImporter } from './neptune/neptune-importer.js';
import { assertFree } from './target/output-file.js';
import { EXPORT_OPTIONS, exchangeRunOf, type ExportOptions } from './target/own-run.js';
import { tensorboardExporter, tensorboardImporter } from './tensorboard/index.js';
import { jsonExporter, jsonImporter } from './text/json.js';
import { ndjsonExporter, ndjsonImporter } from './text/ndjson.js';
import { wandbImporter } from './wandb/wandb.js';

export type { ColumnField, ColumnType } from '../columnar/column.js';
export type { LogLine } from '../run/log-line.js';
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../model/errors.js';
export type { MetricRow, MetricValue } from '../model/metric.js';
export type { Params, ParamValue } from '../model/params.js';
export { RunStatus } from '../model/run-status.js';
export type { Step } from '../model/step.js';
export { type ArchivedRun, type ArchiveOptions, archiveRun } from './archive/archive-run.js';
export { type UnarchiveOptions, type UnarchivedRun, unarchiveRun } from './archive/unarchive-run.js';
export type {
  ExchangeField,
  ExchangeRun,
  ExchangeSession,
  Exporter,
  Importer,
} from './exchange/exchange-run.js';
export type { FailedImport, ImportedRun, ImportOptions, ImportReport } from './import-runs.js';
export { exchangeRunOf, type ExportOptions } from './target/own-run.js';

/** All formats that a run can be exported to. */
export const EXPORTERS: readonly Exporter[] = [
  csvExporter,
  jsonExporter,
  ndjsonExporter,
  arrowExporter,
  parquetExporter,
  neptuneExporter,
  tensorboardExporter(),
];

/** All formats that runs can be imported from; at most one of them recognises a path. */
export const IMPORTERS: readonly Importer[] = [
  csvImporter,
  jsonImporter,
  ndjsonImporter,
  arrowImporter,
  parquetImporter,
  neptuneImporter,
  expmanRsImporter,
  wandbImporter,
  mlflowImporter,
  tensorboardImporter(),
];

/**
 * Writes a run, open or closed, in another format; the exporter's `loses` lists what is not
 * included. No format includes rank, error, counts of left-out values, artifacts, media and system
 * metrics: {@link archiveRun} keeps everything.
 *
 * @param path - a file or, for `neptune` and `tensorboard`, a folder, that does not exist yet; its
 * parent folders are created
 * @throws {@link ExpmanError} `INVALID_OPTION` for an unknown format or an existing path;
 * `RUN_NOT_FOUND`, `CORRUPT`, `IO`
 * @example
 * await exportRun('./experiments/my_exp/baseline', 'csv', './baseline.csv');
 */
export async function exportRun(
  runDir: string,
  format: string,
  path: string,
  options: ExportOptions = {},
): Promise<void> {
  const target = resolvePath('path', path);
  resolvePath('runDir', runDir);
  EXPORT_OPTIONS.resolve(options);
  const exporter = EXPORTERS.find((known) => known.format === format);
  if (exporter === undefined)
    throw invalidOption('format', `one of ${EXPORTERS.map((known) => known.format).join(', ')}`, format);
  const run = await exchangeRunOf(runDir, options);
  makeFolders(nodeFs, dirname(target));
  // An existing empty folder counts as free.
  if (exporter.makes === 'folder') attempt(() => rmdirSync(path));
  assertFree(path);
  await exporter.write(run, path);
}

/**
 * Imports the runs at a path, each as a new run: rows with their own times, parameters, tags, log,
 * status, start and end.
 *
 * The source is only read, and never trusted. A name that is taken gets a suffix, one that no
 * folder can have is changed; a run that cannot be read completely is not created, and does not
 * keep others from being imported.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` if there is nothing at the path, `INVALID_OPTION` if
 * its format is not known
 * @example
 * const { imported } = await importRuns('./mlruns', { dir: './experiments' });
 */
export async function importRuns(path: string, options: ImportOptions): Promise<ImportReport> {
  resolvePath('path', path);
  return importFrom(IMPORTERS, path, options);
}
