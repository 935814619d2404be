import { describe, expect, it } from 'vitest';
import { sweep, uniform } from 'expman-rx/sweep';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('cli-sweep');

describe('expman sweep', () => {
  it('says how trials that failed are tried again', async () => {
    const study = sweep(
      { x: uniform(0, 1) },
      ({ run, number }) => {
        run.logMetrics({ loss: number }, 0);
        if (number > 0) throw new Error('bug');
      },
      {
        ...{ name: 's', baseDir: folder(), metric: 'loss', trials: 3, handleSignals: false },
        run: { environment: false },
      },
    );
    await study.result;
    const { stdout } = await expman('sweep', study.dir);
    expect(stdout).toContain('2 trials failed: once the cause is fixed, retryFailed: true tries them again');
  });
});
