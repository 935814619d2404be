import { ExpmanError, errnoOf, messageOf } from '../../model/errors.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { FsPort } from '../../storage/fs-port.js';
import { type RunInfo, inspectRun } from '../inspect-run.js';
import { runFoldersIn } from '../run-folders.js';

/** A run, or a file of one, that a query could not see. */
export interface Skipped {
  readonly runDir: string;
  /** A code of an error, `CORRUPT` for most. */
  readonly code: string;
  readonly reason: string;
}

/** Where a query gets from what the runs are. */
export interface FactsSource {
  /** The runs that can be read. */
  runs(): readonly RunFacts[];
  /** Those that cannot, and why. */
  skipped(): readonly Skipped[];
}

/** Reads every run folder below a folder. */
export function scanned(fs: FsPort, baseDir: string): FactsSource {
  const runs: RunFacts[] = [];
  const skipped: Skipped[] = [];
  for (const runDir of runFoldersIn(fs, baseDir))
    try {
      runs.push(factsOf(inspectRun(fs, runDir)));
    } catch (error) {
      skipped.push(skippedFor(runDir, error));
    }
  return { runs: () => runs, skipped: () => skipped };
}

/** A run whose files say no. */
export function skippedFor(runDir: string, error: unknown): Skipped {
  const code = error instanceof ExpmanError ? error.code : (errnoOf(error) ?? 'CORRUPT');
  return { runDir, code, reason: messageOf(error) };
}

function factsOf({ identity, ...info }: RunInfo): RunFacts {
  const { experiment, run, uuid, startedAt, tags, notes, group, rank } = identity;
  return {
    ...info,
    experiment,
    run,
    uuid,
    startedAt,
    tags,
    notes,
    group,
    ...(rank !== undefined && { rank }),
  };
}
