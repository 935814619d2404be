// A process that logs versions of artifacts until it ends or is killed, and keeps account of what was acknowledged:
//
//   node specs/faults/artifacts.mjs BASE ACCOUNT NAME COUNT
//
// The content of a version is a function of NAME and its number in the process, so that a checker needs no state.
import { openSync, writeSync } from 'node:fs';
import { ExperimentConfig, LoggingEngine } from '../../dist/modules/index.js';

const [base = '', account = '', name = '', count = '0'] = process.argv.slice(2);
const file = openSync(account, 'a');
/** @param {string} line */
const note = (line) => void writeSync(file, `${line}\n`);

const run = new LoggingEngine(new ExperimentConfig('faults', base, { environment: false }));
for (let n = 0; n < Number(count); n++) {
  // Every second content is the same in all processes.
  const own = n % 2 === 0 ? name : 'shared';
  const files = { 'w.txt': { text: `${own} ${n}` }, 'deep/same.txt': { text: 'same' } };
  const { ref } = await run.logArtifact('m', files, { aliases: [`by-${name}`] });
  note(`L ${ref} ${own} ${n}`);
  const used = await run.useArtifact(ref);
  note(`U ${used.ref}`);
}
await run.close();
note('C');
