import { acknowledgedBy, runSession, withBase, type SessionPlan } from '../session.js';
import { checkContents, recoverAndCheck } from '../check-memory.js';
import { recoverRun } from '../../../src/writer/recovery/recover-run.js';
import { must } from '../check-run.js';
import { MemoryFs } from '../memory-fs.js';
import type { Scenario } from '../scenario.js';

const PLANS: readonly SessionPlan[] = [
  { bursts: 14, rowsPerBurst: 9, shape: 'mixed', options: { flushIntervalMs: 1, flushIntervalRows: 10 } },
  { bursts: 9, rowsPerBurst: 60, shape: 'plain', options: { flushIntervalMs: 1, flushIntervalRows: 50 } },
];

/** A process that dies between any two changes it makes; what it wrote is in the page cache and stays. */
export const killsAtEveryChange: Scenario = {
  name: 'death at every change of a run, and of its recovery',
  rows: [3, 4],
  run: async ({ tally, amount, goOn, progress }) => {
    const every = amount(1, 1);
    for (const plan of PLANS) {
      const fs = withBase(new MemoryFs());
      const { folder, acknowledgements, rows, closed } = await runSession(fs, plan);
      must(closed?.error === null, 'I7', () => `the session did not close: ${JSON.stringify(closed)}`);
      for (let moment = 1; moment <= fs.changes.length && goOn(); moment += every) {
        const acknowledged = acknowledgedBy(acknowledgements, moment);
        const expected = { shape: plan.shape, acknowledged, logged: rows };
        const left = rebooted(MemoryFs.replay(fs.changes, moment));
        if (left.stat(`${folder}/run.yaml`) === null) continue;
        const what = `killed after change ${moment} of ${fs.changes.length}`;
        const found = checkContents(left, folder, expected, what);
        const before = left.changes.length;
        await recoverAndCheck(left, folder, expected, what);
        tally.cases++;
        // The recovery's own changes are points to die at, too; for every tenth moment all of them.
        if (moment % 10 !== 0) continue;
        const recovery = left.changes.slice(before);
        for (let point = 1; point < recovery.length; point++) {
          const again = rebooted(
            MemoryFs.replay([...fs.changes.slice(0, moment), ...recovery], moment + point),
          );
          await recoverRun(again, folder);
          const rowsAgain = checkContents(
            again,
            folder,
            expected,
            `${what}, its recovery after change ${point}`,
          );
          must(
            rowsAgain === found,
            'I6',
            () => `${what}, its recovery after change ${point}: ${rowsAgain} rows, ${found} before`,
          );
          tally.cases++;
        }
        progress(`${moment} of ${fs.changes.length} changes`);
      }
    }
  },
};

function rebooted(fs: MemoryFs): MemoryFs {
  fs.reboot();
  return fs;
}
