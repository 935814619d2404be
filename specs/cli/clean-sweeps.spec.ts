import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweep, uniform } from 'expman-rx/sweep';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';
import { json } from './three-runs.js';

const folder = tempFolders('clean-sweeps');

/** A sweep of two trials with this status. */
async function sweepIn(base: string, status: string): Promise<string> {
  const study = sweep({ x: uniform(0, 1) }, ({ run, params }) => run.logMetrics({ loss: params.x }, 0), {
    name: 's',
    baseDir: base,
    metric: 'loss',
    trials: 2,
    handleSignals: false,
    run: { environment: false },
  });
  await study.result;
  const path = join(study.dir, 'sweep.yaml');
  writeFileSync(path, readFileSync(path, 'utf8').replace('status: FINISHED', status));
  return study.dir;
}

describe('expman clean', () => {
  it.each(['status: INTERRUPTED', 'status: RUNNING', 'status: FAILED', 'status: ['])(
    'asks before it deletes trials of a sweep that has %s',
    async (status) => {
      const base = folder();
      const dir = await sweepIn(base, status);
      const given = ['clean', base, '--keep', '0', '--force', '--json'];
      const spared = await expman(...given);
      expect(json(spared)).toMatchObject({
        deleted: [],
        unfinishedSweeps: [{ dir, trials: [join(dir, 'trial-0001'), join(dir, 'trial-0000')] }],
      });
      expect(spared.stderr).toMatch(/2 trials .* stay: .*--unfinished-sweeps/);
      expect(existsSync(join(dir, 'trial-0000'))).toBe(true);
      expect(json(await expman(...given, '--unfinished-sweeps'))).toMatchObject({
        kept: 0,
        unfinishedSweeps: [],
      });
      expect(existsSync(join(dir, 'trial-0000'))).toBe(false);
    },
  );

  it('deletes trials of a finished sweep like other runs', async () => {
    const base = folder();
    await sweepIn(base, 'status: FINISHED');
    expect(json(await expman('clean', base, '--keep', '1', '--json'))).toMatchObject({
      deleted: [{ run: 'trial-0000' }],
    });
  });
});
