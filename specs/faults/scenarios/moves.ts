import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { ExperimentConfig, ExpmanError, LoggingEngine } from 'expman-rx';
import { copyRun, mergeRuns, moveRun } from 'expman-rx/interop';
import { openExperiments, openRun, recoverRun } from 'expman-rx/reader';
import { deadHiddenFolders } from '../../../dist/modules/interop/target/hidden-folders.js';
import { Violation, must } from '../check-run.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const MOVER = fileURLToPath(new URL('../mover.mjs', import.meta.url));
const SHARED_MEMORY = '/dev/shm';
const ROWS = 40;
const MOST = 200;

/** What the program does: move by a rename, move to another file system, copy, merge with another run. */
const WORKS = ['move', 'move-away', 'copy', 'merge'] as const;
/** The runs that it must find in their place afterwards. */
const LEFT = { move: 0, 'move-away': 0, copy: 1, merge: 2 } as const;
type Work = (typeof WORKS)[number];

/** What happens at the n-th system call of a kind. */
const KILLED = 'signal=SIGKILL';
const FULL = 'error=ENOSPC';
const FAULTS = [
  ...['pwrite64', 'fsync', 'rename', 'mkdir', 'unlink', 'rmdir'].map((syscall) => ({
    syscall,
    fault: KILLED,
  })),
  ...['pwrite64', 'fsync', 'rename', 'mkdir'].map((syscall) => ({ syscall, fault: FULL })),
];

/** A move, a copy or a merge that is killed, or has no space, at every system call: the whole run, and nothing lost. */
export const moves: Scenario = {
  name: 'runs moved, copied and merged: kill -9 and a full disk at every system call',
  rows: [2, 11],
  unavailable: () => {
    const { status } = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { stdio: 'ignore' });
    return status === 0 ? null : 'strace is missing, or may not trace';
  },
  run: async (context) => {
    const isOther = existsSync(SHARED_MEMORY) && statSync(SHARED_MEMORY).dev !== statSync(context.folder).dev;
    let left = WORKS.filter((work) => work !== 'move-away' || isOther).flatMap((work) =>
      FAULTS.map((each) => ({ work, ...each })),
    );
    for (let n = 1; n < MOST && left.length > 0; n++) {
      const more: typeof left = [];
      for (const each of left) {
        if (!context.goOn()) return;
        if (await at(context, each, n)) more.push(each);
        context.progress(`${each.work}: ${each.syscall} ${n} ${each.fault}`);
      }
      left = more;
    }
  },
};

interface Case {
  readonly work: Work;
  readonly syscall: string;
  readonly fault: string;
}

/** False when the program came to its end without so many calls. */
async function at(context: ScenarioContext, { work, syscall, fault }: Case, n: number): Promise<boolean> {
  const base = mkdtempSync(join(context.folder, 'from-'));
  const dir =
    work === 'move-away'
      ? mkdtempSync(join(SHARED_MEMORY, 'expman-moves-'))
      : mkdtempSync(join(context.folder, 'to-'));
  try {
    return await inFolders(context, { work, syscall, fault }, n, base, dir);
  } finally {
    for (const folder of [base, dir]) rmSync(folder, { recursive: true, force: true });
  }
}

async function inFolders(
  { tally }: ScenarioContext,
  { work, syscall, fault }: Case,
  n: number,
  base: string,
  dir: string,
): Promise<boolean> {
  const from = await smallRun(base, 'one', 0);
  if (work === 'merge') await smallRun(base, 'two', ROWS / 2);
  const before = bytesOf(join(base, 'source'));
  const args = ['-f', '-qq', '-o', join(base, 'trace'), '-e', `trace=${syscall}`];
  args.push('-e', `inject=${syscall}:${fault}:when=${n}`, process.execPath, MOVER, work, from, dir);
  const { status, signal, stderr } = spawnSync('strace', args, { encoding: 'utf8', timeout: 120_000 });
  const isReached = readFileSync(join(base, 'trace'), 'utf8').includes(
    fault === KILLED ? 'killed by SIGKILL' : '(INJECTED)',
  );
  rmSync(join(base, 'trace'));
  tally.cases++;
  if (fault === KILLED && isReached) tally.kills++;
  const what = (): string => `${work}, ${syscall} number ${n}, ${fault}: ${status ?? signal ?? ''} ${stderr}`;
  const here = await runsIn(base, what);
  const there = await runsIn(dir, what);
  tally.readerOpens += here.length + there.length;
  const found = `${here.length} here, ${there.length} there`;
  must(here.length + there.length > 0, 'I1', () => `${what()}: the run is lost`);
  if (work === 'move') must(here.length + there.length === 1, 'I9', () => `${what()}: ${found}`);
  if (LEFT[work] > 0)
    must(bytesOf(join(base, 'source')) === before, 'I9', () => `${what()}: an original has changed`);
  if (status === 0) must(there.length === 1, 'I7', () => `${what()}: it says it is done, ${found}`);
  if (status === 1) {
    must(/^(IO|ENOSPC|WRITE_FAILED): /.test(stderr), 'I7', () => `${what()}: not a typed error`);
    if (work !== 'move-away') must(there.length === 0, 'I4', () => `${what()}: refused, and ${found}`);
  }
  await patiently(() => {
    checkTold(base, dir, what);
  });
  await patiently(() => again(work, from, base, dir));
  must((await runsIn(dir, what)).length === 1, 'I1', () => `${what()}: not there after the second time`);
  must((await runsIn(base, what)).length === LEFT[work], 'I9', () => `${what()}: not as many here`);
  checkTidy(base, dir, what);
  return isReached;
}

