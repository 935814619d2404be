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

  it('says which trials are on the front, and which break a constraint', async () => {
    const figures = [
      { loss: 2, accuracy: 0.9, latency: 10 },
      { loss: 1, accuracy: 0.5, latency: 8 },
      { loss: 3, accuracy: 0.8, latency: 1 },
      { loss: 0, accuracy: 1, latency: 11 },
    ];
    const study = sweep({ x: uniform(0, 1) }, ({ run, number }) => run.logMetrics({ ...figures[number] }), {
      ...{ name: 's', baseDir: folder(), trials: 4, handleSignals: false, run: { environment: false } },
      metrics: [
        { name: 'loss', mode: 'min' },
        { name: 'accuracy', mode: 'max' },
      ],
      constraints: [{ metric: 'latency', max: 10 }],
    });
    const { best, front } = await study.result;
    const { stdout } = await expman('sweep', study.dir);
    expect(stdout).toContain('FINISHED  min loss, max accuracy  searcher random');
    const [head, ...rows] = stdout
      .split('\n')
      .slice(1, 6)
      .map((line) => line.trim().split(/ {2,}/));
    expect(head?.slice(0, 6)).toEqual(['trial', 'status', 'front', 'loss', 'accuracy', 'latency <= 10']);
    expect(rows.map((row) => row.slice(0, -2))).toEqual([
      ['1', 'finished', 'yes', '1', '0.5', '8'],
      ['0', 'finished', 'yes', '2', '0.9', '10'],
      ['2', 'finished', '3', '0.8', '1'],
      ['3', 'finished', '0', '1', '11 broken'],
    ]);
    expect(stdout).toContain('2 trials on the Pareto front; bold: the best by loss');
    expect(JSON.parse((await expman('sweep', study.dir, '--json')).stdout)).toMatchObject({
      ...{ metric: 'loss', best: best.number, front: front.map(({ number }) => number) },
      constraints: [{ metric: 'latency', max: 10 }],
      trials: [
        { trial: 1, values: [1, 0.5], constraintValues: [8], violation: 0 },
        { trial: 0 },
        { trial: 2 },
        { trial: 3, violation: 1 },
      ],
    });
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
