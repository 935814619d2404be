import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import { resolvePath } from '../../model/option-rules.js';
import { readIdentity } from '../../run/identity.js';
import { LOCK_NAME } from '../../storage/lock-file.js';
import { METRICS_NAME, SYSTEM_NAME } from '../../storage/metrics-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { readOwnership } from '../../storage/owner-watch.js';
import { rewriteMetadata } from '../../storage/rewrite-metadata.js';
import { recoverRun } from '../../writer/recovery/recover-run.js';
import { runFilesIn } from '../source/run-files.js';
import type { Destination } from '../target/draft-run.js';
import { mustBeFree } from '../target/place-folder.js';
import { placeCopy, writeRunFile } from './copy-to-place.js';
import { readClosedRun } from './held-run.js';
import { inReadyExperiment } from './in-ready-experiment.js';
import { type Place, PLACE_OPTIONS, type PlaceOptions, destinationOf } from './move-run.js';
import { takeParentAlong } from './take-parent.js';

/** The result of copying a run. */
export interface CopiedRun {
  /** The folder of the run that was copied. */
  readonly from: string;
  readonly runDir: string;
  readonly experiment: string;
  readonly run: string;
  /** 32 hex digits: the copy's own. */
  readonly uuid: string;
  /** True if the copy was recovered, because the run is cut off; that one is as it was. */
  readonly recovered: boolean;
  /** Entries of the run's folder that are not files, such as links; they are left out. */
  readonly skipped: readonly string[];
}

/**
 * Copies a closed run: rows, parameters, log, artifacts, media and everything else. The copy has a
 * uuid of its own, and `copiedFrom` in its `run.yaml` names the original, which is only read.
 *
 * It is written in a hidden folder, synced, compared byte for byte, and renamed: there is a whole
 * copy or none. The copy of a run that was cut off is recovered before it gets its name.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `RUN_LOCKED` while the run's owner is or may be
 * alive, `RUN_EXISTS`, `INVALID_NAME`, `INVALID_OPTION` for a place that cannot hold the copy,
 * `INVALID_VALUE` for a link; `CORRUPT` for a run whose Parquet files fail their checks, `IO`, and
 * the errors of `recoverRun`
 * @example
 * await copyRun('./experiments/digits/baseline', { experiment: 'published' });
 */
export async function copyRun(runDir: string, options: PlaceOptions): Promise<CopiedRun> {
  const from = resolvePath('runDir', runDir);
  const place = PLACE_OPTIONS.resolve(options);
  const to = planCopy(from, place);
  return inReadyExperiment(from, to, [], () => copyTo(from, to, place));
}

/**
 * Checks the copying of a run without changing anything, and returns where it leads.
 *
 * @throws as {@link copyRun}
 */
export function planCopy(from: string, place: Place): Destination {
  readClosedRun(from);
  const to = destinationOf(from, place);
  if (place.whenTaken === 'fail') mustBeFree(join(to.dir, to.experiment, to.run));
  return to;
}

async function copyTo(from: string, to: Destination, place: Place): Promise<CopiedRun> {
  readClosedRun(from);
  let recovered = false;
  const uuid = randomBytes(16).toString('hex');
  // Only the lock of the dead owner knows how long the run has lasted.
  const more = readOwnership(nodeFs, from).kind === 'dead' ? [LOCK_NAME] : [];
  const skipped = runFilesIn(from).others;
  const run = await placeCopy(from, to, place, more, async (folder, name) => {
    // Opened, and perhaps closed again, while it was copied.
    readClosedRun(from);
    // Changes nothing in a whole run. What segments say, also those that an older version set aside,
    // has to be in the other files by the time that these have another uuid.
    recovered = (await recoverRun(nodeFs, folder)).changed;
    takeParentAlong(from, to.dir, folder);
    takeIdentity(from, folder, { ...to, run: name }, uuid);
  });
  const runDir = join(to.dir, to.experiment, run);
  return { from, runDir, experiment: to.experiment, run, uuid, recovered, skipped };
}

/** Makes a closed copy a run of its own: the uuid ties its files together. */
function takeIdentity(from: string, folder: string, { experiment, run }: Destination, uuid: string): void {
  const { identity, file } = readIdentity(nodeFs, folder);
  for (const name of [METRICS_NAME, SYSTEM_NAME]) {
    const path = join(folder, name);
    if (nodeFs.stat(path) === null) continue;
    if (!rewriteMetadata(nodeFs, path, 'run_uuid', identity.uuid, uuid))
      throw new ExpmanError('CORRUPT', `${name} belongs to another run; \`expman verify\` shows more`, {
        path,
      });
  }
  const copiedFrom = {
    ...{ uuid: identity.uuid, experiment: basename(dirname(from)), run: basename(from) },
    at: new Date().toISOString(),
  };
  writeRunFile(folder, { ...file, experiment, run, uuid, copiedFrom });
}
