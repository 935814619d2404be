import { inspect } from 'node:util';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { describe, expect, it } from 'vitest';
import { yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('inspect');
const open = (): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false, runName: 'run' }));

describe('a run on the console', () => {
  it('is one short line: which run, where it stands, how many rows it has', async () => {
    const run = open();
    const { uuid } = yamlOf(run.runDir);
    const line = (status: string, rows: number): string =>
      `LoggingEngine { run: run, uuid: ${String(uuid)}, status: ${status}, rows: ${rows}, dir: ${run.runDir} }`;
    expect(inspect(run)).toBe(line('RUNNING', 0));
    run.logMetrics({ loss: 1 });
    run.logMetrics({ loss: 2 });
    expect(inspect(run)).toBe(line('RUNNING', 2));
    const closing = run.close();
    expect(inspect([run], { colors: true, breakLength: Infinity })).toBe(
      `[ ${line('FINISHED (closing)', 2)} ]`,
    );
    await closing;
    expect(inspect(run)).toBe(line('FINISHED', 2));
  });

  it('has no fields but those it says it has', async () => {
    const run = open();
    expect(Object.keys(run).sort()).toEqual([
      'closed',
      'health$',
      'metrics',
      'runDir',
      'runName',
      'status$',
      'stop$',
    ]);
    expect(inspect(run.metrics, { depth: 5 }).length).toBeLessThan(400);
    await run.close();
  });
});