/** For a second, a lock that was cut off may be one that is being written. */
async function patiently(work: () => Promise<void> | void): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      await work();
      return;
    } catch (error) {
      const isEarly =
        error instanceof Violation || (error instanceof ExpmanError && error.code === 'RUN_LOCKED');
      if (!isEarly || tries === 30) throw error;
      await delay(100);
    }
}

/** Does the same once more, without a fault: it takes up what the first has left. */
async function again(work: Work, from: string, base: string, dir: string): Promise<void> {
  const [here, there] = [from, join(dir, 'target/one')].map((path) => existsSync(join(path, 'run.yaml')));
  const place = { experiment: 'target', dir };
  if (LEFT[work] === 0 && here === true) await moveRun(from, place);
  if (work === 'copy' && there === false) await copyRun(from, place);
  if (work === 'merge' && there === false)
    await mergeRuns([from, join(base, 'source/two')], join(dir, 'target/one'), { order: 'given' });
  // It was killed when the run was in its place, and had still its lock.
  const runDir = join(dir, 'target/one');
  await recoverRun(runDir);
  // What was left in a hidden folder goes with the next run that is put beside it.
  for (const next of [
    { dir: base, experiment: 'source', runName: 'next' },
    { dir, experiment: 'target', runName: 'next' },
  ])
    rmSync((await copyRun(runDir, next)).runDir, { recursive: true });
}

/** Hidden folders that hold anything are those that `expman doctor` names. */
function checkTold(base: string, dir: string, what: () => string): void {
  for (const folder of [base, dir]) {
    const hidden = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /^\w+\/\.\w+\.\w+\.tmp$/.test(name))
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isDirectory() && readdirSync(path).length > 0);
    const told = deadHiddenFolders(folder);
    must(
      hidden.sort().join() === told.join(),
      'I10',
      () => `${what()}: ${hidden.join()}, told ${told.join()}`,
    );
  }
}

async function smallRun(base: string, runName: string, fromStep: number): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('source', base, { runName, environment: false, tags: ['kept'] }),
  );
  run.logParams({ lr: 0.1 });
  for (let step = fromStep; step < ROWS; step++) run.logMetrics({ loss: step }, step);
  await run.saveArtifact('model.bin', new Uint8Array(5000).fill(7));
  run.logger.info('hello');
  await run.close();
  return run.runDir;
}

/** The runs that a reader finds, each of which must be whole. */
async function runsIn(base: string, what: () => string): Promise<string[]> {
  const { runs, unreadable } = await openExperiments(base, { cacheDir: null }).list();
  must(unreadable.length === 0, 'I4', () => `${what()}: ${JSON.stringify(unreadable)}`);
  for (const { runDir, run, tags, params, status } of runs) {
    const points = await openRun(runDir).points('loss');
    const rows = run === 'two' ? ROWS / 2 : ROWS;
    const isWhole =
      points.length === rows && points.every(({ step, value }) => step === value) && status === 'FINISHED';
    const isSame = ['one', 'two'].includes(run) && tags.join() === 'kept' && params['lr'] === 0.1;
    must(isWhole && isSame, 'I1', () => `${what()}: ${runDir} has ${points.length} rows, ${status}`);
    const model = readFileSync(join(runDir, 'artifacts/model.bin'));
    must(model.length === 5000 && model.every((byte) => byte === 7), 'I1', () => `${what()}: artifact`);
    must(readFileSync(join(runDir, 'run.log'), 'utf8').includes('hello'), 'I1', () => `${what()}: log`);
  }
  return runs.map(({ runDir }) => runDir);
}

function checkTidy(base: string, dir: string, what: () => string): void {
  for (const [folder, experiment] of [
    [base, 'source'],
    [dir, 'target'],
  ] as const) {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    // A description that was not finished belongs to no run, and nobody waits for it.
    const left = names.filter(
      (name) => /(^|\/)\.|run\.lock$/.test(name) && !/\.experiment\.yaml\.\w+\.tmp$/.test(name),
    );
    must(left.length === 0, 'I8', () => `${what()}: left over: ${left.join(', ')}`);
    must(readdirSync(folder).join() === experiment, 'I8', () => `${what()}: ${readdirSync(folder).join()}`);
  }
}

/** The names and contents of the files of a run, as one text. */
const bytesOf = (runDir: string): string =>
  readdirSync(runDir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(runDir, name);
      return statSync(path).isFile()
        ? `${name} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`
        : name;
    })
    .join('\n');
