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
import { umaskFs } from '../storage/node-fs.js';
import { arrowExporter, arrowImporter } from './columnar/arrow-format.js';
import { parquetExporter } from './columnar/parquet-exporter.js';
import { parquetImporter } from './columnar/parquet-importer.js';
import { csvExporter } from './csv/csv-exporter.js';
import { csvImporter } from './csv/csv-importer.js';
import type { Exporter, Importer } from './exchange/exchange-run.js';
import { expmanRsImporter } from './expman-rs/expman-rs.js';
import {
  importFrom,
  type ImportFormat,
  type ImportOptions,
  type ImportReport,
  type OwnImportOptions,
} from './import-runs.js';
import { mlflowImporter } from './mlflow/mlflow.js';
import { neptuneExporter } from './neptune/neptune-exporter.js';
import { neptuneImporter } from './neptune/neptune-importer.js';
import { type ExportedExperiment, exportExperimentBy } from './target/export-experiment.js';
import { assertFree } from './target/output-file.js';
import {
  EXPORT_RUN_OPTIONS,
  exchangeRunOf,
  type ExportOptions,
  type OwnExportOptions,
} from './target/own-run.js';
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
export type { SummaryValues } from '../model/summary-values.js';
export type { Step } from '../model/step.js';
export type { MetricDefinition, MetricDefinitions } from '../pure/metric-definition.js';
export { type ArchivedExperiment, archiveExperiment } from './archive/archive-experiment.js';
export { type ArchivedRun, type ArchiveOptions, archiveRun } from './archive/archive-run.js';
export {
  type UnarchiveExperimentOptions,
  type UnarchivedExperiment,
  unarchiveExperiment,
} from './archive/unarchive-experiment.js';
export type { UnpackOptions } from './archive/unpack-files.js';
export { type UnarchiveOptions, type UnarchivedRun, unarchiveRun } from './archive/unarchive-run.js';
export type {
  ExchangeField,
  ExchangeRun,
  ExchangeSession,
  Exporter,
  Importer,
} from './exchange/exchange-run.js';
export type {
  FailedImport,
  ImportedRun,
  ImportFormat,
  ImportOptions,
  ImportReport,
  OwnImportOptions,
} from './import-runs.js';
export type { MergeOptions } from './merging/merge-options.js';
export type { ParamConflict } from './merging/merge-params.js';
export { type MergedRun, type MergedSource, mergeRuns } from './merging/merge-runs.js';
export type { MergeKind } from './merging/merge-sources.js';
export { type CopiedRun, copyRun } from './moving/copy-run.js';
export { type MovedRun, type PlaceOptions, moveRun, renameRun } from './moving/move-run.js';
export type { ExportedExperiment } from './target/export-experiment.js';
export { exchangeRunOf, type ExportOptions, type OwnExportOptions } from './target/own-run.js';

/** The formats that a run can be exported to without custom exporters. */
export type ExportFormat = 'csv' | 'json' | 'ndjson' | 'arrow' | 'parquet' | 'neptune' | 'tensorboard';

/** The exporters of this package. */
export const EXPORTERS: readonly Exporter<ExportFormat>[] = [
  csvExporter,
  jsonExporter,
  ndjsonExporter,
  arrowExporter,
  parquetExporter,
  neptuneExporter,
  tensorboardExporter(),
];

/** The importers of this package; at most one of them recognises a path. */
export const IMPORTERS: readonly Importer<ImportFormat>[] = [
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
 * included. No format includes rank, parent, error, counts of left-out values, artifacts, media and system
 * metrics: {@link archiveRun} keeps everything.
 *
 * @param path - a file or, for `neptune` and `tensorboard`, a folder, that does not exist yet; its
 * parent folders are created
 * @throws {@link ExpmanError} `INVALID_OPTION` for an unknown format or an existing path;
 * `RUN_NOT_FOUND`, `CORRUPT`, `IO`
 * @example
 * await exportRun('./experiments/my_exp/baseline', 'csv', './baseline.csv');
 */
export function exportRun(
  runDir: string,
  format: ExportFormat,
  path: string,
  options?: ExportOptions,
): Promise<void>;
/** Writes a run with one of the exporters that are given; otherwise as without them. */
export function exportRun(
  runDir: string,
  format: string,
  path: string,
  options: OwnExportOptions,
): Promise<void>;
export async function exportRun(
  runDir: string,
  format: string,
  path: string,
  options: Partial<OwnExportOptions> = {},
): Promise<void> {
  const target = resolvePath('path', path);
  resolvePath('runDir', runDir);
  const { exporters = EXPORTERS, ...reading } = EXPORT_RUN_OPTIONS.resolve(options);
  const exporter = exporterOf(exporters, format);
  const run = await exchangeRunOf(runDir, reading);
  makeFolders(umaskFs, dirname(target));
  // An existing empty folder counts as free.
  if (exporter.makes === 'folder') attempt(() => rmdirSync(path));
  assertFree(path);
  await exporter.write(run, path);
}

function exporterOf(exporters: readonly Exporter[], format: string): Exporter {
  const exporter = exporters.find((known) => known.format === format);
  if (exporter !== undefined) return exporter;
  throw invalidOption('format', `one of ${exporters.map((known) => known.format).join(', ')}`, format);
}

/**
 * Writes all runs of an experiment in another format, into a new folder: `RUN.FORMAT` each, or a
 * folder `RUN` for `neptune` and `tensorboard`, beside copies of `experiment.yaml` and the files of
 * a sweep. All of them are written, or nothing.
 *
 * @param path - a folder that does not exist yet; its parent folders are created
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` if it is not an experiment with runs, `INVALID_OPTION`
 * for an unknown format or an existing path; `CORRUPT`, `IO`
 * @example
 * await exportExperiment('./experiments/digits', 'csv', './digits-csv');
 */
export function exportExperiment(
  dir: string,
  format: ExportFormat,
  path: string,
  options?: ExportOptions,
): Promise<ExportedExperiment>;
/** Writes them with one of the exporters that are given; otherwise as without them. */
export function exportExperiment(
  dir: string,
  format: string,
  path: string,
  options: OwnExportOptions,
): Promise<ExportedExperiment>;
export async function exportExperiment(
  dir: string,
  format: string,
  path: string,
  options: Partial<OwnExportOptions> = {},
): Promise<ExportedExperiment> {
  const { exporters = EXPORTERS, ...reading } = EXPORT_RUN_OPTIONS.resolve(options);
  return exportExperimentBy(exporterOf(exporters, format), dir, path, reading);
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
export async function importRuns(
  path: string,
  options: ImportOptions | OwnImportOptions,
): Promise<ImportReport> {
  resolvePath('path', path);
  return importFrom(IMPORTERS, path, options);
}
