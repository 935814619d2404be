import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweep, uniform } from 'expman-rx/sweep';
import { nodeFs } from '../../src/storage/node-fs.js';
import { appendToJournal, lineOf, type TrialRecord } from '../../src/sweep/sweep-file.js';
import { tempFolders } from '../support/temp-folder.js';
import { optionsIn, SPACE, square, yamlIn } from './small-sweep.js';

const folder = tempFolders('unsettled');
const DIST = new URL('../../dist/sweep.js', import.meta.url).href;

describe('a trial whose training never settles', () => {
  it('is told, holds up nobody, does not count, and is tried again', async () => {
    const base = folder();
    const program = `
      import { sweep, uniform } from ${JSON.stringify(DIST)};
      const { status, trials } = await sweep({ x: uniform(0, 1) }, ({ run, number }) => {
        run.logMetrics({ loss: 1 }, 0);
        if (number === 1) return new Promise(() => undefined);
      }, { name: 's', baseDir: ${JSON.stringify(base)}, metric: 'loss', trials: 3, run: { environment: false } }).result;
      console.log(JSON.stringify([status, trials.map(({ status }) => status)]));
    `;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', program],
      {
        encoding: 'utf8',
        timeout: 250_000,
      },
    );
    expect([status, stdout.trim()]).toEqual([
      0,
      JSON.stringify(['INTERRUPTED', ['finished', 'interrupted', 'finished']]),
    ]);
    expect(stderr).toMatch(/trial 1 .*its training never settled/);
    expect(yamlIn(join(base, 's/trial-0001'), 'run.yaml')['status']).toBe('INTERRUPTED');
    const again: number[] = [];
    const { trials, status: now } = await sweep(
      { x: uniform(0, 1) },
      ({ run, number }) => {
        again.push(number);
        run.logMetrics({ loss: 2 }, 0);
      },
      { name: 's', baseDir: base, metric: 'loss', trials: 3, handleSignals: false },
    ).result;
    expect([now, again, trials[1]?.attempt, trials[1]?.value]).toEqual(['FINISHED', [1], 1, 2]);
  });
});

describe('a trial of a killed process whose run is FINISHED', () => {
  const killedAs = async (ending: 'finished' | 'stopped' | undefined): Promise<unknown> => {
    const options = optionsIn(folder(), { trials: 1 });
    const study = sweep(SPACE, square, options);
    const { trials } = await study.result;
    const { number, attempt, params, value, step } = trials[0]!;
    const record: TrialRecord = {
      ...{ trial: number, attempt, status: 'running' as const, run: 'trial-0000', params, value, step },
      ...(ending !== undefined && { ending }),
    };
    appendToJournal(nodeFs, study.dir, lineOf(record));
    const resumed = await sweep(SPACE, square, options).result;
    return resumed.trials.map(({ status, attempt: tried }) => [status, tried]);
  };

  it('counts as what it had come to, and is tried again if it had come to no end', async () => {
    expect(await killedAs('finished')).toEqual([['finished', 0]]);
    expect(await killedAs('stopped')).toEqual([['stopped', 0]]);
    expect(await killedAs(undefined)).toEqual([['finished', 1]]);
  });
});
