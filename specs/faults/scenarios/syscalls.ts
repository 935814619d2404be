import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspectRun, recoverRun } from 'expman-rx/reader';
import { checkRun, checkTidy, must } from '../check-run.js';
import { checkSummary } from '../check-summary.js';
import { readByOthers } from '../other-readers.js';
import { readAccount, type Plan } from '../plan.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const CHILD = fileURLToPath(new URL('../child.mjs', import.meta.url));
/** Everything the package changes files with, and what it opens them by is covered by the writes that follow. */
const SYSCALLS = ['pwrite64', 'fsync', 'fdatasync', 'rename', 'unlink', 'mkdir', 'ftruncate'];
const MOST = 400;

/** SIGKILL as the n-th call of a kind is made, for every n of a small run from its opening to its close. */
export const syscalls: Scenario = {
  name: 'kill -9 at every system call of a small run',
  rows: [2],
  unavailable: () => {
    const { status } = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { stdio: 'ignore' });
    return status === 0 ? null : 'strace is missing, or may not trace';
  },
  run: async (context) => {
    for (const syscall of SYSCALLS) {
      for (let n = 1; n < MOST && context.goOn(); n++) {
        if (!(await killAt(context, syscall, n))) break;
        context.progress(`${syscall} ${n}`);
      }
    }
  },
};

/** False when the run came to its end without so many calls. */
async function killAt({ folder, tally }: ScenarioContext, syscall: string, n: number): Promise<boolean> {
  const base = join(folder, `${syscall}-${n}`);
  mkdirSync(base);
  const plan: Plan = {
    base: join(base, 'runs'),
    account: join(base, 'account.txt'),
    from: [0],
    shape: 'mixed',
    rowsPerBurst: 30,
    marks: 10,
    work: 0,
    bursts: 6,
    flushEvery: 1,
    awaitWriter: true,
    options: {
      flushIntervalMs: 5,
      flushIntervalRows: 50,
      durability: syscall === 'fdatasync' ? 'power' : 'process',
    },
  };
  const planFile = join(base, 'plan.json');
  writeFileSync(planFile, JSON.stringify(plan));
  writeFileSync(plan.account, '');
  const args = [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${syscall}`,
    '-e',
    `inject=${syscall}:signal=SIGKILL:when=${n}`,
    process.execPath,
    CHILD,
    planFile,
  ];
  const { stderr } = spawnSync('strace', args, { encoding: 'utf8', timeout: 60_000 });
  const account = readAccount(readFileSync(plan.account, 'utf8'));
  tally.kills++;
  const runDir = join(plan.base, 'faults/run0');
  const flushed = account.flushed.get(0) ?? 0;
  const what = (): string => `${syscall} number ${n}: ${stderr}`;
  if (account.openedAt !== null) {
    const { rows } = await checkRun(runDir, plan.shape, 0, flushed);
    checkSummary(await inspectRun(runDir), rows, plan.marks, what());
    const { status } = await recoverRun(runDir);
    must(status === 'FINISHED' || !account.closed, 'I5', () => `${what()} ended as ${status}`);
    const after = await checkRun(runDir, plan.shape, 0, rows);
    must(
      after.rows === rows,
      'I6',
      () => `${what()}: ${rows} rows before the recovery, ${after.rows} after it`,
    );
    checkTidy(runDir);
    checkSummary(await inspectRun(runDir), rows, plan.marks, `${what()}, recovered`);
    tally.readerOpens += await readByOthers(runDir);
    tally.rowsAcknowledged += flushed;
  } else must(flushed === 0, 'I1', what);
  rmSync(base, { recursive: true });
  return !account.closed;
}
