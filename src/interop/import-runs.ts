import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { ExpmanError } from '../model/errors.js';
import { parseName } from '../model/names.js';
import {
  callback,
  eitherFolder,
  flag,
  invalidOption,
  listOf,
  path,
  ruleOf,
  string,
} from '../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
import type { RunStatus } from '../model/run-status.js';
import { nodeFs } from '../storage/node-fs.js';
import type { ExchangeRun, Importer } from './exchange/exchange-run.js';
import { allowedName } from './exchange/run-names.js';
import { asExpmanError, chosenPath, corruptAt } from './source/source-files.js';
import type { Destination } from './target/draft-run.js';
import { unreadToolAt } from './source/unread-tools.js';
import { removeEmptyExperiment } from './target/experiment-folder.js';
import { EarlierImports, type ImportKey, keyOf } from './target/earlier-imports.js';
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
  | 'trackio'
  | 'dvclive'
  | 'sacred'
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
  /** For a table, the column of steps; else guessed by its name. */
  readonly stepColumn?: string | undefined;
  /** For a table, the column of times; else guessed by its name and its values. */
  readonly timeColumn?: string | undefined;
  /** For a table of several runs, the column that tells them apart; else guessed by its name. */
  readonly runColumn?: string | undefined;
  /** The character between the cells of a text file, or `'tab'`; else guessed by the header. */
  readonly delimiter?: string | undefined;
  /**
   * Fails a run of whose source a part is damaged, such as a last line that was cut off; by default
   * everything that is whole is imported, and the rest reported. Default false.
   */
  readonly strict?: boolean | undefined;
  /**
   * Imports a run once more that has been imported into its experiment before, unchanged; by
   * default it is skipped. Default false.
   */
  readonly again?: boolean | undefined;
  /** Called with each run once it is imported, was skipped or has failed. */
  readonly onRun?: ((run: ImportedRun | SkippedImport | FailedImport) => void) | undefined;
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
  strict: flag().byDefault(false),
  again: flag().byDefault(false),
  stepColumn: string(),
  timeColumn: string(),
  runColumn: string(),
  delimiter: ruleOf(
    "one character, or 'tab'",
    (value): value is string => typeof value === 'string' && /^(?:[^"\r\n]|tab)$/u.test(value),
  ),
  onRun: callback<(run: ImportedRun | SkippedImport | FailedImport) => void>().orNull(),
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
  /** The number of parameters, with those in groups. */
  readonly params: number;
  /** The number of values of the run as a whole. */
  readonly summary: number;
  /** The number of files that are now among its artifacts. */
  readonly files: number;
  /** The number of pictures, sounds and tables. */
  readonly media: number;
  /**
   * Descriptions of what was left out: parts of the source that are damaged or that a run has no
   * place for, and parts of its tags, notes and group that exceed a run's limits. run.log and
   * run.yaml list them, too.
   */
  readonly leftOut: readonly string[];
  /** Descriptions of what the source does not say and was guessed; in run.log and run.yaml, too. */
  readonly guessed: readonly string[];
}

/** A run that was not imported, because it has been imported before. */
export interface SkippedImport {
  readonly kind: 'skipped';
  /** Its name in the source. */
  readonly run: string;
  /** The run that it became. */
  readonly runDir: string;
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
  /** Runs that were imported before; `again` imports them once more. */
  readonly skipped: readonly SkippedImport[];
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
  assertTaken(importer, options);
  const imported: ImportedRun[] = [];
  const skipped: SkippedImport[] = [];
  const failed: FailedImport[] = [];
  for await (const outcome of outcomesOf(importer, source, path, options)) {
    if (outcome.kind === 'imported') imported.push(outcome);
    else if (outcome.kind === 'skipped') skipped.push(outcome);
    else failed.push(outcome);
    options.onRun?.(outcome);
  }
  return { format: importer.format, imported, skipped, failed };
}

type Outcome = ImportedRun | SkippedImport | FailedImport;

/** @throws {@link ExpmanError} `INVALID_OPTION` for an option that an importer does not obey */
function assertTaken({ format, takes = [] }: Importer, options: Resolved): void {
  const names = ['stepColumn', 'timeColumn', 'runColumn', 'delimiter'] as const;
  const unused = names.find((name) => options[name] !== undefined && !takes.includes(name));
  if (unused !== undefined)
    throw invalidOption(unused, `left out: the format ${format} has none to choose`, options[unused]);
}

async function* outcomesOf(
  importer: Importer,
  source: string,
  from: string,
  options: Resolved,
): AsyncGenerator<Outcome, void> {
  const earlier = new EarlierImports();
  let found = 0;
  try {
    const { stepColumn, timeColumn, runColumn, delimiter } = options;
    for await (const run of importer.runs(source, { stepColumn, timeColumn, runColumn, delimiter })) {
      found++;
      yield run instanceof ExpmanError
        ? { kind: 'failed', error: run }
        : await outcomeOf(run, destinationOf(run, options), earlier, options, {
            from,
            format: importer.format,
          });
    }
    if (found === 0) throw corruptAt(source, 'there is no run in it');
  } catch (error) {
    yield { kind: 'failed', error: asExpmanError(error, source) };
  }
}

async function outcomeOf(
  run: ExchangeRun,
  to: Destination,
  earlier: EarlierImports,
  { strict, again }: Resolved,
  origin: { readonly from: string; readonly format: string },
): Promise<Outcome> {
  const folder = join(to.dir, to.experiment);
  const isNew = nodeFs.stat(folder) === null;
  try {
    const key: ImportKey | null = keyOf(run, origin);
    const known = key === null || again ? null : earlier.runOf(folder, key);
    if (known !== null) return { kind: 'skipped', run: run.run, runDir: known };
    const { experiment } = to;
    const written = await writeRun(run, to, { ...origin, key, strict });
    if (key !== null) earlier.add(folder, key, written.runDir);
    return { kind: 'imported', experiment, ...written };
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
  if (only === undefined) {
    const advice = unreadToolAt(path);
    throw refuse(advice === null ? `the format of ${path} is not recognised` : `${path} is ${advice}`);
  }
  if (others.length === 0) return only;
  throw refuse(
    `${path} matches several formats (${fitting.map((importer) => importer.format).join(', ')}): give the format`,
  );
}
