import { runSession, withBase, type SessionPlan } from '../session.js';
import { checkContents, recoverAndCheck } from '../check-memory.js';
import { must } from '../check-run.js';
import { MemoryFs, type Fault } from '../memory-fs.js';
import { randomFrom, type Scenario } from '../scenario.js';

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
        { ...PLAN, between: heal },
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
      fs.onCall = (call): Fault =>
        call === 'write' && random.chance(0.5) ? { takes: 1 + random.below(300) } : null;
      await playWith(fs, PLAN, `short writes, case ${at}`, () => undefined);
      tally.cases++;
    }
  },
};

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
  fs.reboot();
  await recoverAndCheck(fs, folder, { shape: plan.shape, acknowledged, logged: rows }, what);
}
