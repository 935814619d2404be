import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { ExpmanError } from '../model/errors.js';
import { parseName } from '../model/names.js';
import { callback, eitherFolder, invalidOption, listOf, path, string } from '../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
import type { RunStatus } from '../model/run-status.js';
import { nodeFs } from '../storage/node-fs.js';
import type { ExchangeRun, Importer } from './exchange/exchange-run.js';
import { allowedName } from './exchange/run-names.js';
import { asExpmanError, chosenPath } from './source/source-files.js';
import type { Destination } from './target/draft-run.js';
import { removeEmptyExperiment } from './target/experiment-folder.js';
import { writeRun } from './target/write-run.js';

/** The formats that can be imported without custom importers. */
export type ImportFormat =
  | 'csv'
  | 'json'
  | 'ndjson'
  | 'arrow'
  | 'parquet'
  | 'neptune'
  | 'expman-rs'
  | 'wandb'
  | 'mlflow'
  | 'tensorboard';

/** Options of {@link importRuns}. */
export interface ImportOptions {
  /** The folder of experiments to write into; required, under this name or as `baseDir`. */
  readonly dir?: string | undefined;
  /** The same as `dir`. */
  readonly baseDir?: string | undefined;
  /** The format of the source; detected if absent. */
  readonly format?: ImportFormat | undefined;
  /** Replaces the source's name of the experiment. */
  readonly experiment?: string | undefined;
  /** Replaces the source's name of the run; each further run gets a suffix. */
  readonly runName?: string | undefined;
  /** Called with each run once it is imported, or has failed. */
  readonly onRun?: ((run: ImportedRun | FailedImport) => void) | undefined;
}

/** How {@link importRuns} imports with importers that are given to it. */
export interface OwnImportOptions extends Omit<ImportOptions, 'format'> {
  /** All importers to choose from, such as `[...IMPORTERS, mine]`; the default is `IMPORTERS`. */
  readonly importers: readonly Importer[];
  /** The format of one of them; found out from what is there when left out. */
  readonly format?: string | undefined;
}

// Formats and names are checked where they are looked up.
const OPTIONS = optionsTable<Partial<OwnImportOptions>>()({
  dir: path(),
  baseDir: path(),
  importers: listOf<Importer>(
    'an array of importers: objects with a format, recognises() and runs()',
    'format',
    'recognises',
    'runs',
  ),
  format: string(),
  experiment: string(),
  runName: string(),
  onRun: callback<(run: ImportedRun | FailedImport) => void>().orNull(),
});

/** The options of an import once they are checked. */
type Resolved = Omit<ResolvedBy<typeof OPTIONS>, 'dir' | 'baseDir' | 'importers'> & { readonly dir: string };

/** A run that was imported. */
export interface ImportedRun {
  readonly kind: 'imported';
  readonly experiment: string;
  readonly run: string;
  readonly runDir: string;
  readonly status: RunStatus;
  readonly rows: number;
  readonly logLines: number;
  /** Values left out because no metric can hold them; run.log lists them. */
  readonly invalid: number;
  /**
   * Descriptions of the parts of its tags, notes and group that exceed a run's limits; run.log and
   * run.yaml list them, too.
   */
  readonly leftOut: readonly string[];
}

/** A run that could not be imported. */
export interface FailedImport {
  readonly kind: 'failed';
  /** The name in the source; absent if not even that could be read. */
  readonly run?: string;
  readonly error: ExpmanError;
}

/** The result of an import. */
export interface ImportReport {
  readonly format: string;
  readonly imported: readonly ImportedRun[];
  /** Runs that failed; they do not keep others from being imported. */
  readonly failed: readonly FailedImport[];
}

/**
 * Imports the runs at a path, one after another, each as a new run.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` if there is nothing at the path, `INVALID_OPTION` for
 * an unknown format, or if the path has no known format or several
 */
export async function importFrom(
  known: readonly Importer[],
  path: string,
  given: Partial<OwnImportOptions>,
): Promise<ImportReport> {
  const { dir, baseDir, importers = known, ...others } = OPTIONS.resolve(given);
  const folder = eitherFolder(dir, baseDir);
  if (folder === undefined) throw invalidOption('dir', 'the path of a folder of experiments', folder);
  const options = { ...others, dir: folder };
  const source = chosenPath(path);
  const importer = await importerOf(importers, source, options.format);
  const imported: ImportedRun[] = [];
  const failed: FailedImport[] = [];
  for await (const outcome of outcomesOf(importer, source, path, options)) {
    if (outcome.kind === 'imported') imported.push(outcome);
    else failed.push(outcome);
    options.onRun?.(outcome);
  }
  return { format: importer.format, imported, failed };
}

async function* outcomesOf(
  importer: Importer,
  source: string,
  from: string,
  options: Resolved,
): AsyncGenerator<ImportedRun | FailedImport, void> {
  try {
    for await (const run of importer.runs(source))
      yield run instanceof ExpmanError
        ? { kind: 'failed', error: run }
        : await outcomeOf(run, destinationOf(run, options), { from, format: importer.format });
  } catch (error) {
    yield { kind: 'failed', error: asExpmanError(error, source) };
  }
}

async function outcomeOf(
  run: ExchangeRun,
  to: Destination,
  origin: { readonly from: string; readonly format: string },
): Promise<ImportedRun | FailedImport> {
  const folder = join(to.dir, to.experiment);
  const isNew = nodeFs.stat(folder) === null;
  try {
    const { experiment } = to;
    return { kind: 'imported', experiment, ...(await writeRun(run, to, origin)) };
  } catch (error) {
    if (isNew) attempt(() => removeEmptyExperiment(folder));
    return { kind: 'failed', run: run.run, error: asExpmanError(error, origin.from) };
  }
}

function destinationOf(run: ExchangeRun, { dir, experiment, runName }: Resolved): Destination {
  return {
    dir,
    experiment:
      experiment === undefined
        ? allowedName('experiment', run.experiment, 'imported')
        : parseName('experiment', experiment),
    run: runName === undefined ? allowedName('run', run.run, 'imported') : parseName('run', runName),
  };
}

async function importerOf(
  importers: readonly Importer[],
  path: string,
  format: string | undefined,
): Promise<Importer> {
  const formats = importers.map((importer) => importer.format).join(', ');
  const refuse = (why: string): ExpmanError =>
    new ExpmanError('INVALID_OPTION', `${why}; known formats: ${formats}`, {
      option: 'format',
      rule: `one of ${formats}`,
      value: format,
      path,
    });
  if (format !== undefined) {
    const named = importers.find((importer) => importer.format === format);
    if (named === undefined) throw refuse(`unknown format ${JSON.stringify(format)}`);
    return named;
  }
  const fitting: Importer[] = [];
  for (const importer of importers) if (await importer.recognises(path)) fitting.push(importer);
  const [only, ...others] = fitting;
  if (only === undefined) throw refuse(`the format of ${path} is not recognised`);
  if (others.length === 0) return only;
  throw refuse(
    `${path} matches several formats (${fitting.map((importer) => importer.format).join(', ')}): give the format`,
  );
}
