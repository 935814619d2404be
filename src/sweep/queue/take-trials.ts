import { setTimeout as delay } from 'node:timers/promises';
import { attempt } from '../../model/attempt.js';
import { printable } from '../../model/printable.js';
import { nodeFs } from '../../storage/node-fs.js';
import { SWEEP_NAME, readSweepFile } from '../sweep-file.js';
import { RedisLink, type QueuePackages, loadPackages } from './redis.js';
import type { QueueAddress } from './queue-address.js';
import { claimKey, endedKey } from './queue-keys.js';
import { type SweepClaim, readClaim } from './queue-messages.js';
import { TrialTaker } from './trial-taker.js';
import type { TakeOptions } from './taken-trial.js';

const LOOK_MS = 500;

/**
 * Takes the trials of a sweep from its queue until the sweep has ended, or no more are to be taken.
 *
 * Waits for a sweep that has not begun, unless its file in `dir` says that it has finished; for a
 * study that was killed and for a Redis that is away.
 *
 * @throws {@link ExpmanError} `QUEUE_UNAVAILABLE`
 */
export async function takeTrials(address: QueueAddress, options: TakeOptions): Promise<'ended' | 'drained'> {
  const packages = await loadPackages();
  const connecting = RedisLink.to(address, packages, options.notify);
  const link = await Promise.race([connecting, aborted(options.draining)]);
  if (link === null) {
    connecting.then((late) => late.close()).catch(() => undefined);
    return 'drained';
  }
  try {
    return await takeFrom(link, packages, options);
  } finally {
    link.close();
  }
}

async function takeFrom(
  link: RedisLink,
  packages: QueuePackages,
  options: TakeOptions,
): Promise<'ended' | 'drained'> {
  const { name, draining, notify } = options;
  const stopped = aborted(draining);
  let hasTold = false;
  for (;;) {
    const claim = await claimOf(link, name, stopped);
    if (isAborted(draining)) return 'drained';
    if (claim === null) {
      if (!hasTold && hasFinished(options.dir)) {
        notify(
          `the sweep ${name} has finished, as ${SWEEP_NAME} in ${printable(options.dir)} says; there is nothing to take (to go on with it, begin the sweep before its workers)`,
        );
        return 'ended';
      }
      if (!hasTold) notify(await waitingText(link, name, stopped));
      hasTold = true;
      await Promise.race([delay(LOOK_MS), stopped]);
      continue;
    }
    const taker = new TrialTaker({ link, packages, claim, options });
    const replaced = new AbortController();
    const watching = watchClaim(link, { name, claim, until: replaced.signal });
    const end = await Promise.race([taker.ended, watching, stopped]);
    replaced.abort();
    await taker.close();
    if (end === 'ended') return 'ended';
    if (isAborted(draining)) return 'drained';
    notify(`another sweep has the name ${name} now; taking its trials`);
  }
}

/** Says what is waited for; aloud if it may never come. */
async function waitingText(link: RedisLink, name: string, stopped: Promise<null>): Promise<string> {
  const hasEnded = await Promise.race([link.client.exists(endedKey(name)), stopped]);
  const waiting = `waiting for the sweep ${name} at ${link.address.shown}`;
  return hasEnded === 1
    ? `${waiting}: one of this name has ended there less than an hour ago; this worker takes the trials of the next`
    : waiting;
}

/** Tells if a sweep in this folder has come to its end; one that was stopped or has failed may go on. */
function hasFinished(dir: string): boolean {
  let isFinished = false;
  // A file that cannot be read says nothing.
  attempt(() => {
    isFinished = readSweepFile(nodeFs, dir)?.['status'] === 'FINISHED';
  });
  return isFinished;
}

/** Reads who runs a sweep; null if nobody does, or if there is no more time to read it. */
async function claimOf(link: RedisLink, name: string, stopped: Promise<null>): Promise<SweepClaim | null> {
  const text = await Promise.race([link.client.get(claimKey(name)), stopped]);
  return readClaim(text);
}

/** Resolves when the name belongs to another sweep. */
async function watchClaim(
  link: RedisLink,
  { name, claim, until }: { readonly name: string; readonly claim: SweepClaim; readonly until: AbortSignal },
): Promise<'replaced'> {
  const stopped = aborted(until);
  while (!until.aborted) {
    await delay(4 * LOOK_MS, undefined, { ref: false });
    const now = await claimOf(link, name, stopped).catch(() => null);
    if (now !== null && now.uuid !== claim.uuid) return 'replaced';
  }
  return 'replaced';
}

const aborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });

// Read again: it may be aborted while something is waited for.
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
