import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inspectRun } from 'expman-rx/reader';
import { checkTidy, must } from '../check-run.js';
import { type End, clockOf, expmanElsewhere, onAnotherHost, setClock, whyNoClocks } from '../clock-tools.js';
import { type Driven, drive } from '../driven.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const DIST = new URL('../../../dist/index.js', import.meta.url).href;
const HOUR = 3_600;
const DAY = 24 * HOUR;
/** The seconds by which clocks of owners are set while they log. */
const STEPS = [-HOUR, HOUR, -DAY, DAY];
/** The seconds by which the clock of whoever looks is off. */
const SKEWS = [0, 600, -600];
/** An owner that has been silent for so long is taken for dead, by another host. */
const SILENCE_MS = 15_000;
const ROWS = 20;

/** Owners whose clock is set while they log, and another host that looks at them, by a clock that is off. */
export const clockSteps: Scenario = {
  name: 'clocks set back and forward under living runs, seen from another host',
  rows: [18, 24],
  unavailable: whyNoClocks,
  run: async (context) => {
    const base = join(context.folder, 'runs');
    const clocks = STEPS.map((step) => ({ step, file: join(context.folder, `clock${step}`) }));
    const living = await Promise.all(
      clocks.map(async ({ step, file }) => ({
        step,
        file,
        child: await begun(base, `by${step}`, clockOf(file, 0)),
      })),
    );
    const dead = await Promise.all(['forced', 'resumed'].map((name) => killed(base, name)));
    context.tally.kills += dead.length;
    for (const { file, step } of living) setClock(file, step);
    const silent = delay(SILENCE_MS + 2_000);
    const env = { ...process.env, XDG_CACHE_HOME: context.folder };
    await Promise.all([
      ...living.map((each) => clockIsSet(each)),
      forced(join(base, 'faults/forced'), env),
      neverTaken(join(base, 'faults', `by${-HOUR}`), env),
    ]);
    await silent;
    await Promise.all(SKEWS.map((skew) => seen(context, base, skew)));
    await unsure(base, env);
    await resumed(base, env);
    await Promise.all(living.map(({ step, child }) => closed(base, step, child)));
    context.tally.cases += STEPS.length + SKEWS.length + 3;
  },
};

/** A run that logs until it is asked to close, and says how long that was by its monotonic clock. */
async function begun(base: string, name: string, env: NodeJS.ProcessEnv): Promise<Driven> {
  const child = drive(
    base,
    `const began = performance.now();
     const run = open({ runName: ${JSON.stringify(name)}, flushIntervalMs: 50 });
     const opened = performance.now();
     let step = 0;
     const log = () => void run.logMetrics({ loss: step }, step++);
     while (step < ${ROWS}) log();
     await run.flush();
     const timer = setInterval(log, 20);
     say({ ready: true });
     await asked();
     say({ now: Date.now() });
     await asked();
     clearInterval(timer);
     const lasted = performance.now() - opened;
     const told = await run.close().then(({ status, rows, durationMs }) => ({ status, rows, durationMs }), ({ code, message }) => ({ code, message }));
     say({ ...told, logged: step, least: Math.floor(lasted), most: Math.ceil(performance.now() - began) });`,
    [],
    undefined,
    env,
  );
  must((await child.next())['ready'] === true, 'I7', () => `${name}: ${child.stderr()}`);
  return child;
}

async function killed(base: string, name: string): Promise<void> {
  const child = await begun(base, name, process.env);
  child.child.kill('SIGKILL');
  await child.ended;
}

/** The fault is there: the owner reads the other time. */
async function clockIsSet({ step, child }: { readonly step: number; readonly child: Driven }): Promise<void> {
  // The library reads its file anew for each reading of the clock.
  child.ask('now');
  const { now } = await child.next();
  const off = Math.round((Number(now) - Date.now()) / 1000);
  must(Math.abs(off - step) < HOUR / 2, 'I7', () => `a clock set by ${step} s is off by ${off} s`);
}

const told = ({ exit, stdout, stderr }: End): string => `exit ${exit}: ${stdout} ${stderr}`;

/** A dead owner's run is taken by force once that owner was silent for long enough, and has lasted no longer for it. */
async function forced(runDir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const before = await inspectRun(runDir);
  const began = performance.now();
  const end = await expmanElsewhere(['recover', runDir, '--force'], { env });
  const watchedMs = performance.now() - began;
  must(end.exit === 0 && watchedMs >= SILENCE_MS, 'I9', () => `taken after ${watchedMs} ms, ${told(end)}`);
  const after = await inspectRun(runDir);
  must(
    after.status === 'CRASHED' && after.rows >= ROWS,
    'I1',
    () => `${after.status} with ${after.rows} rows`,
  );
  must(
    after.durationMs === before.durationMs,
    'I5',
    () => `it had lasted ${before.durationMs} ms, and ${after.durationMs} ms once it was recovered`,
  );
  checkTidy(runDir);
}

