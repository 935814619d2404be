import { basename, dirname, resolve } from 'node:path';
import { parseName } from '../../model/names.js';
import { callback, flag, invalidOption, oneOf, resolvePath } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';
import type { Destination } from '../target/draft-run.js';
import type { MergeKind } from './merge-sources.js';

/**
 * The most runs of one merge; the file of rows of each is open, and run.yaml lists them.
 *
 * @bound refuses: INVALID_OPTION
 */
const MAX_RUNS = 256;

/** Options of {@link mergeRuns}. */
export interface MergeOptions {
  /**
   * How the runs belong together: `pieces` of one training that were logged one after the other, or
   * `ranks` that trained together. By default ranks, if all are of one group and each has its own
   * rank, and pieces otherwise.
   */
  readonly as?: MergeKind | undefined;
  /** The order of pieces: by their start (the default), or as they are given. */
  readonly order?: 'start' | 'given' | undefined;
  /**
   * The values of an earlier piece at steps that a later one has, too, for the same metric:
   * `replace` leaves them out (the default), `keep` keeps both.
   */
  readonly overlap?: 'replace' | 'keep' | undefined;
  /**
   * True to refuse a merge that has to choose between values, or that has to leave something out.
   */
  readonly strict?: boolean | undefined;
  /**
   * The action if a run of that name exists: `fail` (the default), or append a number to the name.
   */
  readonly whenTaken?: 'fail' | 'suffix' | undefined;
  /**
   * True to delete the runs once the new one is in its place; not those of which something was left
   * out, those that have changed meanwhile, and those from which other runs were forked.
   */
  readonly deleteSources?: boolean | undefined;
  /** True to read everything and write nothing. */
  readonly dryRun?: boolean | undefined;
  /** Called with the rows written so far and the most there can be, every 10,000 rows. */
  readonly onRows?: ((rows: number, total: number) => void) | undefined;
}

/** The rules of {@link MergeOptions}. */
export const MERGE_OPTIONS = optionsTable<MergeOptions>()({
  as: oneOf('pieces', 'ranks'),
  order: oneOf('start', 'given').byDefault('start'),
  overlap: oneOf('replace', 'keep').byDefault('replace'),
  strict: flag().byDefault(false),
  whenTaken: oneOf('fail', 'suffix').byDefault('fail'),
  deleteSources: flag().byDefault(false),
  dryRun: flag().byDefault(false),
  onRows: callback<(rows: number, total: number) => void>().orNull(),
});

/** Checked {@link MergeOptions}. */
export type Merging = ResolvedBy<typeof MERGE_OPTIONS>;

/**
 * Checks the list of runs, and returns their folders.
 *
 * @throws ExpmanError `INVALID_OPTION`
 */
export function checkRuns(runDirs: unknown): readonly string[] {
  if (!Array.isArray(runDirs) || runDirs.length < 2 || runDirs.length > MAX_RUNS)
    throw invalidOption('runDirs', `a list of 2 to ${MAX_RUNS} folders of runs`, runDirs);
  return runDirs.map((runDir: unknown) => resolvePath('runDirs', runDir));
}

/**
 * Returns the place that `into` names: NAME is in the experiment of a run, EXPERIMENT/NAME below the
 * folder of experiments of that run; anything else is a path.
 *
 * @throws ExpmanError `INVALID_NAME`, `INVALID_OPTION`
 */
export function placeFor(into: unknown, runDir: string): Destination {
  if (typeof into !== 'string' || into === '')
    throw invalidOption('into', 'NAME, EXPERIMENT/NAME or the path of a new run', into);
  const [first = '', second, ...more] = into.split(/[/\\]/);
  const isPath =
    [first, second].some((part) => part === '' || part === '.' || part === '..') || more.length > 0;
  const [base, own] = [dirname(dirname(runDir)), basename(dirname(runDir))];
  const path = resolve(into);
  const [dir, experiment, run] = isPath
    ? [dirname(dirname(path)), basename(dirname(path)), basename(path)]
    : [base, second === undefined ? own : first, second ?? first];
  return { dir, experiment: parseName('experiment', experiment), run: parseName('run', run) };
}
