import { describe, expect, it } from 'vitest';
import { describeSpace, paramImportance, sweep, uniform } from 'expman-rx/sweep';
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
    expect(stdout).not.toContain('share of');
  });

  it('says which parameters decide, as paramImportance has it', async () => {
    const space = { x: uniform(0, 1), 'y\u001b': uniform(0, 1) };
    const study = sweep(space, ({ run, params }) => run.logMetrics({ loss: (params.x - 0.3) ** 2 }, 0), {
      ...{ name: 's', baseDir: folder(), metric: 'loss', trials: 12, seed: 3, handleSignals: false },
      run: { environment: false },
    });
    const { trials } = await study.result;
    const { stdout } = await expman('sweep', study.dir);
    expect(stdout).toMatch(
      /\n +parameter +share of loss +trials\n +x +\d\.\d\d +12\n +y\\u001b +\d\.\d\d +12\n/,
    );
    const { importance } = JSON.parse((await expman('sweep', study.dir, '--json')).stdout) as {
      readonly importance: readonly { readonly param: string; readonly importance: number }[];
    };
    expect(importance).toEqual(paramImportance(describeSpace(space), trials));
    expect(importance[0]).toMatchObject({ param: 'x' });
    expect(importance[0]?.importance).toBeGreaterThan(0.5);
  });
});
