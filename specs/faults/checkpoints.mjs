// A process that forks a run and saves checkpoints until it ends, is killed or has no room, and keeps account of what was acknowledged:
//
//   node specs/faults/checkpoints.mjs PARENT BASE ACCOUNT STEPS
//
// The content of a checkpoint is a function of its step, so that a checker needs no state.
import { openSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ExperimentConfig, ExpmanError, LoggingEngine } from '../../dist/modules/index.js';

/** The step at which the fork begins. */
export const FORK_STEP = 4;
/** What the rules of the program leave: the last two, and the best, which is every seventh. */
export const KEEP = ['last 2', 'best 1 by loss'];

/** The content of the checkpoint of a step; larger at every third. @param {number} step */
export const contentAt = (step) => `state ${step} `.repeat(step % 3 === 0 ? 4000 : 10);

/** The loss at a step. @param {number} step */
export const lossAt = (step) => ((step * 3) % 7) + step / 1000;

/** @param {unknown} error */
const codeOf = (error) => (error instanceof ExpmanError ? error.code : String(error));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [from = '', base = '', account = '', steps = '0'] = process.argv.slice(2);
  const file = openSync(account, 'a');
  /** @param {string} line */
  const note = (line) => void writeSync(file, `${line}\n`);
  const config = new ExperimentConfig('faults', base, {
    environment: false,
    runName: 'fork',
    fork: { from, step: FORK_STEP },
    exitTimeoutMs: 2000,
  });
  const run = opened();
  note('opened');
  for (let step = FORK_STEP + 1; step <= FORK_STEP + Number(steps); step++) {
    run.logMetrics({ loss: lossAt(step) }, step);
    await run.saveCheckpoint(step, { text: contentAt(step) }, { keep: KEEP }).then(
      () => note(`saved ${step}`),
      (/** @type {unknown} */ error) => note(`refused ${step} ${codeOf(error)}`),
    );
  }
  await run.close().catch((/** @type {unknown} */ error) => note(`unclosed ${codeOf(error)}`));
  note('closed');

  function opened() {
    try {
      return new LoggingEngine(config);
    } catch (error) {
      note(`unopened ${codeOf(error)}`);
      process.exit();
    }
  }
}
