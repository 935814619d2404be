import { basename, dirname, join, resolve } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import type { RunFacts } from '../model/run-facts.js';
import { RunStatus } from '../model/run-status.js';
import { readFacts } from '../reader/read-facts.js';
import { listRuns } from '../reader/run-index.js';
import { RUN_NAME } from '../run/file-names.js';
import type { FsPort } from '../storage/fs-port.js';

/** The tag of a run that a gate has refused; such a run is never a baseline. */
export const FAILED_TAG = 'gate:failed';

const TAG = 'tag:';

/** The run that another one is compared with. */
export interface Baseline {
  /** Null if there is no run before it. */
  readonly facts: RunFacts | null;
  /** The number of runs of the experiment that might have been it, but cannot be read. */
  readonly unreadable: number;
}

/**
 * Finds the run that a run is compared with: `tag:NAME` is the newest finished run of the same
 * experiment with that tag, `last` the newest finished one that started before it; anything else is
 * the path of a run, or the name of one in the same experiment.
 *
 * @throws ExpmanError `RUN_NOT_FOUND` if no run has the tag or the path; `CORRUPT` if none can be
 * found, but some cannot be read; `INVALID_VALUE` for the run itself, and for one that a gate has
 * refused or that has not finished
 */
export function baselineOf(fs: FsPort, run: RunFacts, baseline: string): Baseline {
  const isTag = baseline.startsWith(TAG);
  if (!isTag && baseline !== 'last') return { facts: namedRun(fs, run, baseline), unreadable: 0 };
  const path = dirname(run.runDir);
  const tag = baseline.slice(TAG.length);
  const { runs, unreadable } = listRuns(fs, path, null);
  const facts = newest(
    runs.filter(
      ({ uuid, status, tags, startedAt }) =>
        // Not by its folder: it may have been given as a link, which a listing does not have.
        uuid !== run.uuid &&
        status === RunStatus.Finished &&
        !tags.includes(FAILED_TAG) &&
        (isTag ? tags.includes(tag) : startedAt <= run.startedAt),
    ),
  );
  const [damaged] = unreadable;
  if (facts === null && damaged !== undefined)
    throw new ExpmanError(
      'CORRUPT',
      `the baseline ${baseline} is not among the runs of ${path} that can be read; ${damaged.runDir} cannot: ${damaged.message}`,
      { path: damaged.runDir },
    );
  if (facts === null && isTag)
    throw new ExpmanError('RUN_NOT_FOUND', `no finished run in ${path} has the tag ${JSON.stringify(tag)}`, {
      path,
    });
  return { facts, unreadable: unreadable.length };
}

function newest(runs: readonly RunFacts[]): RunFacts | null {
  return runs.reduce<RunFacts | null>(
    (found, facts) => (found === null || facts.startedAt > found.startedAt ? facts : found),
    null,
  );
}

function namedRun(fs: FsPort, run: RunFacts, name: string): RunFacts {
  const beside = join(dirname(run.runDir), basename(name));
  const isName = name !== '' && basename(name) === name && name !== '..' && name !== '.';
  const runDir = isName && fs.stat(join(beside, RUN_NAME)) !== null ? beside : resolve(name);
  const { facts } = readFacts(fs, runDir);
  const why =
    facts.uuid === run.uuid
      ? 'is the run itself'
      : facts.tags.includes(FAILED_TAG)
        ? `has the tag ${FAILED_TAG}`
        : facts.status === RunStatus.Finished
          ? null
          : `is ${facts.status}, not FINISHED`;
  if (why === null) return facts;
  throw new ExpmanError('INVALID_VALUE', `${runDir} cannot be the baseline: it ${why}`, { path: runDir });
}
