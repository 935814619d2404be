import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExperimentConfig, LoggingEngine, resumeRun } from 'expman-rx';
import { openRun } from 'expman-rx/reader';
import { verifyRun } from '../../../src/reader/verify-run.js';
import { nodeFs } from '../../../src/storage/node-fs.js';
import { must } from '../check-run.js';
import { FORK_STEP, contentAt, lossAt } from '../checkpoints.mjs';
import type { Scenario, ScenarioContext } from '../scenario.js';
import { strace } from '../strace.js';

const CHILD = fileURLToPath(new URL('../checkpoints.mjs', import.meta.url));
/** Everything that a checkpoint, its list and the copy of a parent are made with. */
const SYSCALLS = ['pwrite64', 'write', 'fsync', 'rename', 'unlink', 'mkdir'];
/** What a full disk refuses. */
const FILLING = ['pwrite64', 'mkdir', 'rename'];
const KILLED = 'signal=SIGKILL';
const FULL = 'error=ENOSPC';
const MOST = 400;
const STEPS = 8;

/** SIGKILL at every system call of a small program that forks a run and saves checkpoints; a disk that is full for some of them, and at every call of a fork. */
export const checkpoints: Scenario = {
  name: 'a fork with checkpoints, killed at every system call, and on a full disk',
  rows: [2, 11, 12],
  run: async (context) => {
    const parent = await makeParent(context.folder);
    await noRoom(context, parent);
    const { status } = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { stdio: 'ignore' });
    if (status !== 0) {
      console.log('  SKIPPED kills at system calls: strace is missing, or may not trace');
      return;
    }
    // A rare call has to wait for no frequent one.
    let left = FAULTS;
    for (let n = 1; n < MOST && left.length > 0; n++) {
      const more: Fault[] = [];
      for (const fault of left) {
        if (!context.goOn()) return;
        if (await at(context, parent, fault, n)) more.push(fault);
      }
      left = more;
    }
  },
};

/** A run in another base folder, so that its forks have a copy of it. */
async function makeParent(folder: string): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('faults', join(folder, 'away'), { environment: false, runName: 'parent' }),
  );
  for (let step = 0; step < 10; step++) run.logMetrics({ loss: lossAt(step) }, step);
  await run.close();
  return run.runDir;
}

/** What happens to a call of the program that saves checkpoints for some steps. */
interface Fault {
  readonly syscall: string;
  readonly fault: string;
  readonly steps: number;
}

const FAULTS: readonly Fault[] = [
  ...SYSCALLS.map((syscall) => ({ syscall, fault: KILLED, steps: STEPS })),
  // A fork that only opens and closes, so that most of it is the copy of its parent.
  ...FILLING.map((syscall) => ({ syscall, fault: FULL, steps: 0 })),
];

/** False if the program came to its end without so many calls. */
async function at(
  { folder, tally, progress }: ScenarioContext,
  parent: string,
  { syscall, fault, steps }: Fault,
  n: number,
): Promise<boolean> {
  const place = join(folder, `${syscall}-${n}`);
  mkdirSync(place);
  const account = join(place, 'account.txt');
  writeFileSync(account, '');
  const trace = join(place, 'trace');
  const inject = ['-e', `trace=${syscall}`, '-e', `inject=${syscall}:${fault}:when=${n}`];
  const program = [process.execPath, CHILD, parent, join(place, 'runs'), account, String(steps)];
  const traced = [...strace(fault), '-o', trace, ...inject, ...program];
  spawnSync('strace', traced, { timeout: 60_000, stdio: 'ignore' });
  const said = readFileSync(account, 'utf8');
  const isReached = /killed by SIGKILL|\(INJECTED\)/.test(readFileSync(trace, 'utf8'));
  const what = `${syscall} number ${n}, ${fault}`;
  must(isReached || n > 1, 'I7', () => `${what}: it is never called, or never hit`);
  const runDir = join(place, 'runs/faults/fork');
  if (said.startsWith('unopened'))
    must(said === 'unopened IO\n' && !existsSync(runDir), 'I4', () => `${what}: ${said}, and left a folder`);
  else await check(runDir, said, what);
  if (fault === KILLED) tally.kills++;
  else tally.cases++;
  progress(what);
  rmSync(place, { recursive: true });
  return isReached;
}

