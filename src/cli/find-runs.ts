import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ErrorCode, ExpmanError } from '../model/errors.js';
import type { RunFacts } from '../model/run-facts.js';
import { printable } from '../model/printable.js';
import { type RunListing, defaultCacheDir, listRuns } from '../reader/run-index.js';
import { type Filter, parseWhere } from '../reader/where/parse-where.js';
import { nodeFs } from '../storage/node-fs.js';
import type { OptionsOf } from './command.js';
import type { LIST } from './command-options.js';
import { LeftOut } from './left-out.js';
import { pointOutUnknown } from './point-out.js';
import type { Terminal } from './terminal.js';
import { count } from './words.js';

/** The options of a command that select runs. */
type FindOptions = Partial<Pick<OptionsOf<typeof LIST>, 'where' | 'cache'>>;

/** The folder of experiments used when none is named. */
export const DEFAULT_DIR = './experiments';

/**
 * Returns the runs below a folder that match `--where`, and the folders that cannot be read as a
 * run.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` if there is no such folder, `INVALID_FILTER`
 */
export function findRuns(dir: string, options: FindOptions, terminal: Terminal): RunListing {
  filterOf(options); // A wrong filter is not the fault of a folder.
  const { runs, unreadable } = listingOf(dir, options, terminal);
  return { runs: filtered(runs, options, terminal), unreadable };
}

/** Returns the runs that match `--where`; points out the fields in it that no run has. */
function filtered(runs: readonly RunFacts[], options: FindOptions, terminal: Terminal): readonly RunFacts[] {
  const filter = filterOf(options);
  if (filter === null) return runs;
  pointOutUnknown({ where: options.where }, runs, terminal);
  return runs.filter((facts) => filter.matches(facts));
}

function listingOf(dir: string, options: FindOptions, terminal: Terminal): RunListing {
  const path = resolve(dir);
  if (nodeFs.stat(path)?.kind !== 'folder')
    throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${printable(path)}`, { path });
  const cacheDir = options.cache === false ? null : defaultCacheDir();
  const listing = listRuns(nodeFs, path, cacheDir, (done, total) => {
    terminal.progress(`reading run ${done} of ${total}`);
  });
  for (const { runDir, summariesLeftOut } of listing.runs)
    if (summariesLeftOut !== undefined)
      terminal.complain(
        `${printable(runDir)} has ${count(summariesLeftOut)} metrics that are missing from run.yaml, and metrics.parquet cannot be read`,
      );
  return listing;
}

/**
 * Returns the filter of `--where`; null if it was not given.
 *
 * @throws {@link ExpmanError} `INVALID_FILTER`
 */
export function filterOf({ where }: FindOptions): Filter | null {
  return where === undefined ? null : parseWhere(where);
}

/**
 * Returns the runs at and below several paths, in their order, each once, and the paths that could
 * not be read.
 *
 * @throws as {@link findRuns}, if no run can be read
 */
export function findRunsIn(
  paths: readonly string[],
  options: FindOptions,
  terminal: Terminal,
): { readonly runs: readonly RunFacts[]; readonly leftOut: LeftOut } {
  const found = new Map<string, RunFacts>();
  const leftOut = new LeftOut(terminal);
  filterOf(options); // A wrong filter is not the fault of a path.
  for (const path of withoutFiles(paths))
    try {
      const { runs, unreadable } = listingOf(path, options, terminal);
      for (const facts of runs) found.set(facts.runDir, facts);
      for (const { runDir, code, message } of unreadable)
        leftOut.add(runDir, new ExpmanError(code as ErrorCode, message, { path: runDir }));
    } catch (error) {
      leftOut.add(path, error);
    }
  const runs = filtered([...found.values()], options, terminal);
  if (runs.length > 0) return { runs, leftOut };
  leftOut.throwFirst();
  throw new ExpmanError('RUN_NOT_FOUND', `no run in ${printable(paths.join(', '))}`);
}

/** Drops paths of files, unless all are: `EXPERIMENT/*` also matches files beside the runs. */
export function withoutFiles(paths: readonly string[]): readonly string[] {
  const folders = paths.filter((path) => nodeFs.stat(resolve(path))?.kind !== 'file');
  return folders.length > 0 ? folders : paths;
}

/** The folder that is named, or the default. */
export const dirOr = (dir: string | undefined): string =>
  dir ?? (existsSync(DEFAULT_DIR) ? DEFAULT_DIR : '.');
