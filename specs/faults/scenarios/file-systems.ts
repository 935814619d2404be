import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recoverRun } from 'expman-rx/reader';
import { checkRun, checkTidy, must } from '../check-run.js';
import { drive } from '../driven.js';
import { readByOthers } from '../other-readers.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const RUN = fileURLToPath(new URL('../run.ts', import.meta.url));
/** Where to play instead of everywhere: in a namespace of its own, whose mounts nobody outside sees. */
const ONLY = process.env['FAULT_PLACE'];
const ROWS = 500;

/** The same small sessions on each kind of file system there is here. */
export const fileSystems: Scenario = {
  name: 'killed, recovered and taken up again on tmpfs, overlayfs and the disk',
  rows: [34],
  run: async (context) => {
    const rounds = context.amount(2, 50);
    const skip = (kind: string, why: string): void => console.error(`  SKIPPED ${kind}: ${why}`);
    for (let round = 0; round < rounds && context.goOn(); round++) {
      await play(context, join(ONLY ?? context.folder, `disk${round}`));
      if (ONLY !== undefined) continue;
      if (existsSync('/dev/shm')) await onTmpfs(context);
      else skip('tmpfs', 'there is no /dev/shm');
    }
    if (ONLY !== undefined) return;
    onOverlay(context, skip);
    skip('9p, virtiofs, NFS, APFS, NTFS', 'none is mounted here');
  },
};

async function onTmpfs(context: ScenarioContext): Promise<void> {
  const folder = mkdtempSync('/dev/shm/expman-faults-');
  try {
    await play(context, join(folder, 'tmpfs'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same scenario once more in a user namespace, over an overlay. */
function onOverlay({ folder, tally }: ScenarioContext, skip: (kind: string, why: string) => void): void {
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(folder, name));
  const mount = 'mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged';
  const inside = (command: string, args: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync('unshare', ['-Urm', 'sh', '-c', `cd "$0" && ${mount} && ${command}`, folder, ...args], {
      encoding: 'utf8',
      timeout: 120_000,
      env: { ...process.env, FAULT_PLACE: join(folder, 'merged') },
    });
  const probe = inside('true', []);
  if (probe.status !== 0) {
    skip('overlayfs', String(probe.error?.message ?? probe.stderr).trim());
    return;
  }
  const args = [process.execPath, ...process.execArgv, RUN, '--seconds', '60', 'file-systems'];
  const { status, stdout, stderr } = inside('cd - > /dev/null && exec "$@"', args);
  must(status === 0, 'I1', () => `on overlayfs: ${String(stdout)} ${String(stderr)}`);
  tally.cases++;
}

async function play({ tally }: ScenarioContext, folder: string): Promise<void> {
  const runDir = join(folder, 'faults/run');
  for (const [from, ends] of [
    [0, 'killed'],
    [ROWS, 'closed'],
  ] as const) {
    const child = drive(folder, SESSION(from));
    must((await child.next())['ready'] === true, 'I7', () => `${folder}: ${child.stderr()}`);
    if (ends === 'killed') child.child.kill('SIGKILL');
    else {
      child.ask('close');
      const { code } = await child.next();
      must(code === 'FINISHED', 'I1', () => `${folder}: closed with ${String(code)}`);
    }
    await child.ended;
    if (ends === 'killed') {
      tally.kills++;
      await checkRun(runDir, 'mixed', 0, ROWS);
      await recoverRun(runDir);
    }
    const { rows } = await checkRun(runDir, 'mixed', 0, from + ROWS);
    must(rows === from + ROWS, 'I1', () => `${folder}: ${rows} rows of ${from + ROWS}`);
    must(!(await recoverRun(runDir)).changed, 'I6', () => `${folder}: a second recovery changed something`);
    checkTidy(runDir);
    tally.readerOpens += await readByOthers(runDir);
  }
  tally.cases++;
}

const SESSION = (from: number): string => `
    const run = open({ runName: 'run', resume: 'allow', flushIntervalMs: 20, durability: 'power' });
    for (let step = ${from}; step < ${from + ROWS}; step++) {
      run.logMetrics(rowOf('mixed', 0, step), step);
      if (step % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await run.flush();
    say({ ready: true });
    await asked();
    say({ code: await run.close().then(({ status }) => status, ({ code }) => code) });`;
