import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { duckdb } from '../../support/read-back.js';
import { checkTidy, must } from '../check-run.js';
import { runDirOf, startProgram, type Ended } from '../program.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const SLOW = fileURLToPath(new URL('../../support/slow-writer.mjs', import.meta.url));
const POLICIES = ['block', 'drop', 'throw'] as const;
/** Rows of two numbers: some five times what `maxBufferedBytes` of 1 MB leaves to the channel. */
const TIGHT_ROWS = 60_000;
const MOST_P99_US = 50;
/** Below what a write takes while the limit is met, above what a busy machine often adds to a call. */
const LONG_CALL_MS = 100;

/** What a child says of one run. */
interface Told {
  readonly run: number;
  readonly logged: number;
  readonly rows: number;
  readonly dropped: number;
  readonly status: string;
  readonly thrown: number;
  readonly codes: readonly string[];
  readonly p99Us: number;
  readonly worstMs: number;
  /** How many calls took longer than {@link LONG_CALL_MS}. */
  readonly longCalls: number;
  readonly slowWrites: number;
}

/** A disk that takes 10 ms to 5 s for a write: who logs does not notice, up to `maxBufferedBytes`. */
export const slowDisk: Scenario = {
  name: 'a disk that takes 10 ms to 5 s for each write',
  rows: [23],
  run: async (context) => {
    const rounds = context.amount(1, 20);
    for (let round = 0; round < rounds; round++) {
      for (const [at, policy] of POLICIES.entries())
        if (context.goOn()) await policyHolds(context, policy, `${round}-${policy}`, (round + at) % 2 === 0);
      if (context.goOn()) await stuckInACall(context, `${round}-stuck`);
    }
  },
};

/** One run that never meets its limit, one that does; then the disk is fast again, or goes on being slow. */
async function policyHolds(
  context: ScenarioContext,
  policy: (typeof POLICIES)[number],
  name: string,
  fastAgain: boolean,
): Promise<void> {
  const folder = join(context.folder, name);
  const code = `
    ${HELPERS}
    open({ flushIntervalMs: 20 });
    open({ flushIntervalMs: 20, maxBufferedBytes: 1024 * 1024, backpressure: '${policy}' });
    await Promise.all(runs.map(({ engine }) => engine.flush()));
    slowDisk(10, 300);
    const calm = newTally(0), tight = newTally(1);
    for (let burst = 0; burst < 100; burst++) { logTimed(calm, 300); await wait(25); }
    slowDisk(200, 300);
    for (let burst = 0; burst < 10; burst++) { logTimed(tight, ${TIGHT_ROWS / 10}); await wait(1); }
    ${fastAgain ? 'slowDisk(0, 0);' : 'slowDisk(10, 100);'}
    for (const tally of [calm, tight]) await closed(tally);`;
  const [calm, tight] = await toldOf(
    startProgram({ folder, code, nodeArgs: ['--import', SLOW] }).ended,
    policy,
  );
  const what = (): string => `${policy}: ${JSON.stringify({ calm, tight })}`;
  must(calm.slowWrites > 1, 'I7', () => `the disk was not slow, ${what()}`);
  must(calm.dropped === 0 && calm.p99Us < MOST_P99_US, 'I7', () => `who logs noticed the disk, ${what()}`);
  const losses = policy === 'block' ? tight.dropped === 0 : tight.dropped > 0;
  const waits = policy === 'block' ? tight.longCalls > 2 : tight.longCalls < 2;
  must(losses && waits, 'I7', () => `the policy was not kept, ${what()}`);
  const thrown = policy === 'throw' ? tight.dropped : 0;
  must(tight.thrown === thrown && tight.codes.every((c) => c === 'BACKPRESSURE'), 'I10', what);
  await sumsUp(context, folder, [calm, tight], what);
}

/** The kernel holds the writer for 5 s in a call that nothing interrupts: it is given up, and what it wrote late does no harm. */
async function stuckInACall(context: ScenarioContext, name: string): Promise<void> {
  const args = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64'];
  if (spawnSync('strace', [...args, 'true'], { stdio: 'ignore' }).status !== 0) {
    console.log('  SKIPPED the writer that is stuck in a call: strace is missing, or may not trace');
    return;
  }
  const folder = join(context.folder, name);
  // Counted in each thread: the caller's few writes come before the first slow one.
  const wrapper = ['strace', ...args, '-e', 'inject=pwrite64:delay_enter=5000000:when=12'];
  const code = `
    const slowWrites = () => 2;
    ${HELPERS}
    open({ flushIntervalMs: 500, maxBufferedBytes: 1024 * 1024 });
    const tally = newTally(0);
    for (let burst = 0; burst < 13; burst++) { logTimed(tally, 50); await Promise.race([runs[0].engine.flush(), wait(300)]); }
    logTimed(tally, ${TIGHT_ROWS});
    await closed(tally);`;
  const [only] = await toldOf(startProgram({ folder, code, wrapper }).ended, 'stuck');
  const what = (): string => `stuck in a call: ${JSON.stringify(only)}`;
  must(only.dropped === 0 && only.worstMs > 1000, 'I1', what);
  await sumsUp(context, folder, [only], what);
}

async function toldOf(end: Promise<Ended>, policy: string): Promise<readonly [Told, Told]> {
  const { exit, stderr, told } = await end;
  must(exit === 0 && stderr === '', 'I7', () => `${policy}: exit ${String(exit)}: ${stderr}`);
  return told as unknown as readonly [Told, Told];
}

/** Every row is there or counted, none is doubled, and all have their values. */
async function sumsUp(
  { tally }: ScenarioContext,
  folder: string,
  all: readonly Told[],
  what: () => string,
): Promise<void> {
  for (const { run, rows, dropped, logged, status } of all) {
    must(rows + dropped === logged && status === 'FINISHED', 'I10', what);
    const runDir = runDirOf(folder, run);
    const [found] = await duckdb(
      runDir,
      'SELECT count(*) AS rows, count(DISTINCT step) AS steps FROM read_parquet($1) WHERE loss = step AND other = 2 * step',
    );
    const right = found?.['rows'] === BigInt(rows) && found['steps'] === BigInt(rows);
    must(
      right,
      'I1',
      () => `${runDir} has ${String(found?.['rows'])} rows, ${String(found?.['steps'])} steps: ${what()}`,
    );
    checkTidy(runDir);
    tally.readerOpens++;
  }
  tally.cases++;
  rmSync(folder, { recursive: true });
}

const HELPERS = `
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const newTally = (run) => ({ run, step: 0, times: [], codes: [] });
  const logTimed = (tally, rows) => {
    const { engine } = runs[tally.run];
    for (const end = tally.step + rows; tally.step < end; tally.step++) {
      const before = performance.now();
      try { engine.logMetrics({ loss: tally.step, other: 2 * tally.step }, tally.step); }
      catch (error) { tally.codes.push(String(error.code)); }
      tally.times.push(performance.now() - before);
    }
  };
  const closed = async ({ run, step, times, codes }) => {
    const slow = slowWrites();
    const { rows, dropped, status } = await runs[run].engine.close();
    const sorted = Float64Array.from(times).sort();
    tell({ run, logged: step, rows, dropped, status, thrown: codes.length, codes: [...new Set(codes)], slowWrites: slow,
      p99Us: sorted[Math.floor(sorted.length * 0.99)] * 1000, worstMs: sorted.at(-1), longCalls: times.filter((ms) => ms > ${LONG_CALL_MS}).length });
  };`;
