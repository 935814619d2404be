import * as os from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attempt } from '../model/attempt.js';
import { ExpmanError, errnoOf, messageOf } from '../model/errors.js';
import { monotonicMs } from '../model/monotonic.js';
import { integer, string } from '../model/option-rules.js';
import { optionsTable } from '../model/options-table.js';
import { redactText } from '../model/redact-text.js';
import { readIdentity } from '../run/identity.js';
import { RUN_NAME } from '../run/file-names.js';
import { type StopTarget, writeStopRequest } from '../run/stop-file.js';
import type { FsPort } from '../storage/fs-port.js';
import type { LockOwner } from '../storage/lock-file.js';
import { readOwnership } from '../storage/owner-watch.js';

const LOOK_MS = 100;
/** @bound refuses: IO */
const MOST_TRIES = 10;

/** Options of {@link stopRun}. */
export interface StopOptions {
  /** Why the run should end, up to 500 characters; it is in the request and in run.log. */
  readonly reason?: string | undefined;
  /** The longest to wait for the end of the run, in milliseconds; default 0. */
  readonly waitMs?: number | undefined;
}

/** A request that was made. */
export interface StopResult {
  readonly runDir: string;
  /** True if the run was seen to have ended within `waitMs`. */
  readonly hasEnded: boolean;
}

const OPTIONS = optionsTable<StopOptions>()({
  reason: string().byDefault(''),
  waitMs: integer(0).byDefault(0),
});

/**
 * Asks the owner of a run, or of a sweep, to end, and waits for it if the options say so.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `RUN_CLOSED` if it has no living owner, `CORRUPT`,
 * `INVALID_OPTION`, `IO` without the right to write into its folder
 */
export async function stopRunBy(fs: FsPort, runDir: string, options: StopOptions): Promise<StopResult> {
  const { reason, waitMs } = OPTIONS.resolve(options);
  const owner = ownerOf(fs, runDir);
  const target = targetOf(fs, runDir, owner);
  const request = { reason: redactText(reason), at: new Date().toISOString(), by: requester() };
  for (let tries = 1; isStill(fs, runDir, owner); tries++)
    try {
      writeStopRequest(fs, runDir, target, request);
      break;
    } catch (error) {
      // An owner that opens or closes its run removes what is half written in its folder.
      if (errnoOf(error) !== 'ENOENT' || tries === MOST_TRIES) throw notAsked(runDir, error);
    }
  const until = monotonicMs() + waitMs;
  while (isStill(fs, runDir, owner)) {
    const leftMs = until - monotonicMs();
    if (leftMs <= 0) return { runDir, hasEnded: false };
    await delay(Math.min(LOOK_MS, leftMs));
  }
  return { runDir, hasEnded: true };
}

function notAsked(runDir: string, error: unknown): ExpmanError {
  const errno = errnoOf(error);
  return new ExpmanError('IO', `${runDir} cannot be asked to stop: ${messageOf(error)}`, {
    ...{ path: runDir, cause: error },
    ...(errno !== undefined && { errno }),
  });
}

function ownerOf(fs: FsPort, runDir: string): LockOwner {
  if (fs.stat(runDir)?.kind !== 'folder')
    throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${runDir}`, { path: runDir });
  const ownership = readOwnership(fs, runDir);
  // A process that only amends or recovers the run ends by itself.
  if ((ownership.kind === 'alive' || ownership.kind === 'unsure') && ownership.owner.ends !== true)
    return ownership.owner;
  if (fs.stat(join(runDir, RUN_NAME)) === null && ownership.kind === 'free')
    throw new ExpmanError('RUN_NOT_FOUND', `${runDir} is neither a run nor a sweep that is running`, {
      path: runDir,
    });
  throw new ExpmanError('RUN_CLOSED', `${runDir} is not running: there is nobody to stop`, { path: runDir });
}

/** A run is named by its uuid; a sweep, which has none, by the token of its lock. */
function targetOf(fs: FsPort, runDir: string, { token, epoch }: LockOwner): StopTarget {
  if (fs.stat(join(runDir, RUN_NAME)) === null) return { uuid: token, epoch };
  return { uuid: readIdentity(fs, runDir).identity.uuid, epoch };
}

function isStill(fs: FsPort, runDir: string, { token }: LockOwner): boolean {
  const ownership = readOwnership(fs, runDir);
  return (ownership.kind === 'alive' || ownership.kind === 'unsure') && ownership.owner.token === token;
}

function requester(): string {
  let user = '';
  attempt(() => (user = os.userInfo().username));
  return `${user === '' ? '' : `${user}@`}${os.hostname()}`;
}