/** Files of at most 20 kB: the larger checkpoints are refused, the others and all rows are there. */
async function noRoom({ folder, tally }: ScenarioContext, parent: string): Promise<void> {
  const base = join(folder, 'limited');
  const account = join(folder, 'limited.txt');
  writeFileSync(account, '');
  const script = `trap '' XFSZ; ulimit -f 20; exec "$0" "$@"`;
  const { stderr } = spawnSync(
    'bash',
    ['-c', script, process.execPath, CHILD, parent, base, account, String(STEPS)],
    {
      encoding: 'utf8',
    },
  );
  const said = readFileSync(account, 'utf8');
  const refused = [...said.matchAll(/^refused (\d+) IO$/gm)].map(([, step]) => Number(step));
  must(
    refused.join() === '6,9,12' && said.endsWith('closed\n') && !said.includes('unclosed'),
    'I7',
    () => `files of 20 kB: ${said} ${stderr}`,
  );
  const runDir = join(base, 'faults/fork');
  await check(runDir, said, 'files of 20 kB');
  tally.cases++;
}

/** Every acknowledged checkpoint that its rule keeps is there as it was, and the run goes on from the newest. */
async function check(runDir: string, said: string, what: string): Promise<void> {
  const acknowledged = [...said.matchAll(/^saved (\d+)$/gm)].map(([, step]) => Number(step));
  if (!existsSync(join(runDir, 'run.yaml'))) {
    must(!said.includes('opened'), 'I1', () => `${what}: the run is gone`);
    return;
  }
  const before = await checkpointsOf(runDir, what);
  const newest = before.at(-1) ?? null;
  const wanted = acknowledged.at(-1) ?? null;
  must(
    wanted === null || (newest !== null && newest >= wanted),
    'I1',
    () => `${what}: the newest is ${newest}, ${wanted} was saved`,
  );
  const best = [...acknowledged].sort((one, other) => lossAt(one) - lossAt(other))[0];
  must(
    best === undefined || before.some((step) => lossAt(step) <= lossAt(best)),
    'I1',
    () => `${what}: the best, ${best}, is not among ${before.join()}`,
  );
  const own = await openRun(runDir).points('loss', { inherited: false });
  const steps = own.map(({ step }) => Number(step));
  must(
    newest === null || steps.filter((step) => step <= newest).length === newest - FORK_STEP,
    'I1',
    () => `${what}: a checkpoint of step ${newest}, and rows of ${steps.join()}`,
  );
  await checkLineage(runDir, own.length, what);
  const { run, step } = await resumeRun(runDir, { environment: false });
  const last = Math.max(...steps);
  must(
    step === newest || (newest === null && (step === null || step === last)),
    'I1',
    () => `${what}: resumed at ${step}`,
  );
  const next = Number(step ?? BigInt(FORK_STEP)) + 1;
  run.logMetrics({ loss: -1 }, next);
  await run.saveCheckpoint(next, { text: contentAt(next) }, { keep: 'last 1' });
  const { rows } = await run.close();
  must(rows === next - FORK_STEP, 'I2', () => `${what}: ${rows} rows after step ${next} was logged again`);
  must(
    (await checkpointsOf(runDir, what)).join() === String(next),
    'I8',
    () => `${what}: more than the last is left`,
  );
  const files = readdirSync(join(runDir, 'checkpoints'));
  must(files.length === 2, 'I8', () => `${what}: ${files.join()} are left`);
  const { problems } = verifyRun(nodeFs, runDir);
  must(problems.length === 0, 'I3', () => `${what}: ${JSON.stringify(problems)}`);
  await checkLineage(runDir, rows, what);
}

async function checkpointsOf(runDir: string, what: string): Promise<number[]> {
  const steps = [];
  for (const checkpoint of await openRun(runDir).checkpoints()) {
    const step = Number(checkpoint.step);
    const content = Buffer.from(await checkpoint.bytes()).toString();
    must(
      content === contentAt(step),
      'I2',
      () => `${what}: the checkpoint of step ${step} has other content`,
    );
    steps.push(step);
  }
  return steps;
}

/** The rows of the parent come before those of the fork, all of them. */
async function checkLineage(runDir: string, own: number, what: string): Promise<void> {
  const [parent, ...others] = await openRun(runDir).lineage();
  must(
    parent?.problem === null && others.length === 0,
    'I3',
    () => `${what}: ${JSON.stringify(parent)} ${others.length}`,
  );
  const points = await openRun(runDir).points('loss');
  must(
    points.length === own + FORK_STEP + 1,
    'I3',
    () => `${what}: ${points.length} points, ${own} of its own`,
  );
}
