import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readRun, recoverRun } from 'expman-rx/reader';
import { checkTidy, must } from '../check-run.js';
import { mortal } from '../mortal.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const DIST = new URL('../../../dist/index.js', import.meta.url).href;
const CONTENDERS = 5;
const RUNS_EACH = 20;

/** Several processes want one run; an owner that was frozen thaws when its run is another's. */
export const owners: Scenario = {
  name: 'many processes and one run; a frozen owner that thaws',
  rows: [18, 25],
  run: async (context) => {
    const rounds = context.amount(4, 200);
    for (let round = 0; round < rounds && context.goOn(); round++) {
      const folder = join(context.folder, String(round));
      mkdirSync(folder);
      await oneOwner(context, folder);
      await namesOfTheSecond(context, folder);
      await thawed(context, folder);
    }
  },
};

async function oneOwner({ tally }: ScenarioContext, folder: string): Promise<void> {
  const program = `
    try {
      const run = open({ runName: 'wanted', resume: 'allow' });
      for (let step = 0; step < 100; step++) run.logMetrics({ loss: step, from: process.pid }, step);
      await run.flush();
      say({ got: true });
      await new Promise((resolve) => process.stdin.once('data', resolve));
      process.stdin.destroy();
      await run.close();
    } catch (error) { say({ got: false, code: error.code }); process.exit(0); }`;
  const children = Array.from({ length: CONTENDERS }, () => start(folder, program));
  const answers = await Promise.all(children.map(({ next }) => next()));
  must(
    answers.filter(({ got }) => got === true).length === 1,
    'I9',
    () => `owners: ${JSON.stringify(answers)}`,
  );
  must(
    answers.every(({ got, code }) => got === true || code === 'RUN_LOCKED'),
    'I7',
    () => `refusals: ${JSON.stringify(answers)}`,
  );
  for (const { child } of children) child.stdin?.write('go on\n');
  await Promise.all(children.map(({ ended }) => ended));
  const { status, rows } = await readRun(join(folder, 'owners/wanted'));
  must(status === 'FINISHED' && rows === 100, 'I1', () => `the owner's run is ${status} with ${rows} rows`);
  checkTidy(join(folder, 'owners/wanted'));
  tally.cases++;
}

/** Runs named after the second they are opened in, by many processes at once. */
async function namesOfTheSecond({ tally }: ScenarioContext, folder: string): Promise<void> {
  const program = `
    const runs = Array.from({ length: ${RUNS_EACH} }, () => open({}));
    for (const run of runs) run.logMetrics({ pid: process.pid }, 0);
    await Promise.all(runs.map((run) => run.close()));
    say({ done: true });
    process.stdin.destroy();`;
  const children = Array.from({ length: CONTENDERS }, () => start(join(folder, 'names'), program));
  await Promise.all(children.map(({ next }) => next()));
  await Promise.all(children.map(({ ended }) => ended));
  const names = readdirSync(join(folder, 'names/owners')).filter((name) => name !== 'experiment.yaml');
  must(
    names.length === CONTENDERS * RUNS_EACH,
    'I9',
    () => `${names.length} folders for ${CONTENDERS * RUNS_EACH} runs`,
  );
  for (const name of names) {
    const { rows } = await readRun(join(folder, 'names/owners', name));
    must(rows === 1, 'I9', () => `${name} has ${rows} rows`);
  }
  tally.cases++;
}

/** An owner stands still until its lock is stale, its run is recovered, and it goes on: it changes nothing any more. */
async function thawed({ tally }: ScenarioContext, folder: string): Promise<void> {
  const program = `
    const run = open({ runName: 'frozen', flushIntervalMs: 5, exitTimeoutMs: 300 });
    for (let step = 0; step < 100; step++) run.logMetrics({ loss: step }, step);
    await run.flush();
    say({ ready: true });
    await new Promise((resolve) => process.stdin.once('data', resolve));
    for (let step = 100; step < 500; step++) run.logMetrics({ loss: step }, step);
    const code = await run.close().then(({ status }) => status, (error) => error.code);
    say({ code });
    process.exit(0);`;
  const { child, next, ended } = start(folder, program);
  await next();
  child.kill('SIGSTOP');
  const runDir = join(folder, 'owners/frozen');
  const lock = join(runDir, 'run.lock');
  // A process that stands still is alive; one of another boot is not.
  writeFileSync(lock, readFileSync(lock, 'utf8').replace(/"bootId":(?:null|"[^"]*")/, '"bootId":"another"'));
  const { rows } = await recoverRun(runDir);
  must(rows === 100, 'I1', () => `${rows} rows after the recovery, 100 were acknowledged`);
  const before = readFileSync(join(runDir, 'metrics.parquet'));
  child.kill('SIGCONT');
  child.stdin?.write('go on\n');
  const { code } = await next();
  await ended;
  must(code === 'FENCED', 'I9', () => `the thawed owner closed with ${String(code)}`);
  must(
    readFileSync(join(runDir, 'metrics.parquet')).equals(before),
    'I9',
    () => 'the thawed owner changed metrics.parquet',
  );
  must(
    readFileSync(join(runDir, 'run.yaml'), 'utf8').includes('status: CRASHED'),
    'I5',
    () => 'the thawed owner changed run.yaml',
  );
  tally.cases++;
}

interface Started {
  readonly child: ChildProcess;
  /** The next thing it says. */
  readonly next: () => Promise<Readonly<Record<string, unknown>>>;
  readonly ended: Promise<unknown>;
}

function start(folder: string, program: string): Started {
  const prelude = `
    import { writeSync } from 'node:fs';
    import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(DIST)};
    const say = (told) => void writeSync(1, JSON.stringify(told) + '\\n');
    const open = (options) => new LoggingEngine(new ExperimentConfig('owners', ${JSON.stringify(folder)}, { environment: false, ...options }));`;
  const child = mortal(
    spawn(process.execPath, ['--input-type=module', '--eval', prelude + program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 60_000,
      killSignal: 'SIGKILL',
    }),
  );
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ended = once(child, 'exit');
  // A child that ends before it is spoken to closes its end of the pipe.
  child.stdin.on('error', () => undefined);
  return {
    child,
    ended,
    next: async () => {
      const line: IteratorResult<string, undefined> = await lines.next();
      return line.done === true
        ? { ended: true }
        : (JSON.parse(line.value) as Readonly<Record<string, unknown>>);
    },
  };
}
