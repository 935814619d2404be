// The fault harness: breaks runs in every way of the matrix in specs/faults/README.md, and checks what is left.
//
//   npm run faults                                  the pull request's column, within about ten minutes
//   npm run faults -- --nightly                     the nightly column
//   npm run faults -- --seconds 60 random-kills     these scenarios, for a minute
//   npm run faults -- --amount 1000 random-kills    a thousand cases of it
//   FAULT_SEED=7 npm run faults                     repeats a seed that a failure named
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Assignment, Outcome, Said } from './play.js';
import { emptyTally, type Tally } from './scenario.js';
import { scenarios } from './scenarios/index.js';

/** What a scenario has at the least, also when those before it took longer than their share. */
const LEAST_MS = 10_000;

const PLAY = fileURLToPath(new URL('./play.ts', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nightly: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    amount: { type: 'string' },
    workers: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
const limitMs = Number(values.seconds ?? (values.nightly ? 8 * 3600 : 560)) * 1000;
const workers = Number(values.workers ?? Math.min(2, availableParallelism()));
const chosen =
  positionals.length === 0 ? scenarios : scenarios.filter(({ key }) => positionals.includes(key));
if (chosen.length < positionals.length) {
  console.error(`scenarios are ${scenarios.map(({ key }) => key).join(', ')}`);
  process.exit(1);
}
// A harness that ends without its report has failed.
process.exitCode = 1;
const started = performance.now();
const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
const say = (text: string): void => {
  if (!values.json) console.log(text);
};

say(`seed ${seed}, ${values.nightly ? 'nightly' : 'pull request'} amounts, at most ${limitMs / 1000} s`);
const total = emptyTally();
const failures: string[] = [];
const skipped: string[] = [];
const cut: string[] = [];
const queue = [...chosen];
await Promise.all(Array.from({ length: workers }, () => work()));
report();
process.exitCode = failures.length > 0 ? 1 : 0;

async function work(): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    // Each has its share of the time that is left; what a quick one leaves is the others'.
    const shares = Math.ceil((queue.length + 1) / workers);
    const left = started + limitMs - performance.now();
    const { key, scenario } = next;
    const amount = values.amount === undefined ? null : Number(values.amount);
    const outcome = await play({
      key,
      seed,
      nightly: values.nightly,
      amount,
      limitMs: Math.max(LEAST_MS, left / shares),
    });
    tell(key, `${scenario.name} (rows ${scenario.rows.join(', ')})`, outcome);
  }
}

async function play(assignment: Assignment): Promise<Outcome> {
  const child = fork(PLAY, { execArgv: ['--import', 'tsx'] });
  let outcome: Outcome = { kind: 'broken', tally: emptyTally(), report: 'its process died' };
  child.on('message', (said: Said) => {
    if (said.kind !== 'progress') outcome = said;
    else if (process.stdout.isTTY && !values.json)
      process.stdout.write(`\r  ${assignment.key}: ${said.text}   `);
  });
  child.send(assignment);
  await once(child, 'exit');
  return outcome;
}

function tell(key: string, name: string, outcome: Outcome): void {
  if (outcome.kind === 'skipped') {
    skipped.push(`${key}: ${outcome.reason}`);
    say(`SKIPPED ${name}: ${outcome.reason}`);
    return;
  }
  add(outcome.tally);
  if (outcome.kind === 'broken') {
    failures.push(key);
    console.error(`\nFAILED ${key}, ${name}, seed ${seed}; ${outcome.report}`);
    return;
  }
  if (outcome.cut) cut.push(key);
  const { kills, cases } = outcome.tally;
  const counted = [...(kills > 0 ? [`${kills} kills`] : []), `${cases} cases`].join(', ');
  say(`ok ${key}, ${name}: ${counted}${outcome.cut ? ', cut short by its time' : ''}, at ${seconds()}`);
}

function add(tally: Tally): void {
  for (const key of Object.keys(tally) as (keyof Tally)[])
    total[key] = key.startsWith('worst') ? Math.max(total[key], tally[key]) : total[key] + tally[key];
}

function report(): void {
  if (values.json) {
    console.log(JSON.stringify({ seed, ...total, failures, skipped, cut }, null, 2));
    return;
  }
  console.log(
    [
      '',
      `kills ${total.kills}, torn tails ${total.tornTails}, rows acknowledged ${total.rowsAcknowledged}, of those lost 0`,
      `rows logged and not acknowledged that a kill cost ${total.rowsLost}, the oldest ${total.worstLossMs.toFixed(1)} ms old; this machine's longest delay ${total.worstDelayMs.toFixed(1)} ms`,
      `other cases ${total.cases}, readers' opens ${total.readerOpens}, their errors ${total.readerErrors}, worst exit ${total.worstExitMs.toFixed(0)} ms`,
      ...(cut.length > 0 ? [`not all of their cases: ${cut.join(', ')}`] : []),
      `${failures.length === 0 ? 'ALL INVARIANTS HOLD' : `BROKEN: ${failures.join(', ')}`}, seed ${seed}, ${seconds()}`,
    ].join('\n'),
  );
}
