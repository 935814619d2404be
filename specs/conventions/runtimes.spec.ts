// What works on which runtime. Each change tries the quick start on all of them; `npm run nightly -- runtimes` tries
// everything, and prints the table.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { openExperiments } from 'expman-rx/reader';
import { amount } from '../support/amount.js';
import { tempFolders } from '../support/temp-folder.js';
import { ENTRIES } from './entries.mjs';
import { installed } from './runtimes.mjs';

const folder = tempFolders('runtimes', afterAll);
const root = fileURLToPath(new URL('../..', import.meta.url));
const ROWS = 100;
const isNight = amount(0, 1) === 1;

interface Runtime {
  readonly name: string;
  readonly packages: readonly string[];
  readonly program: string;
  readonly args: readonly string[];
}

const RUNTIMES: readonly Runtime[] = [
  ...['20', '22', '24', '26'].map((version) => ({
    ...{ name: `node-${version}`, packages: [`node@${version}`], program: 'node', args: [] },
  })),
  { name: 'bun-1', packages: ['bun@1'], program: 'bun', args: ['run'] },
  { name: 'deno-2', packages: ['deno@2'], program: 'deno', args: ['run', '--allow-all', '--quiet'] },
];

interface Job {
  readonly file: string;
  readonly code: string;
  /** What reading back has to find; null where nothing was logged that stays. */
  readonly found: { readonly status: string; readonly rows: number } | null;
}

const OPEN = `
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
const base = process.argv[2];
const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'one' }));
for (let step = 0; step < ${ROWS}; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
`;
const WHOLE = { status: 'FINISHED', rows: ROWS };
const NOTHING = null;

const JOBS: Readonly<Record<string, Job>> = {
  'quick start': { file: 'app.mjs', code: `${OPEN} await run.close();`, found: WHOLE },
  import: {
    file: 'app.mjs',
    code: `const all = await Promise.all(${JSON.stringify(ENTRIES.map(({ name }) => name))}.map((name) => import(name)));
      if (all.some((entry) => Object.keys(entry).length === 0)) throw new Error('an entry is empty');`,
    found: NOTHING,
  },
  require: {
    file: 'app.cjs',
    code: `const { LoggingEngine } = require('expman-rx');
      if (typeof LoggingEngine !== 'function') throw new Error('nothing there');`,
    found: NOTHING,
  },
  'forgotten close': { file: 'app.mjs', code: OPEN, found: WHOLE },
  'kill and recover': {
    file: 'app.mjs',
    code: `import { recoverRun } from 'expman-rx/reader';
      import { spawnSync } from 'node:child_process';
      import { ExperimentConfig, LoggingEngine } from 'expman-rx';
      import { fileURLToPath } from 'node:url';
      const base = process.argv[2];
      if (process.argv[3] === 'child') {
        const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'one' }));
        for (let step = 0; step < ${ROWS}; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
        await run.flush();
        process.kill(process.pid, 'SIGKILL');
      } else {
        const args = JSON.parse(process.env.RUNTIME_ARGS);
        spawnSync(process.execPath, [...args, fileURLToPath(import.meta.url), base, 'child']);
        const { rows } = await recoverRun(base + '/exp/one');
        if (rows !== ${ROWS}) throw new Error(rows + ' rows are left');
      }`,
    found: { status: 'CRASHED', rows: ROWS },
  },
  'sweep with a worker': {
    file: 'app.mjs',
    code: `import { sweep, uniform } from 'expman-rx/sweep';
      const study = sweep({ lr: uniform(0, 1) }, { name: 'exp', baseDir: process.argv[2], metric: 'loss', trials: 1, worker: new URL('./train.mjs', import.meta.url) });
      const { trials } = await study.result;
      if (trials.length !== 1 || trials[0].status !== 'finished') throw new Error(JSON.stringify(trials));`,
    found: { status: 'FINISHED', rows: 1 },
  },
  serve: {
    file: 'app.mjs',
    code: `${OPEN} await run.close();
      const { serve } = await import('expman-rx/dashboard');
      const dashboard = await serve(base);
      const answer = await fetch(new URL('/api/runs', dashboard.url), { headers: { Authorization: 'Bearer ' + dashboard.token } });
      const { total } = await answer.json();
      await dashboard.close();
      if (total !== 1) throw new Error(total + ' runs are served');`,
    found: WHOLE,
  },
  query: {
    file: 'app.mjs',
    code: `${OPEN} await run.close();
      const { queryRuns } = await import('expman-rx/reader');
      const { rows } = await queryRuns(base, 'SELECT count(*) AS n FROM metrics');
      if (Number(rows[0][0]) !== ${ROWS}) throw new Error(JSON.stringify(rows, (_, value) => String(value)));`,
    found: WHOLE,
  },
  'evaluate and gate': {
    file: 'app.mjs',
    code: `import { ExperimentConfig, LoggingEngine } from 'expman-rx';
      import { evaluate, gate } from 'expman-rx/evaluate';
      const run = new LoggingEngine(new ExperimentConfig('exp', process.argv[2], { runName: 'one' }));
      const cases = Array.from({ length: ${ROWS} }, (_, at) => ({ id: 'c' + at, input: at }));
      const results$ = evaluate(cases, async ({ input }) => input, { run, concurrency: 8, scorers: { right: (said) => said % 2 === 0 } });
      await new Promise((complete, error) => results$.subscribe({ complete, error }));
      await run.close();
      const { passed } = await gate(run.runDir, { metric: 'pass_rate', min: 0.5 });
      if (!passed) throw new Error('the gate fails');`,
    found: WHOLE,
  },
  'checkpoint, artifact, alert, stop': {
    file: 'app.mjs',
    code: `import { resumeRun } from 'expman-rx';
      import { openArtifacts, stopRun } from 'expman-rx/reader';
      ${OPEN}
      await run.saveCheckpoint(${ROWS - 11}, { json: [1] });
      await run.logArtifact('model', { w: { text: 'x' } });
      run.alert('hot', { level: 'warn' });
      await run.close();
      const again = await resumeRun(run.runDir);
      if (again.step !== ${ROWS - 11} || (await again.checkpoint.bytes()).length === 0) throw new Error('no checkpoint');
      for (let step = ${ROWS - 10}; step < ${ROWS}; step++) again.run.logMetrics({ loss: 1 }, step);
      const stopped = new Promise((resolve) => again.run.stop$.subscribe(resolve));
      await Promise.all([stopped, stopRun(run.runDir)]);
      await again.run.close();
      if ((await openArtifacts(base).open('model')).ref !== 'model:v1') throw new Error('no artifact');`,
    found: WHOLE,
  },
  bundled: { file: 'bundle', code: `${OPEN} await run.close();`, found: WHOLE },
};

