// A process that logs until it is killed, and keeps account of it in a file outside its runs:
//
//   node specs/faults/child.mjs PLAN      PLAN is the path of a JSON file; see plan.ts
//
// Values are a function of run and step, so that a checker needs no state. `L run step us` says that a run's rows below
// `step` were logged by then, `F run step` that a flush acknowledged them, `U us` that the writer was first heard of.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { ExperimentConfig, LoggingEngine } from '../../dist/modules/index.js';
import { inTurn, rowOf } from './rows.mjs';
import { logSummary } from './summaries.mjs';

/** @type {import('./plan.js').Plan} */
const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const account = openSync(plan.account, 'a');
/** @param {string} line */
const note = (line) => void writeSync(account, `${line}\n`);

const runs = plan.from.map((from, index) => {
  const config = new ExperimentConfig('faults', plan.base, {
    environment: false,
    resume: 'allow',
    runName: `run${index}`,
    ...plan.options,
  });
  const engine = new LoggingEngine(config);
  /** @type {import('./summaries.mjs').SummaryDoor} */
  const door = {
    values: (values, options) => engine.summary(values, options),
    define: (pattern, definition) => engine.defineMetric(pattern, definition),
  };
  const log = inTurn({
    row: (values, step) => engine.logMetrics(values, step),
    recorder: (...names) => engine.recorder(...names),
  });
  return { engine, door, log, step: from, index };
});
note(`O ${Date.now() * 1000}`);

if (plan.awaitWriter) {
  await Promise.all(runs.map(({ engine }) => engine.flush()));
  note(`U ${Date.now() * 1000}`);
}

const parent = process.ppid;
for (let burst = 0; plan.bursts === null || burst < plan.bursts; burst++) {
  // A harness that was killed kills nobody: this would log until the disk is full.
  if (process.ppid !== parent) process.exit(1);
  for (const run of runs) {
    for (let row = 0; row < plan.rowsPerBurst; row++) {
      if (run.step % plan.marks === 0) logSummary(run.door, run.step, plan.marks);
      run.log(rowOf(plan.shape, run.index, run.step), run.step);
      run.step++;
      for (let i = 0; i < plan.work; i++) Math.sin(i);
      if (row % 64 === 63) note(`L ${run.index} ${run.step} ${Date.now() * 1000}`);
    }
    note(`L ${run.index} ${run.step} ${Date.now() * 1000}`);
    if (burst % 7 === 3) {
      run.engine.logger.info(`burst ${burst}`);
      run.engine.logParams({ burst, [`from${plan.from[run.index]}`]: run.step });
    }
  }
  // Some of the bursts yield to the event loop, some wait for the log, most do neither.
  if (burst % plan.flushEvery === plan.flushEvery - 1) {
    const steps = runs.map(({ step }) => step);
    await Promise.all(runs.map(({ engine }) => engine.flush()));
    steps.forEach((step, index) => note(`F ${index} ${step}`));
  }
}
await Promise.all(runs.map(({ engine }) => engine.close()));
note('C');
