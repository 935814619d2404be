import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from '../../src/index.js';
import { EXPMAN } from '../support/cli.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('no-home');

/** A user without an entry in the system's list, as a container under any number has. */
const NO_HOME = `data:text/javascript,${encodeURIComponent(`
  import os from 'node:os';
  import { syncBuiltinESMExports } from 'node:module';
  os.homedir = () => { throw new Error('uv_os_homedir returned ENOENT'); };
  syncBuiltinESMExports();
`)}`;

async function expmanWithoutHome(...args: readonly string[]): Promise<string> {
  const env = { ...process.env };
  for (const name of ['HOME', 'XDG_CACHE_HOME']) Reflect.deleteProperty(env, name);
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', NO_HOME, EXPMAN, ...args], {
    env,
  });
  return stdout;
}

describe('a user who has no home', () => {
  it('may list, draw, query and look for trouble; nothing is remembered', async () => {
    const base = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'one' }));
    for (let step = 0; step < 10; step++) run.logMetrics({ loss: step }, step);
    await run.close();
    expect(await expmanWithoutHome('list', base)).toContain('one');
    expect(await expmanWithoutHome('plot', base, '-m', 'loss')).toContain('loss');
    expect(await expmanWithoutHome('query', base, 'SELECT count(*) AS n FROM metrics', '--json')).toContain(
      '10',
    );
    expect(await expmanWithoutHome('doctor', base)).toContain('1 run');
  });
});
