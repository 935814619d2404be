import { readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readContents } from '../../../src/reader/read-contents.js';
import { openRun } from '../../../src/engine/open-run.js';
import { ExperimentConfig } from '../../../src/model/experiment-config.js';
import { LOCK_NAME } from '../../../src/storage/lock-file.js';
import { readOwnership } from '../../../src/storage/owner-watch.js';
import { nodeFs } from '../../../src/storage/node-fs.js';
import { recoverRun } from '../../../src/writer/recovery/recover-run.js';
import { must } from '../check-run.js';
import { typedOrNull } from '../check-true.js';
import { drive } from '../driven.js';
import { MemoryFs } from '../memory-fs.js';
import { Played } from '../played.js';
import { checkMany } from '../properties.js';
import type { Scenario, ScenarioContext } from '../scenario.js';
import { withBase } from '../session.js';

const FOLDER = '/base/faults/run';
const YEAR_MS = 365 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;
const RUNS = 200;

/** The wall clock leaps, goes back, stands still. */
export const clock: Scenario = {
  name: 'a clock that leaps a year, goes back, or stands still',
  rows: [24],
  run: async (context) => {
    await locksOfTheLiving(context);
    namesOfOneMillisecond(context);
    await leaps(context);
  },
};

const leap = fc.constantFrom(0, 1, -1, 50, 6_000, -6_000, HOUR_MS, -HOUR_MS, YEAR_MS, -YEAR_MS);
const owner = fc.record({
  leaps: fc.array(leap, { minLength: 1, maxLength: 8 }),
  ends: fc.constantFrom('close' as const, 'die', 'recover'),
});

/** Owners of one run, each with bursts of rows between the leaps. */
function leaps(context: ScenarioContext): Promise<void> {
  const owners = fc.array(owner, { minLength: 1, maxLength: 3 });
  return checkMany(context, context.amount(200, 2_000), owners, async (lives) => {
    let fs = withBase(new MemoryFs());
    let now = Date.now();
    let rows = 0;
    for (const { leaps, ends } of lives) {
      const played = new Played(fs, { flushIntervalMs: 1, flushIntervalRows: 5 }, () => now);
      for (const by of leaps) {
        for (let each = 0; each < 6; each++) played.intake.row({ loss: rows }, rows++, Math.abs(now));
        played.flush();
        await played.rest(2);
        now += by;
      }
      if (ends === 'close') {
        const { summary, error } = await played.close();
        must(error === null && summary.durationMs >= 0, 'I5', () => JSON.stringify({ error, ...summary }));
      } else {
        fs = played.die();
        if (ends === 'recover') await recoverRun(fs, FOLDER);
      }
      check(fs, rows);
    }
  });
}

function check(fs: MemoryFs, rows: number): void {
  const { info, table } = readContents(fs, FOLDER);
  must(info.rows === rows && table.numRows === rows, 'I1', () => `${info.rows} of ${rows} rows`);
  must(info.durationMs >= 0, 'I5', () => `a run took ${info.durationMs} ms`);
  const steps = table.getChild('step');
  for (let row = 0; row < rows; row++)
    must(steps?.get(row) === BigInt(row), 'I2', () => `row ${row} has step ${String(steps?.get(row))}`);
}

/** On this host a process is what it is, whatever the time its lock was touched at. */
async function locksOfTheLiving({ folder, tally }: ScenarioContext): Promise<void> {
  const base = join(folder, 'living');
  const child = drive(
    base,
    `const run = open({ runName: 'run' }); run.logMetrics({ loss: 1 }, 0); await run.flush(); say({ ready: true });
     await asked(); say({ code: await run.close().then(({ status }) => status, ({ code }) => code) });`,
  );
  must((await child.next())['ready'] === true, 'I7', () => child.stderr());
  const runDir = join(base, 'faults/run');
  const lock = join(runDir, LOCK_NAME);
  const token = readFileSync(lock, 'utf8');
  for (const seconds of [1, Date.now() / 1000 - 3600, Date.now() / 1000 + 3600, 4e9]) {
    utimesSync(lock, seconds, seconds);
    const { kind } = readOwnership(nodeFs, runDir);
    must(kind === 'alive', 'I9', () => `touched at ${seconds}: its owner is ${kind}`);
    const recovered = await typedOrNull('a living run', () => recoverRun(nodeFs, runDir));
    must(recovered === null, 'I9', () => `a living run was recovered, its lock touched at ${seconds}`);
    tally.cases++;
  }
  must(readFileSync(lock, 'utf8') === token, 'I9', () => 'the lock is another one');
  child.ask('close');
  const { code } = await child.next();
  await child.ended;
  must(code === 'FINISHED', 'I9', () => `its owner closed with ${String(code)}`);
}

/** Two hundred runs in one millisecond that does not pass, in a second that others began in. */
function namesOfOneMillisecond({ tally }: ScenarioContext): void {
  const fs = withBase(new MemoryFs());
  const config = new ExperimentConfig('faults', '/base', { environment: false });
  const now = Date.now();
  const opened = Array.from({ length: RUNS }, () => openRun(fs, config, undefined, now));
  for (const kind of ['folder', 'uuid', 'token'] as const) {
    const all = opened.map(
      ({ folder, identity, owner: { token } }) => ({ folder, uuid: identity.uuid, token })[kind],
    );
    must(new Set(all).size === RUNS, 'I9', () => `${new Set(all).size} ${kind}s for ${RUNS} runs`);
  }
  tally.cases++;
}
