// A process that raises alerts, is asked to stop by itself and closes its run, until it ends or is killed, and keeps account of what
// was acknowledged; or one that only asks a run to stop:
//
//   node specs/faults/alerts.mjs BASE ACCOUNT WEBHOOK COUNT
//   node specs/faults/alerts.mjs ask RUN
//
// The text of an alert is a function of its number, so that a checker needs no state.
import { openSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { ExperimentConfig, ExpmanError, LoggingEngine } from '../../dist/modules/index.js';
import { stopRun } from '../../dist/modules/reader/index.js';

/** Why a run is asked to stop; long enough that half of it would be seen. */
export const REASON = 'enough '.repeat(60).trim();

/** The title of an alert. @param {number} number */
export const titleOf = (number) => `alert ${number}`;

/** The text of an alert. @param {string} title */
export const textOf = (title) => `more about ${title}; `.repeat(20).trim();

/** @param {string} runDir */
async function ask(runDir) {
  try {
    await stopRun(runDir, { reason: REASON });
  } catch (error) {
    console.error(error instanceof ExpmanError ? error.code : String(error));
    process.exitCode = 1;
  }
}

/** @param {readonly string[]} args */
async function raise([base = '', account = '', webhook = '', count = '0']) {
  const file = openSync(account, 'a');
  /** @param {string} line */
  const note = (line) => void writeSync(file, `${line}\n`);
  // An open run keeps no process alive.
  const alive = setInterval(() => undefined, 1e6);
  const run = new LoggingEngine(
    new ExperimentConfig('faults', base, {
      environment: false,
      runName: 'alerting',
      alerts: { webhook },
      flushIntervalMs: 50,
    }),
  );
  note('opened');
  for (let number = 1; number <= Number(count); number++) {
    run.logMetrics({ loss: number }, number);
    run.alert(titleOf(number), { text: textOf(titleOf(number)), level: 'error' });
    await run.flush();
    note(`raised ${number}`);
  }
  await stopRun(run.runDir, { reason: REASON });
  note('asked');
  const { reason } = await firstValueFrom(run.stop$, { defaultValue: { reason: 'none' } });
  note(`stopped ${reason}`);
  await run.close();
  clearInterval(alive);
  note('closed');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first = '', ...others] = process.argv.slice(2);
  await (first === 'ask' ? ask(others[0] ?? '') : raise([first, ...others]));
}
