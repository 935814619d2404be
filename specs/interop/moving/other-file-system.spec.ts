import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { moveRun } from 'expman-rx/interop';
import { inspectRun, openExperiments, openRun } from 'expman-rx/reader';
import { logged } from '../../cli/three-runs.js';
import { expmanHere } from '../../support/cli-here.js';
import { tempFolders } from '../../support/temp-folder.js';

const SHARED_MEMORY = '/dev/shm';
const folder = tempFolders('move-away');
const isOther = existsSync(SHARED_MEMORY) && statSync(SHARED_MEMORY).dev !== statSync(tmpdir()).dev;

const made: string[] = [];
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});
const away = (): string => {
  const path = mkdtempSync(join(SHARED_MEMORY, 'expman-move-away-'));
  made.push(path);
  return path;
};

const runsIn = async (dir: string): Promise<string[]> => {
  const { runs, unreadable } = await openExperiments(dir, { cacheDir: null }).list();
  expect(unreadable).toEqual([]);
  return runs.map(({ experiment, run }) => `${experiment}/${run}`);
};

describe.runIf(isOther)('moveRun to another file system', () => {
  it('copies every byte, and then deletes the run', async () => {
    const [base, dir] = [folder(), away()];
    const from = await logged(base, 'one', 0.1);
    mkdirSync(join(from, 'artifacts/deep'), { recursive: true });
    writeFileSync(join(from, 'artifacts/deep/model.bin'), Buffer.alloc(3_000_000, 7));
    const { identity } = await inspectRun(from);
    const counts: number[] = [];
    const moved = await moveRun(from, { dir, experiment: 'kept', onBytes: (bytes) => counts.push(bytes) });
    expect(moved).toMatchObject({ runDir: join(dir, 'kept/one'), uuid: identity.uuid, copied: true });
    expect(counts.at(-1)).toBeGreaterThan(3_000_000);
    expect(await runsIn(base)).toEqual([]);
    expect(readdirSync(join(base, 'exp'))).toEqual(['experiment.yaml']);
    expect(await openRun(moved.runDir).points('loss')).toHaveLength(20);
    expect((await inspectRun(moved.runDir)).identity).toEqual({ ...identity, experiment: 'kept' });
    expect(statSync(join(moved.runDir, 'artifacts/deep/model.bin')).size).toBe(3_000_000);
    expect(await expmanHere('verify', dir)).toMatchObject({ exit: 0 });
  });

  it('refuses a run that holds links, which it would lose', async () => {
    const [base, dir] = [folder(), away()];
    const from = await logged(base, 'one', 0.1);
    symlinkSync('/etc/passwd', join(from, 'artifacts'));
    await expect(moveRun(from, { dir })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(await runsIn(base)).toEqual(['exp/one']);
    expect(await runsIn(dir)).toEqual([]);
    expect(existsSync(join(dir, 'exp'))).toBe(false);
  });

  it('finishes a move that was killed between copy and deletion, and doctor tells of it', async () => {
    const [base, dir] = [folder(), away()];
    const from = await logged(base, 'one', 0.1);
    cpSync(join(base, 'exp'), join(dir, 'exp'), { recursive: true });
    cpSync(join(dir, 'exp'), join(base, 'twin'), { recursive: true });
    expect((await expmanHere('doctor', base)).stdout).toContain('1 run is there more than once: ');
    rmSync(join(base, 'twin'), { recursive: true });
    expect(await moveRun(from, { dir })).toMatchObject({ runDir: join(dir, 'exp/one'), copied: true });
    expect(await runsIn(base)).toEqual([]);
    expect(await runsIn(dir)).toEqual(['exp/one']);
  });

  it('deletes nothing if the run in the other place differs in a single byte', async () => {
    const [base, dir] = [folder(), away()];
    const from = await logged(base, 'one', 0.1);
    cpSync(join(base, 'exp'), join(dir, 'exp'), { recursive: true });
    writeFileSync(join(dir, 'exp/one/run.log'), 'x', { flag: 'r+' });
    await expect(moveRun(from, { dir })).rejects.toMatchObject({ code: 'RUN_EXISTS' });
    expect(await runsIn(base)).toEqual(['exp/one']);
    expect(await runsIn(dir)).toEqual(['exp/one']);
  });
});
