import { ExpmanError } from '../../model/errors.js';
import type { LockOwner } from '../../storage/lock-file.js';
import { holdsLock, releaseLock } from '../../storage/run-lock.js';
import { removeStopRequest } from '../../run/stop-file.js';
import type { RunPlace } from '../../storage/run-place.js';
import { healLog } from '../files/append-log.js';
import type { RunReport } from './run-report.js';
import { type SessionContext, yamlOf } from './session-context.js';
import { removeLeftovers, removeSegments } from './tidy.js';
import type { WalStage } from './wal-stage.js';

/** A run that is being closed; all of its rows are published. */
export interface Closing {
  readonly place: RunPlace;
  readonly owner: LockOwner;
  /** True if run.log is synced. */
  readonly power: boolean;
  readonly status: string;
  readonly wal: WalStage;
  readonly report: RunReport;
  readonly context: SessionContext;
  /** The segments to keep under another name when all others are removed. */
  readonly kept: ReadonlySet<string>;
}

/**
 * The steps, in an order such that a process killed in between leaves a run that a recovery closes
 * with the same result.
 */
const STEPS: readonly ((closing: Closing) => void)[] = [
  assertOwned,
  completeLog,
  writeConfig,
  writeRunYaml,
  removeOwnLog,
  removeOtherLogs,
  removeDrafts,
  removeRequest,
  release,
  syncFolder,
];

/** Closes a run step by step; stops at the first step that fails and returns its error, or null. */
export function closeRun(closing: Closing): unknown {
  for (const step of STEPS) {
    try {
      step(closing);
    } catch (error) {
      return error;
    }
  }
  return null;
}

function assertOwned({ place: { fs, folder }, owner }: Closing): void {
  if (!holdsLock(fs, folder, owner))
    throw new ExpmanError('FENCED', `another owner has taken over ${folder}`, { path: folder });
}

function completeLog({ place: { fs, folder }, power, wal }: Closing): void {
  healLog({ fs, folder, power }, wal);
}

function writeConfig({ place: { fs, folder }, context, wal, report }: Closing): void {
  if (Object.keys(wal.state.paramRecords.merged).length > 0)
    report.paramsLeftOut = yamlOf(context).writeConfigFile(fs, folder, wal.state);
}

function writeRunYaml({ report, status }: Closing): void {
  report.writeRunFile(status);
}

function removeOwnLog({ wal }: Closing): void {
  wal.removeAll();
}

function removeOtherLogs({ place: { fs, folder, runUuid }, kept }: Closing): void {
  removeSegments(fs, folder, runUuid, kept);
}

/** Removes the request to stop that the run has followed, or one that came too late. */
function removeRequest({ place: { fs, folder } }: Closing): void {
  removeStopRequest(fs, folder);
}

/** Removes drafts that could not be removed when they were replaced. */
function removeDrafts({ place: { fs, folder } }: Closing): void {
  removeLeftovers(fs, folder);
}

function release({ place: { fs, folder }, owner }: Closing): void {
  releaseLock(fs, folder, owner);
}

function syncFolder({ place: { fs, folder } }: Closing): void {
  fs.syncFolder(folder);
}