/** A living owner's run is never taken, by force neither. */
async function neverTaken(runDir: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (const force of [[], ['--force']]) {
    const end = await expmanElsewhere(['recover', runDir, ...force], { env });
    must(end.exit === 4 && end.stderr.includes('RUN_LOCKED'), 'I9', () => `${force.join()}: ${told(end)}`);
  }
}

/** Another host sees who lives and who does not, and reaps neither. */
async function seen({ folder }: ScenarioContext, base: string, skew: number): Promise<void> {
  const cache = join(folder, `cache${skew}`);
  mkdirSync(cache);
  const env = { ...clockOf(join(folder, `reader${skew}`), skew), XDG_CACHE_HOME: cache };
  const list = await expmanElsewhere(['list', base, '--json'], { env });
  const runs = JSON.parse(list.stdout) as readonly { run: string; status: string; owner?: string }[];
  for (const { run, status, owner } of runs) {
    const expected = run.startsWith('by') ? 'RUNNING' : 'CRASHED';
    must(
      status === expected && owner === undefined,
      'I5',
      () => `${run} is ${status} ${owner ?? ''} for a reader whose clock is off by ${skew} s`,
    );
  }
  must(runs.length === STEPS.length + 2, 'I5', () => told(list));
  const end = await expmanElsewhere(['reap', base, '--json'], { env });
  const { recovered, failed } = JSON.parse(end.stdout) as Record<
    'recovered' | 'failed',
    { runDir: string }[]
  >;
  must(
    end.exit === 4 && recovered.length === 0 && failed.every(({ runDir }) => runDir.endsWith('resumed')),
    'I9',
    () => `reap by a clock that is off by ${skew} s: ${told(end)}`,
  );
}

/** Where nothing can be written nobody is called dead, or alive for certain. */
async function unsure(base: string, env: NodeJS.ProcessEnv): Promise<void> {
  const end = await expmanElsewhere(['list', base, '--json'], { env, readOnly: base });
  if (end.exit === 77) {
    console.error(`  SKIPPED a folder that cannot be written to: ${end.stderr.trim()}`);
    return;
  }
  const runs = JSON.parse(end.stdout) as readonly { run: string; status: string; owner?: string }[];
  for (const { run, status, owner } of runs.filter((each) => each.run !== 'forced'))
    must(status === 'RUNNING' && owner === 'unsure', 'I5', () => `${run}: ${status} ${owner ?? ''}`);
}

/** A restarted container, which has another name, goes on with its run. */
async function resumed(base: string, env: NodeJS.ProcessEnv): Promise<void> {
  const program = `
    import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(DIST)};
    const run = new LoggingEngine(new ExperimentConfig('faults', ${JSON.stringify(base)}, { environment: false, runName: 'resumed', resume: 'must' }));
    run.logMetrics({ loss: 0.5 }, 1_000);
    console.log((await run.close()).status);`;
  const end = await onAnotherHost(['--input-type=module', '--eval', program], { env });
  must(end.stdout.trim() === 'FINISHED', 'I1', () => told(end));
  const { rows } = await inspectRun(join(base, 'faults/resumed'));
  must(rows > ROWS, 'I1', () => `${rows} rows after it was taken up again`);
}

async function closed(base: string, step: number, child: Driven): Promise<void> {
  const what = `the owner whose clock was set by ${step} s`;
  child.ask('close');
  const said = await child.next();
  await child.ended;
  const { status, rows, durationMs, logged, least, most } = said;
  must(status === 'FINISHED' && rows === logged, 'I1', () => `${what} closed with ${JSON.stringify(said)}`);
  must(
    Number(durationMs) >= Number(least) && Number(durationMs) <= Number(most),
    'I5',
    () => `${what} took ${Number(least)} to ${Number(most)} ms, and says ${Number(durationMs)}`,
  );
  const info = await inspectRun(join(base, 'faults', `by${step}`));
  must(info.durationMs === durationMs, 'I5', () => `${what}: ${info.durationMs} ms in its run.yaml`);
  const [from, to] = [info.identity.startedAt, info.endedAt ?? ''].map((at) => Date.parse(at));
  must(
    Number(to) >= Number(from),
    'I5',
    () => `${what} began ${info.identity.startedAt}, ended ${info.endedAt}`,
  );
}
