import { acknowledgedBy, runSession, withBase, type SessionPlan } from '../session.js';
import { recoverAndCheck } from '../check-memory.js';
import { must } from '../check-run.js';
import { MemoryFs } from '../memory-fs.js';
import { randomFrom, type Scenario } from '../scenario.js';

const PLANS: readonly SessionPlan[] = [
  {
    bursts: 12,
    rowsPerBurst: 7,
    shape: 'mixed',
    options: { durability: 'power', flushIntervalMs: 1, flushIntervalRows: 10 },
  },
  {
    bursts: 8,
    rowsPerBurst: 40,
    shape: 'wide',
    options: { durability: 'power', flushIntervalMs: 1, flushIntervalRows: 30, compression: 'snappy' },
  },
  {
    bursts: 20,
    rowsPerBurst: 3,
    shape: 'plain',
    options: { durability: 'power', flushIntervalMs: 2, flushIntervalRows: 5 },
  },
];

/** At every change a session makes, states a disk may be in when the power goes there. */
export const powerLoss: Scenario = {
  name: 'power loss at every change, with any unsynced pages and entries lost',
  rows: [8],
  run: async ({ seed, tally, amount, goOn, progress }) => {
    const states = Math.ceil(amount(3000, 200_000) / PLANS.length);
    for (const [index, plan] of PLANS.entries()) {
      const fs = withBase(new MemoryFs());
      const { folder, acknowledgements, rows, closed } = await runSession(fs, plan);
      must(closed?.error === null, 'I7', () => `the session did not close: ${JSON.stringify(closed)}`);
      const random = randomFrom(seed + index);
      const { changes } = fs;
      for (let state = 0; state < states && goOn(); state++) {
        // Every moment once, then moments at random.
        const moment = state < changes.length ? state + 1 : 1 + random.below(changes.length);
        const share = random.pick([0, 0.2, 0.5, 0.9]);
        const disk = MemoryFs.afterPowerLoss(changes, moment, () => random.chance(share));
        const acknowledged = acknowledgedBy(acknowledgements, moment);
        tally.cases++;
        if (disk.stat(`${folder}/run.yaml`) === null) {
          must(
            acknowledged === 0,
            'I1',
            () => `after change ${moment}: no run.yaml, ${acknowledged} rows acknowledged`,
          );
          continue;
        }
        await recoverAndCheck(
          disk,
          folder,
          { shape: plan.shape, acknowledged, logged: rows },
          `plan ${index}, power lost after change ${moment} of ${changes.length}`,
        );
        tally.rowsAcknowledged += acknowledged;
        if (state % 50 === 0) progress(`${state} of ${states} states`);
      }
    }
  },
};
