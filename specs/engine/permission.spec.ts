import { describe, expect, it } from 'vitest';
import { openRun } from '../../src/reader/index.js';
import { runChild } from '../support/child.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('permission');
const [major = 0] = process.versions.node.split('.').map(Number);
const PERMISSION = major < 22 ? '--experimental-permission' : '--permission';
const CODE = `
  const run = open();
  for (let step = 0; step < 1000; step++) run.logMetrics({ loss: step }, step);
  await run.flush();
  say(String((await run.close()).rows));
`;

/** Runs code under Node's permission model, which may write to one folder. */
function runWith(base: string, ...allowed: readonly string[]): ReturnType<typeof runChild> {
  const args = [PERMISSION, '--allow-fs-read=*', `--allow-fs-write=${base}`, '--no-warnings', ...allowed];
  return runChild(base, CODE, { args });
}

describe("Node's permission model, which refuses to sync", () => {
  it.each([
    { allowed: ['--allow-worker'], code: 'NOT_SYNCED', what: 'with threads' },
    { allowed: [], code: 'WRITER_IN_THREAD', what: 'without threads' },
  ])('lets a run be opened, written and closed, which says so, $what', async ({ allowed, code }) => {
    const { runDir, ended, said, stderr } = await runWith(folder(), ...allowed);
    expect([ended, said, stderr]).toEqual([0, ['1000'], '']);
    const { facts } = openRun(runDir);
    expect(facts).toMatchObject({ status: 'FINISHED', rows: 1000, degraded: { code } });
  });
});
