import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspectRun, recoverRun } from 'expman-rx/reader';
import { checkRun, checkTidy, must } from '../check-run.js';
import { mortal } from '../mortal.js';
import { readAccount, type Plan } from '../plan.js';
import { randomFrom, type Random, type Scenario, type ScenarioContext } from '../scenario.js';

const CHILD = fileURLToPath(new URL('../child.mjs', import.meta.url));
const SCHEDULING_MS = 500;

/** A stretch of time in which the child stood still, in milliseconds since the epoch. */
interface Freeze {
  readonly from: number;
  readonly to: number;
}

/** What is needed to look at a child and at what it leaves. */
interface Frozen {
  readonly plan: Plan;
  readonly runDirs: readonly string[];
  readonly child: ChildProcess;
}

/** A process stands still for a while, as a laptop does that sleeps, goes on, and is closed or killed. */
export const freezes: Scenario = {
  name: 'SIGSTOP and SIGCONT while rows are logged',
  rows: [25],
  unavailable: () => (process.platform === 'win32' ? 'no process can be stopped' : null),
  run: async (context) => {
    const lives = context.amount(5, 50);
    for (let life = 0; life < lives && context.goOn(); life++) {
      await freezeOnce(context, randomFrom(context.seed * 101 + life), life);
      context.progress(`${life + 1} of ${lives} processes`);
    }
  },
};

async function freezeOnce(context: ScenarioContext, random: Random, life: number): Promise<void> {
  const folder = join(context.folder, `life${life}`);
  mkdirSync(folder);
  const plan = planOf(random, folder, life % 2 === 0);
  const planFile = join(folder, 'plan.json');
  writeFileSync(planFile, JSON.stringify(plan));
  writeFileSync(plan.account, '');
  const child = mortal(
    spawn(process.execPath, [CHILD, planFile], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 120_000,
      killSignal: 'SIGKILL',
    }),
  );
  const runDirs = plan.from.map((_, index) => join(plan.base, 'faults', `run${index}`));
  const frozen = { plan, runDirs, child };
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  try {
    const stretches = await freezeAndThaw(frozen, random);
    const killedAt = plan.bursts === null ? await kill(frozen, random, stretches) : null;
    const [code] = await ended;
    must(code === (killedAt === null ? 0 : null), 'I7', () => `a frozen child ended with ${String(code)}`);
    await checkLife(context, frozen, stretches, killedAt);
  } finally {
    child.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true });
}

/** Freezes the child some times over, and looks at its runs while it stands still. */
async function freezeAndThaw({ plan, runDirs, child }: Frozen, random: Random): Promise<Freeze[]> {
  const stretches: Freeze[] = [];
  while (readAccount(readFileSync(plan.account, 'utf8')).writerUpAt === null && child.exitCode === null)
    await delay(3);
  for (let times = 2 + random.below(3); times > 0 && child.exitCode === null; times--) {
    await delay(random.below(300));
    child.kill('SIGSTOP');
    const from = Date.now();
    await standsStill(child);
    for (const [index, runDir] of runDirs.entries()) await checkWhileFrozen(plan, runDir, index);
    await delay(Math.max(0, from + 100 + random.below(1900) - Date.now()));
    child.kill('SIGCONT');
    stretches.push({ from, to: Date.now() });
  }
  return stretches;
}

/** The stop is in the kernel's hands; a child that is over by then is none of it. */
async function standsStill({ pid = 0 }: ChildProcess): Promise<void> {
  const state = (): string | undefined => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.[0];
    } catch {
      return 'Z';
    }
  };
  while (!['T', 'Z', 'X'].includes(state() ?? 'Z')) await delay(1);
}

/** Who stands still is alive: its run is readable, and nobody else's. */
async function checkWhileFrozen(
  { from, shape, account }: Plan,
  runDir: string,
  index: number,
): Promise<void> {
  const { status, owner } = await inspectRun(runDir);
  if (status === 'FINISHED' && owner === 'free') return; // It was closed before it was stopped.
  const { flushed } = readAccount(readFileSync(account, 'utf8'));
  await checkRun(runDir, shape, index, flushed.get(index) ?? from[index] ?? 0);
  must(owner === 'alive', 'I9', () => `${runDir}: the owner that stands still is said to be ${owner}`);
  const code = await recoverRun(runDir).then(
    () => 'recovered',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : String(error)),
  );
  must(code === 'RUN_LOCKED', 'I9', () => `${runDir} of an owner that stands still: ${String(code)}`);
}

