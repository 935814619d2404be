import { describe, expect, it, onTestFinished } from 'vitest';
import { openRun, recoverRun } from '../../src/reader/index.js';
import { type Cgroup, cgroupOf } from '../support/cgroup.js';
import { runChild } from '../support/child.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('cgroups');

/** A cgroup that goes with the spec; the spec is skipped where there can be none. */
function cgroup(controller: 'pids' | 'memory', skip: () => void): Cgroup {
  const made = cgroupOf(controller);
  if (made === null) skip();
  else onTestFinished(() => made.remove());
  return made ?? { code: '', remove: () => undefined };
}

describe('a run in a container', () => {
  it('that allows no more threads keeps every row, and says so', async (context) => {
    const { code } = cgroup('pids', () => context.skip());
    const { runDir, ended, said, stderr } = await runChild(
      folder(),
      `${code}
       import { promises, readdirSync } from 'node:fs';
       await promises.stat('.'); // Node starts the threads of its own pool, and aborts where it cannot.
       limitTo(readdirSync('/proc/self/task').length);
       const run = open();
       for (let step = 0; step < 1000; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
       say(String((await run.close()).rows));`,
    );
    expect([ended, said, stderr]).toEqual([0, ['1000'], '']);
    expect(openRun(runDir).facts).toMatchObject({
      ...{ status: 'FINISHED', rows: 1000 },
      degraded: { code: 'WRITER_IN_THREAD', message: expect.stringContaining('EAGAIN') as string },
    });
  });

  it('that is killed for its memory loses nothing that was flushed', async (context) => {
    const { code } = cgroup('memory', () => context.skip());
    const { runDir, ended, said } = await runChild(
      folder(),
      `${code}
       limitTo(128 * 2 ** 20);
       const run = open();
       const held = [];
       for (let step = 0; held.length < 100; step++) {
         run.logMetrics({ loss: 1 / (step + 1) }, step);
         if (step % 100 < 99) continue;
         await run.flush();
         say(String(step + 1));
         held.push(Buffer.alloc(8 * 2 ** 20, 1));
       }`,
    );
    expect(ended).toBe('SIGKILL');
    const flushed = Number(said.at(-1));
    expect(flushed).toBeGreaterThan(0);
    const { rows, lost } = await recoverRun(runDir);
    expect(rows).toBeGreaterThanOrEqual(flushed);
    expect(lost).toBe(0);
    expect(openRun(runDir).facts.status).toBe('CRASHED');
  });
});
