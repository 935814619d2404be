import { runSession, withBase, type SessionPlan } from '../session.js';
import { checkContents, recoverAndCheck } from '../check-memory.js';
import { must } from '../check-run.js';
import { MemoryFs, type Fault } from '../memory-fs.js';
import { randomFrom, type Random, type Scenario } from '../scenario.js';

const PLAN: SessionPlan = {
  bursts: 16,
  rowsPerBurst: 11,
  shape: 'mixed',
  options: { flushIntervalMs: 1, flushIntervalRows: 15, resume: 'never' },
};
const ERRORS = [
  'EIO',
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'EACCES',
  'EROFS',
  'EINTR',
  'EAGAIN',
  'EBUSY',
  'ESTALE',
  'ENOENT',
  'EPERM',
];
/** Bursts after which a persistent fault is over. */
const HEALED_AFTER = 9;

/** Every call of the file system fails, once or until the disk is mended, with every error. */
export const failingCalls: Scenario = {
  name: 'the n-th call of the file system fails, once or for a time, with each of twelve errors',
  rows: [9, 13],
  run: async ({ seed, tally, amount, goOn, progress }) => {
    const whole = withBase(new MemoryFs());
    await runSession(whole, PLAN);
    const random = randomFrom(seed);
    const cases = amount(1500, 100_000);
    for (let at = 0; at < cases && goOn(); at++) {
      const call = at < whole.calls ? at : random.below(whole.calls);
      const errno = ERRORS[at % ERRORS.length] ?? 'EIO';
      const lasting = random.chance(0.5);
      let healed = false;
      const fs = withBase(new MemoryFs());
      fs.onCall = (_call, _path, index): Fault =>
        !healed && (lasting ? index >= call : index === call) ? { errno } : null;
      const heal = (burst: number): void => {
        if (burst === HEALED_AFTER) healed = true;
      };
      await playWith(
        fs,
        // Some die while the disk is still bad, and some sync every frame, so that what a failed sync leaves is written again.
        planOf(random, heal),
        `call ${call} of ${whole.calls} ${lasting ? 'and all after it fail' : 'fails'} with ${errno}`,
        () => (healed = true),
      );
      tally.cases++;
      if (at % 50 === 0) progress(`${at} of ${cases} faults`);
    }
  },
};

/** Writes take fewer bytes than they are given, any number of them. */
export const shortWrites: Scenario = {
  name: 'short writes',
  rows: [10],
  run: async ({ seed, tally, amount, goOn }) => {
    const random = randomFrom(seed + 10);
    const cases = amount(150, 10_000);
    for (let at = 0; at < cases && goOn(); at++) {
      const fs = withBase(new MemoryFs());
      // write-file-atomic 7.0.1 and atomically 2.1.1 believed a nearly full disk that took less than it said: YAML is
      // measured before it is given its name.
      fs.onCall = (call, path): Fault => {
        if (call !== 'write') return null;
        if (path.includes('.yaml.') && random.chance(0.1)) return { keeps: random.below(50) };
        return random.chance(0.5) ? { takes: 1 + random.below(300) } : null;
      };
      await playWith(fs, planOf(random), `short writes, case ${at}`, () => (fs.onCall = () => null));
      tally.cases++;
    }
  },
};

/** Calls take their time, one for long or all of them a little; heartbeats and timers come due meanwhile. */
export const slowCalls: Scenario = {
  name: 'calls of the file system that take long',
  rows: [23],
  run: async ({ seed, tally, amount, goOn }) => {
    const whole = withBase(new MemoryFs());
    await runSession(whole, PLAN);
    const random = randomFrom(seed + 23);
    const cases = amount(40, 2000);
    for (let at = 0; at < cases && goOn(); at++) {
      const slowest = random.below(whole.calls);
      const each = random.chance(0.3) ? 1 : 0;
      const fs = withBase(new MemoryFs());
      fs.onCall = (_call, _path, index): Fault => ({ delayMs: index === slowest ? 300 : each });
      await playWith(fs, planOf(random), `call ${slowest} takes 300 ms, the others ${each}`, () => undefined);
      tally.cases++;
    }
  },
};

function planOf(random: Random, between?: (burst: number) => void): SessionPlan {
  const durability = random.pick(['process', 'power'] as const);
  const options = { ...PLAN.options, durability, flushIntervalMs: random.pick([1, 50]) };
  const plan = { ...PLAN, options, bursts: 4 + random.below(PLAN.bursts), dies: random.chance(0.5) };
  return between === undefined ? plan : { ...plan, between };
}

async function playWith(fs: MemoryFs, plan: SessionPlan, what: string, heal: () => void): Promise<void> {
  let session;
  try {
    session = await runSession(fs, plan);
  } catch (error) {
    // Only the opening may throw, and then nothing was logged.
    const code = (error as { readonly code?: unknown }).code;
    must(
      ['IO', 'RUN_EXISTS', 'RUN_LOCKED', 'CORRUPT'].includes(String(code)),
      'I7',
      () => `${what}: ${String((error as Error).stack)}`,
    );
    return;
  }
  heal();
  const { folder, rows, closed, acknowledgements } = session;
  const acknowledged = acknowledgements.at(-1)?.rows ?? 0;
  if (closed?.error === null) {
    const found = checkContents(
      fs,
      folder,
      { shape: plan.shape, acknowledged: rows, logged: rows },
      `${what}, closed`,
    );
    must(
      closed.summary.rows === found,
      'I10',
      () => `${what}: ${closed.summary.rows} rows in the summary, ${found} in the file`,
    );
    return;
  }
  // What the dead process would still do, in here, is not to be seen.
  const disk = MemoryFs.replay(fs.changes, fs.changes.length);
  disk.reboot();
  await recoverAndCheck(disk, folder, { shape: plan.shape, acknowledged, logged: rows }, what);
}
