import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspectRun, recoverRun } from 'expman-rx/reader';
import { checkRun, checkTidy, must } from '../check-run.js';
import { checkSummary } from '../check-summary.js';
import { checkDamage, checkRecovery, checkStatements } from '../check-statements.js';
import { mortal } from '../mortal.js';
import { DelayProbe } from '../delay-probe.js';
import { readByOthers } from '../other-readers.js';
import { oldestLossMs, readAccount, type Account, type Plan } from '../plan.js';
import { randomFrom, type Random, type Scenario, type ScenarioContext } from '../scenario.js';

const CHILD = fileURLToPath(new URL('../child.mjs', import.meta.url));
const GENERATIONS = 5;
/** Of so many runs of a set every statement is compared with the account; of the others, the rows. */
const LISTENED = 2;
const MAX_KILL_MS = 350;
/** What a sync of a publish, and a busy machine, may add to `walIntervalMs`, beyond what the probe measures; what it was is reported. */
const STALL_MS = 250;

/** An account, and when its process was killed, in microseconds since the epoch. */
type Killed = Account & { readonly killedAt: number };

interface KillContext extends ScenarioContext {
  readonly probe: DelayProbe;
}

/** Kills at random moments over random configurations, the same runs going on generation after generation. */
export const randomKills: Scenario = {
  name: 'kill -9 at random moments',
  rows: [1, 22],
  run: async (context) => {
    const kills = context.amount(100, 5000);
    let lineage = 0;
    const probe = new DelayProbe(join(context.folder, 'probe'));
    const worker = async (): Promise<void> => {
      while (context.tally.kills < kills && context.goOn()) {
        await live({ ...context, probe }, lineage++);
        context.progress(`${context.tally.kills} of ${kills} kills`);
      }
    };
    await Promise.all([worker(), worker()]).finally(() => probe.end());
  },
};

/** One set of runs through all its generations. */
async function live(context: KillContext, lineage: number): Promise<void> {
  const random = randomFrom(context.seed * 7919 + lineage);
  const folder = join(context.folder, `lineage${lineage}`);
  mkdirSync(folder);
  let plan = planOf(random, folder);
  const runDirs = plan.from.map((_, index) => join(plan.base, 'faults', `run${index}`));
  for (let generation = 0; generation < GENERATIONS && context.goOn(); generation++) {
    const account = await killed(plan, random, context);
    const from: number[] = [];
    for (const [index, runDir] of runDirs.entries()) {
      // A kill may come before a run has a folder, or a run.yaml in it.
      if (account.openedAt === null && !hasRun(runDir)) from.push(0);
      else from.push(await checkGeneration(context, plan, account, { runDir, index, random }));
    }
    if (random.chance(0.4)) await recover(context, plan, account, runDirs.filter(hasRun), from);
    plan = { ...plan, from, options: { ...plan.options, flushIntervalMs: 20 + random.below(500) } };
  }
  await recover(context, plan, null, runDirs.filter(hasRun), plan.from);
  for (const runDir of runDirs.filter(hasRun)) context.tally.readerOpens += await readByOthers(runDir);
  rmSync(folder, { recursive: true });
}

async function checkGeneration(
  { tally, probe }: KillContext,
  plan: Plan,
  account: Killed,
  { runDir, index, random }: { readonly runDir: string; readonly index: number; readonly random: Random },
): Promise<number> {
  const flushed = Math.max(plan.from[index] ?? 0, account.flushed.get(index) ?? 0);
  const { rows, tornBytes, status } = await checkRun(runDir, plan.shape, index, flushed);
  must(status !== 'FINISHED' || account.closed, 'I5', () => `${runDir} says FINISHED`);
  checkSummary(await inspectRun(runDir), rows, plan.marks, runDir);
  if (index < LISTENED) {
    const known = { runDir, shape: plan.shape, index, rows, lost: 0 };
    await checkStatements(known);
    await checkDamage(known, random);
  }
  tally.readerOpens++;
  tally.rowsAcknowledged += flushed - (plan.from[index] ?? 0);
  if (tornBytes > 0) tally.tornTails++;
  const marks = account.logged.get(index) ?? [];
  const claimed = marks.at(-1)?.step ?? plan.from[index] ?? 0;
  tally.rowsLost += Math.max(0, claimed - rows);
  const lossMs = oldestLossMs(account, index, rows, account.killedAt / 1000);
  if (lossMs !== null && account.writerUpAt !== null) {
    tally.worstLossMs = Math.max(tally.worstLossMs, lossMs);
    const delayMs = probe.worstSince(account.killedAt / 1000 - lossMs);
    tally.worstDelayMs = Math.max(tally.worstDelayMs, delayMs);
    const allowed = (plan.options.walIntervalMs ?? 10) + delayMs + STALL_MS;
    must(
      lossMs <= allowed,
      'I1',
      () =>
        `${runDir}: rows of ${lossMs.toFixed(0)} ms before the kill are missing (${rows} of ${claimed}), ${allowed.toFixed(0)} are allowed`,
    );
  }
  return rows;
}