/** Half of the kills come while it stands still; the end is then the moment it was stopped. */
async function kill({ child }: Frozen, random: Random, stretches: Freeze[]): Promise<number> {
  await delay(random.below(100));
  if (random.chance(0.5)) {
    child.kill('SIGSTOP');
    const from = Date.now();
    await delay(random.below(500));
    stretches.push({ from, to: Date.now() });
  }
  const killedAt = Date.now();
  child.kill('SIGKILL');
  return killedAt;
}

async function checkLife(
  { tally }: ScenarioContext,
  { plan, runDirs }: Frozen,
  stretches: readonly Freeze[],
  killedAt: number | null,
): Promise<void> {
  const account = readAccount(readFileSync(plan.account, 'utf8'));
  for (const [index, runDir] of runDirs.entries()) {
    const flushed = account.flushed.get(index) ?? 0;
    const { rows, status } = await checkRun(runDir, plan.shape, index, flushed);
    const marks = account.logged.get(index) ?? [];
    const expected = killedAt === null ? 'FINISHED' : 'CRASHED';
    must(status === expected, 'I5', () => `${runDir} is ${status}, not ${expected}`);
    const missing = marks.find(({ step }) => step > rows);
    const lossMs =
      missing === undefined || killedAt === null ? 0 : awakeMs(missing.at / 1000, killedAt, stretches);
    must(
      lossMs <= (plan.options.walIntervalMs ?? 10) + SCHEDULING_MS &&
        (missing === undefined || killedAt !== null),
      'I1',
      () => `${runDir}: rows of ${lossMs.toFixed(0)} ms before the end are missing (${rows} rows are there)`,
    );
    // A freeze is no fault of the writer's.
    const { degraded } = await inspectRun(runDir);
    must(degraded === undefined, 'I7', () => `${runDir} is degraded: ${JSON.stringify(degraded)}`);
    const recovery = await recoverRun(runDir);
    must(
      recovery.rows === rows && recovery.status === expected,
      'I6',
      () => `${runDir}: ${JSON.stringify(recovery)}`,
    );
    checkTidy(runDir);
    must(!(await recoverRun(runDir)).changed, 'I6', () => `${runDir}: a second recovery changed something`);
    tally.rowsAcknowledged += flushed;
    tally.rowsLost += Math.max(0, (marks.at(-1)?.step ?? 0) - rows);
    tally.worstLossMs = Math.max(tally.worstLossMs, lossMs);
  }
  tally.readerOpens += runDirs.length * (stretches.length + 1);
  if (killedAt !== null) tally.kills++;
  tally.cases += stretches.length;
}

/** How much of a time the child was awake. */
function awakeMs(from: number, to: number, stretches: readonly Freeze[]): number {
  const asleep = stretches.map((stretch) =>
    Math.max(0, Math.min(to, stretch.to) - Math.max(from, stretch.from)),
  );
  return Math.max(0, to - from - asleep.reduce((sum, ms) => sum + ms, 0));
}

function planOf(random: Random, folder: string, closes: boolean): Plan {
  return {
    base: join(folder, 'runs'),
    account: join(folder, 'account.txt'),
    from: Array<number>(1 + random.below(3)).fill(0),
    shape: random.pick(['plain', 'mixed', 'wide'] as const),
    rowsPerBurst: 1 + random.below(60),
    marks: 64,
    work: 500,
    // Bursts wait for the log, each some milliseconds: the freezes come before the close, or around it.
    bursts: closes ? 40 + random.below(100) : null,
    flushEvery: random.pick([1, 3]),
    awaitWriter: true,
    options: {
      walIntervalMs: random.pick([5, 10, 50]),
      flushIntervalMs: random.pick([5, 50, 500]),
      durability: random.pick(['process', 'power']),
    },
  };
}