/** A user's folder, in which the package is installed. */
function project(): string {
  const place = folder();
  writeFileSync(join(place, 'package.json'), '{ "private": true }');
  mkdirSync(join(place, 'node_modules'));
  symlinkSync(root, join(place, 'node_modules/expman-rx'), 'junction');
  return place;
}

const table = new Map<string, Map<string, string>>();

describe.each(RUNTIMES)('$name', ({ name, packages, program, args }) => {
  const jobs = Object.entries(JOBS).filter(([job]) => isNight || job === 'quick start');

  it.each(jobs)('%s', async (job, { file, code, found }) => {
    const column = table.get(name) ?? new Map<string, string>();
    table.set(name, column.set(job, 'RED'));
    const home = installed(name, packages, program);
    if (home === null) {
      column.set(job, 'not to be had');
      return;
    }
    const place = project();
    const entry = join(place, file === 'bundle' ? 'source.mjs' : file);
    writeFileSync(entry, code);
    writeFileSync(
      join(place, 'train.mjs'),
      'export default ({ run, params }) => run.logMetrics({ loss: params.lr });',
    );
    const app = file === 'bundle' ? join(place, 'bundled.mjs') : entry;
    if (file === 'bundle')
      await build({
        ...{ entryPoints: [entry], outfile: app, bundle: true, platform: 'node', format: 'esm' },
        logLevel: 'error',
      });
    const base = join(place, 'experiments');
    const child = spawn(join(home, 'node_modules', '.bin', program), [...args, app, base], {
      cwd: place,
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', RUNTIME_ARGS: JSON.stringify(args) },
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [ended] = (await once(child, 'close')) as [number | null];
    expect({ ended, stderr: ended === 0 ? '' : stderr }).toEqual({ ended: 0, stderr: '' });
    if (found !== null) {
      const [run] = await openExperiments(base).runs();
      expect({ status: run?.facts.status, rows: run?.facts.rows }).toEqual(found);
    }
    column.set(job, 'works');
  });
});

afterAll(() => {
  const rows = Object.keys(JOBS).filter((job) => [...table.values()].some((column) => column.has(job)));
  const line = (first: string, cells: readonly string[]): string =>
    `${first.padEnd(34)} ${cells.map((cell) => cell.padEnd(14)).join('')}`.trimEnd();
  const lines = rows.map((job) =>
    line(
      job,
      [...table.values()].map((column) => column.get(job) ?? ''),
    ),
  );
  console.log([line('', [...table.keys()]), ...lines].join('\n'));
});