async function recover(
  context: ScenarioContext,
  plan: Plan,
  account: Account | null,
  runDirs: readonly string[],
  from: readonly number[],
): Promise<void> {
  for (const runDir of runDirs) {
    const index = Number(/\d+$/.exec(runDir)?.[0]);
    const stated = { runDir, shape: plan.shape, index, rows: from[index] ?? 0, lost: 0 };
    if (index < LISTENED) await checkRecovery(stated);
    const { status } = await recoverRun(runDir);
    must(
      status !== 'FINISHED' || account === null || account.closed,
      'I5',
      () => `${runDir} was recovered as FINISHED`,
    );
    const { rows } = await checkRun(runDir, plan.shape, index, from[index] ?? 0);
    must(
      rows === from[index],
      'I6',
      () => `${runDir}: ${rows} rows after a recovery, ${from[index] ?? 0} before`,
    );
    checkTidy(runDir);
    checkSummary(await inspectRun(runDir), rows, plan.marks, `${runDir}, recovered`);
    must(!(await recoverRun(runDir)).changed, 'I6', () => `${runDir}: a second recovery changed something`);
  }
  context.tally.cases += runDirs.length;
}

async function killed(plan: Plan, random: Random, { tally }: ScenarioContext): Promise<Killed> {
  const planFile = join(plan.base, '..', 'plan.json');
  writeFileSync(planFile, JSON.stringify(plan));
  writeFileSync(plan.account, '');
  const child = mortal(spawn(process.execPath, [CHILD, planFile], { stdio: ['ignore', 'ignore', 'pipe'] }));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  // Half of the kills wait until the runs are open; the others may hit the opening, or the recovery in it.
  if (random.chance(0.5))
    while (!readFileSync(plan.account, 'utf8').includes('\n') && child.exitCode === null) await delay(2);
  await delay(random.below(MAX_KILL_MS));
  const killedAt = Date.now() * 1000;
  child.kill('SIGKILL');
  const [code] = await ended;
  must(code === null || code === 0, 'I7', () => `the child ended by itself with ${String(code)}: ${stderr}`);
  must(stderr === '', 'I7', () => `the child complained: ${stderr}`);
  tally.kills++;
  return { ...readAccount(readFileSync(plan.account, 'utf8')), killedAt };
}

function planOf(random: Random, folder: string): Plan {
  const runs = random.chance(0.5) ? 1 : 1 + random.below(20);
  return {
    base: join(folder, 'runs'),
    account: join(folder, 'account.txt'),
    from: Array<number>(runs).fill(0),
    shape: random.pick(['plain', 'mixed', 'wide'] as const),
    rowsPerBurst: 1 + random.below(200),
    marks: random.pick([10, 64, 640]),
    work: random.pick([0, 50, 500]),
    bursts: null,
    flushEvery: random.pick([1, 5, 50]),
    awaitWriter: random.chance(0.7),
    options: {
      walIntervalMs: random.pick([1, 10, 50]),
      flushIntervalMs: random.pick([5, 50, 500]),
      flushIntervalRows: random.pick([10, 100, 8192]),
      durability: random.pick(['process', 'process', 'power']),
      compression: random.pick(['auto', 'none', 'snappy']),
    },
  };
}

function hasRun(runDir: string): boolean {
  try {
    return readFileSync(join(runDir, 'run.yaml')).length > 0;
  } catch {
    return false;
  }
}
