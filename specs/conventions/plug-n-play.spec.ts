// Yarn's Plug'n'Play, which keeps packages in zip files; only at night, as it installs all packages once more.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openExperiments } from 'expman-rx/reader';
import { afterAll, expect, it } from 'vitest';
import { amount } from '../support/amount.js';
import { tempFolders } from '../support/temp-folder.js';
import { installed } from './runtimes.mjs';

const folder = tempFolders('plug-n-play', afterAll);
const root = fileURLToPath(new URL('../..', import.meta.url));
const isNight = amount(0, 1) === 1;

const APP = `
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { sweep, uniform } from 'expman-rx/sweep';
const run = new LoggingEngine(new ExperimentConfig('exp', './experiments', { runName: 'one' }));
for (let step = 0; step < 100; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
await run.close();
const worker = new URL('./train.mjs', import.meta.url);
await sweep({ lr: uniform(0, 1) }, { name: 'search', metric: 'loss', trials: 2, worker }).result;
`;

it.runIf(isNight)(
  "works under Yarn's Plug'n'Play, with its threads: the quick start, a sweep with a worker, the command",
  { timeout: 600_000 },
  async (context) => {
    const home = installed('yarn-4', ['@yarnpkg/cli-dist@4'], 'yarn');
    if (home === null) return context.skip();
    const place = folder();
    const run = (program: string, args: readonly string[], cwd = place): string => {
      const { status, stdout, stderr } = spawnSync(program, args, {
        ...{ cwd, encoding: 'utf8' as const },
        env: { ...process.env, NODE_OPTIONS: '', YARN_IGNORE_PATH: '1' },
      });
      expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
      return stdout;
    };
    run('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', place], root);
    const { version } = JSON.parse(run('npm', ['pkg', 'get', 'name', 'version', '--json'], root)) as {
      readonly version: string;
    };
    const files = {
      'package.json': `{ "private": true, "dependencies": { "expman-rx": "file:./expman-rx-${version}.tgz" } }`,
      '.yarnrc.yml':
        'nodeLinker: pnp\nenableTelemetry: false\nenableGlobalCache: false\nenableImmutableInstalls: false\n',
      'yarn.lock': '', // Makes it a project of its own.
      'app.mjs': APP,
      'train.mjs': 'export default ({ run, params }) => run.logMetrics({ loss: params.lr });',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text);
    const yarn = join(home, 'node_modules/.bin/yarn');
    run(yarn, ['install']);
    run(yarn, ['node', 'app.mjs']);
    expect(run(yarn, ['expman', 'list', 'experiments'])).toMatch(
      /exp\/one +FINISHED [^]*search\/trial-0001 +FINISHED/,
    );
    const runs = await openExperiments(join(place, 'experiments')).runs();
    expect(runs.map(({ facts }) => facts.rows)).toEqual([100, 1, 1]);
    // On a busy machine a thread that starts for 3 s is given up, but none may fail for want of a file or a package.
    for (const { facts } of runs) expect(facts.degraded?.message ?? '').not.toContain('Cannot find');
  },
);
