import { basename, dirname, join, resolve } from 'node:path';
import { type PlaceOptions, PLACE_OPTIONS, type Place } from '../interop/moving/move-run.js';
import type { Destination } from '../interop/target/draft-run.js';
import { runExists } from '../interop/target/place-folder.js';
import { ExpmanError } from '../model/errors.js';
import { UsageError, codeAndMessageOf, exitCodeOf } from './command.js';
import { withoutFiles } from './find-runs.js';
import { ExitCode, type Terminal } from './terminal.js';
import { bytesText } from './words.js';

/** The options of a command that puts runs into a place. */
interface PlacingOptions {
  readonly runName: string | undefined;
  readonly suffix: true | undefined;
}

/** Runs, and the options for their place. */
export interface Placing {
  readonly runDirs: readonly string[];
  readonly options: PlaceOptions;
}

/**
 * Reads the arguments RUN... EXPERIMENT. A name without a separator is an experiment beside that of
 * each run; a path names the experiment's folder.
 *
 * @throws {@link UsageError}
 */
export function placingOf(
  paths: readonly string[],
  { runName, suffix }: PlacingOptions,
  terminal: Terminal,
): Placing {
  const given = paths.at(-1) ?? '';
  const runDirs = [...new Set(withoutFiles(paths.slice(0, -1)).map((path) => resolve(path)))];
  if (runDirs.length === 0) throw new UsageError('name at least one run, then the experiment');
  if (runName !== undefined && runDirs.length > 1)
    throw new UsageError('--run-name is for one run; --suffix numbers the names of several');
  const folder = resolve(given);
  return {
    runDirs,
    options: {
      ...(isName(given) ? { experiment: given } : { experiment: basename(folder), dir: dirname(folder) }),
      ...(runName !== undefined && { runName }),
      whenTaken: suffix === true ? 'suffix' : 'fail',
      onBytes: (bytes) => {
        terminal.progress(`copied ${bytesText(bytes)}`);
      },
    },
  };
}

const isName = (text: string): boolean => !/[/\\]/.test(text) && text !== '.' && text !== '..';

/**
 * Checks all runs before the first is touched.
 *
 * @throws {@link ExpmanError} the errors of `plan`; `RUN_EXISTS` if two would get the same name
 */
export function planAll(
  { runDirs, options }: Placing,
  plan: (runDir: string, place: Place) => Destination,
): void {
  const place = PLACE_OPTIONS.resolve(options);
  const taken = new Set<string>();
  for (const runDir of runDirs) {
    const { dir, experiment, run } = plan(runDir, place);
    const target = join(dir, experiment, run);
    if (taken.has(target) && place.whenTaken === 'fail') throw runExists(target);
    taken.add(target);
  }
}

/** A run that could not be placed. */
export interface FailedPlacing {
  readonly runDir: string;
  readonly code: string;
  readonly message: string;
}

/** Places runs one after another, each whatever happens to the others. */
export async function placeEach<T>(
  { runDirs, options }: Placing,
  place: (runDir: string, options: PlaceOptions) => Promise<T>,
  terminal: Terminal,
): Promise<{
  readonly done: readonly T[];
  readonly failed: readonly FailedPlacing[];
  readonly exit: number;
}> {
  const done: T[] = [];
  const failed: FailedPlacing[] = [];
  let exit: number = ExitCode.ok;
  for (const runDir of runDirs)
    try {
      done.push(await place(runDir, options));
    } catch (error) {
      const code = error instanceof ExpmanError ? error.code : 'IO';
      failed.push({ runDir, code, message: codeAndMessageOf(error) });
      exit = Math.max(exit, exitCodeOf(error));
      terminal.complain(codeAndMessageOf(error));
    }
  return { done, failed, exit };
}
