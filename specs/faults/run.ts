// The fault harness: breaks runs in every way of the matrix in durability.md section 3, and checks what is left.
//
//   npm run faults                                  the pull request's column, within about ten minutes
//   npm run faults -- --nightly                     the nightly column
//   npm run faults -- --seconds 60 random-kills     these scenarios, for a minute
//   FAULT_SEED=7 npm run faults                     repeats a seed that a failure named
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { emptyTally, type Scenario, type Tally } from './scenario.js';
import { scenarios } from './scenarios/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nightly: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    kills: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
const limitMs = Number(values.seconds ?? (values.nightly ? 8 * 3600 : 540)) * 1000;
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
const tally = emptyTally();
const failures: string[] = [];
const skipped: string[] = [];
// Each has its share of the time that is left; what a quick one leaves is the others'.
for (const [at, { key, scenario }] of chosen.entries()) {
  const now = performance.now();
  await play(key, scenario, now + (started + limitMs - now) / (chosen.length - at));
}
report(tally);
// The writers of sessions that died in this process still have timers, which nobody will end.
process.exit(failures.length > 0 ? 1 : 0);

async function play(key: string, scenario: Scenario, deadline: number): Promise<void> {
  const reason = scenario.unavailable?.() ?? null;
  if (reason !== null) {
    skipped.push(`${key}: ${reason}`);
    say(`SKIPPED ${scenario.name}: ${reason}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'expman-faults-'));
  const before = { ...tally };
  try {
    await scenario.run({
      folder,
      seed,
      tally,
      amount: (pullRequest, nightly) => Number(values.kills ?? (values.nightly ? nightly : pullRequest)),
      goOn: () => performance.now() < deadline,
      progress: (text) => {
        if (process.stdout.isTTY && !values.json) process.stdout.write(`\r  ${scenario.name}: ${text}   `);
      },
    });
    rmSync(folder, { recursive: true, force: true });
    say(`ok ${scenario.name} (rows ${scenario.rows.join(', ')}): ${told(before)}, at ${seconds()}`);
  } catch (error) {
    failures.push(key);
    console.error(
      `\nFAILED ${scenario.name}, seed ${seed}; what is left: ${folder}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
}

function told(before: Tally): string {
  const kills = tally.kills - before.kills;
  const cases = tally.cases - before.cases;
  return [...(kills > 0 ? [`${kills} kills`] : []), `${cases} cases`].join(', ');
}

function report(total: Tally): void {
  if (values.json) {
    console.log(JSON.stringify({ seed, ...total, failures, skipped }, null, 2));
    return;
  }
  console.log(
    [
      '',
      `kills ${total.kills}, torn tails ${total.tornTails}, rows acknowledged ${total.rowsAcknowledged}, of those lost 0`,
      `rows logged and not acknowledged that a kill cost ${total.rowsLost}, the oldest ${total.worstLossMs.toFixed(1)} ms old; this machine’s longest delay ${total.worstDelayMs.toFixed(1)} ms`,
      `other cases ${total.cases}, readers' opens ${total.readerOpens}, their errors ${total.readerErrors}, worst exit ${total.worstExitMs.toFixed(0)} ms`,
      `${failures.length === 0 ? 'ALL INVARIANTS HOLD' : `BROKEN: ${failures.join(', ')}`}, seed ${seed}, ${seconds()}`,
    ].join('\n'),
  );
}
