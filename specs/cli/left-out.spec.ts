import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('left-out-cli');
const { isTTY, columns } = process.stdout;
beforeEach(() => {
  Object.assign(process.stdout, { isTTY: true, columns: 80 });
});
afterEach(() => {
  Object.assign(process.stdout, { isTTY, columns });
});

async function wideRun(base: string): Promise<string> {
  const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'wide', environment: false }));
  run.logMetrics(Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`metric_${at}`, at])), 1);
  return (await run.close()).runDir;
}
const said = async (...args: readonly string[]): Promise<string> => {
  const { stdout, stderr } = await expmanHere(...args);
  return `${stdout}${stderr}`.replace(/\u001b\[\d+m/g, '');
};

describe('a command', () => {
  it('says how many metrics it has no room for', async () => {
    const base = folder();
    const run = await wideRun(base);
    Object.assign(process.stdout, { columns: 200 });
    expect(await said('list', base)).toContain('… and 46 more');
    expect(await said('inspect', run)).toContain('… and 10 more');
    expect(await said('tail', run)).toContain('… and 10 more; choose with --metrics');
    expect(await said('tail', run, '--metrics', 'no')).toMatch(/… and 30 more/);
    expect(await said('plot', run, '-m', 'no')).toContain('metric_7, … and 42 more');
  });

  it('says how many runs it does not name', async () => {
    const base = folder();
    for (let at = 0; at < 8; at++) {
      mkdirSync(join(base, 'exp', `r${at}`), { recursive: true });
      writeFileSync(join(base, 'exp', `r${at}`, 'run.yaml'), 'torn');
    }
    expect(await said('doctor', base)).toMatch(/8 folders cannot be read as a run: .*r4, … and 3 more/);
  });

  it('says how many columns of a table are not there, and that there are more rows', async () => {
    const base = folder();
    await wideRun(base);
    const columns = Array.from({ length: 300 }, (_, at) => `${at} AS a_name_of_a_column_${at}`);
    expect(await said('query', base, `SELECT ${columns.join(', ')}`)).toMatch(/… and \d+ more columns/);
    expect(await said('query', base, 'SELECT * FROM range(10001)')).toContain(
      'there are more than 10,000 rows',
    );
  });
});
