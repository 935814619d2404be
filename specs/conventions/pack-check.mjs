// Tries the package as a user gets it: packs it, installs the tarball in an empty folder, runs the quick start in plain
// JavaScript, as CommonJS on every version of Node it promises, and, compiled by tsc, in TypeScript over all its entries,
// looks for the types of each entry, and at a run with the command. Leaves nothing behind.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODES, installed, runtimeOf } from './runtimes.mjs';

/** @typedef {{ filename: string, entryCount: number, size: number }} Packed */

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest =
  /** @type {{ devDependencies: Record<string, string>, exports: Record<string, unknown> }} */ (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  );

const javaScript = `
import { ExperimentConfig, LoggingEngine, RunStatus } from 'expman-rx';
import { serve } from 'expman-rx/dashboard';
import { archiveRun, exportRun, importRuns, unarchiveRun } from 'expman-rx/interop';
import { best } from 'expman-rx/operators';
import { progress } from 'expman-rx/progress';
import { inspectRun, openExperiments } from 'expman-rx/reader';
import { sweep, uniform } from 'expman-rx/sweep';
import { observe } from 'expman-rx/otel';
import { SummaryWriter, tensorboardImporter, toTensorBoard } from 'expman-rx/tensorboard';
import { fitCallbacks } from 'expman-rx/tfjs';

const run = new LoggingEngine(new ExperimentConfig('quick_start', './experiments', { runName: 'js' }));
run.logParams({ learning_rate: 1e-3 });
for (let step = 0; step < 100; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
progress(run, { total: 100 });
fitCallbacks(run).onEpochEnd(100, { loss: 0 });
run.metric('loss').pipe(best('min')).subscribe();
observe(run, { createObservableGauge: () => { throw new Error('there is no row any more'); } });
toTensorBoard(run, './runs/mirror');
const writer = new SummaryWriter('./runs/js');
writer.addScalar('loss', 0.5, 1);
writer.close();
for await (const { run: name, fields } of tensorboardImporter().runs('./runs'))
  if (name === 'js' && fields.length !== 1) throw new Error('TensorBoard files are not read back');
await run.close(RunStatus.Finished);
const { status } = await inspectRun(run.runDir);
if (status !== RunStatus.Finished) throw new Error('the run is ' + status);
if ((await openExperiments('./experiments').runs()).length !== 1) throw new Error('the run is not listed');
for (const format of ['csv', 'arrow', 'parquet', 'neptune']) {
  await exportRun(run.runDir, format, './js.' + format);
  const { imported } = await importRuns('./js.' + format, { dir: './imported' });
  if (imported[0]?.rows !== 101) throw new Error(format + ' does not come back');
}
await archiveRun(run.runDir, './js.tar.gz');
await unarchiveRun('./js.tar.gz', './unpacked');
const study = sweep(
  { lr: uniform(0, 1) },
  (trial) => trial.run.logMetrics({ loss: trial.params.lr }),
  { name: 'quick_sweep', metric: 'loss', trials: 3, searcher: 'tpe' },
);
if ((await study.result).trials.length !== 3) throw new Error('the sweep has not its trials');
const inThreads = sweep(
  { lr: uniform(0, 1) },
  { name: 'quick_threads', metric: 'loss', trials: 2, worker: new URL('./train.mjs', import.meta.url) },
);
if ((await inThreads.result).trials.length !== 2) throw new Error('the sweep in threads has not its trials');
const dashboard = await serve('./experiments');
const asked = await fetch(new URL('/api/runs', dashboard.url), {
  headers: { Authorization: 'Bearer ' + dashboard.token },
});
if ((await asked.json()).total !== 6) throw new Error('the dashboard has not all runs');
const page = await (await fetch(new URL('/', dashboard.url))).text();
if (!page.includes('main.js')) throw new Error('the dashboard has no page');
await dashboard.close();
console.log(run.runDir);
`;

// What npm's default project is: `require`, no "type" in package.json.
const commonJs = `
const entries = process.argv.slice(3).map((name) => require(name));
if (entries.some((entry) => Object.keys(entry).length === 0)) throw new Error('an entry is empty');
const { ExperimentConfig, LoggingEngine, RunStatus } = require('expman-rx');
const { inspectRun } = require('expman-rx/reader');

const run = new LoggingEngine(new ExperimentConfig('required', './experiments', { runName: process.argv[2] }));
for (let step = 0; step < 100; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
run
  .close(RunStatus.Finished)
  .then(() => inspectRun(run.runDir))
  .then(({ status, rows, degraded }) => {
    if (status !== RunStatus.Finished || rows !== 100 || degraded !== undefined)
      throw new Error(status + ', ' + rows + ' rows, ' + JSON.stringify(degraded));
  });
`;

const train = `
export default ({ run, params }) => run.logMetrics({ loss: params.lr });
`;

const typeScript = `
import { ExperimentConfig, LoggingEngine, RunStatus, type MetricRow, type RunSummary } from 'expman-rx';
import type { Dashboard, ServeOptions } from 'expman-rx/dashboard';
import { ema, logTo } from 'expman-rx/operators';
import { IMPORTERS, type Importer } from 'expman-rx/interop';
import { progress, type Progress } from 'expman-rx/progress';
import { inspectRun } from 'expman-rx/reader';
import { choice, logUniform, sweep, type StudyResult } from 'expman-rx/sweep';
import type { GaugeMeter } from 'expman-rx/otel';
import { tensorboardExporter, type Exporter } from 'expman-rx/tensorboard';
import { fitCallbacks, type FitCallbacks } from 'expman-rx/tfjs';
import { map, range, type Observable } from 'rxjs';

const run: LoggingEngine = new LoggingEngine(new ExperimentConfig('quick_start', './experiments', { runName: 'ts' }));
const rows$: Observable<MetricRow> = range(0, 100).pipe(map((step) => ({ step, values: { loss: 1 / (step + 1) } })));
const smooth$: Observable<number> = range(0, 100).pipe(ema(0.1), logTo(run, { name: 'smooth' }));
smooth$.subscribe();
rows$.subscribe(run.metrics);
const summary: RunSummary = await run.closed;
if (summary.status !== RunStatus.Finished) throw new Error('the run is ' + summary.status);
const { rows } = await inspectRun(run.runDir);
if (rows !== 200) throw new Error('the run has ' + rows + ' rows');
const exporter: Exporter = tensorboardExporter();
const meter: GaugeMeter | null = null;
const served: readonly [ServeOptions, Dashboard?] = [{ port: 0 }];
if (served.length !== 1) throw new Error('a dashboard is served');
if (exporter.format !== 'tensorboard' || meter !== null) throw new Error('no exporter');
const callbacks: FitCallbacks = fitCallbacks(run, { every: 'batch' });
callbacks.onBatchEnd?.(0, {});
const importers: readonly Importer[] = IMPORTERS;
if (importers.length === 0) throw new Error('no importers');
const shown: Progress = progress([], { total: 100 });
const { best }: StudyResult<{ readonly lr: number; readonly optimizer: 'sgd' | 'adam' }> = await sweep(
  { lr: logUniform(1e-5, 1e-1), optimizer: choice('sgd', 'adam') },
  async (trial) => {
    shown.add(trial.run);
    trial.run.logMetrics({ loss: trial.params.lr });
  },
  { name: 'typed_sweep', metric: 'loss', trials: 2 },
).result;
if (best.params.optimizer === 'sgd' && best.params.lr > 1) throw new Error('no such rate');
`;

// Stricter than most: a user's skipLibCheck must not be what hides a declaration that does not hold.
const tsconfig = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    skipLibCheck: false,
    types: ['node'],
  },
  include: ['quick-start.ts'],
};

/**
 * @param {string} cwd
 * @param {string} command
 * @param {string[]} args
 * @returns {string} what it printed
 */
function must(cwd, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) return stdout;
  throw new Error(
    `${command} ${args.join(' ')}: ${error?.message ?? `exit ${String(status)}`}\n${stdout}${stderr}`,
  );
}

/**
 * @param {string} text
 * @returns {Packed}
 */
function onlyPacked(text) {
  const [packed] = /** @type {Packed[]} */ (JSON.parse(text));
  if (packed === undefined) throw new Error('npm pack made nothing');
  return packed;
}

/** @param {string} runName */
function mustHaveRows(runName) {
  const file = join(project, 'experiments/quick_start', runName, 'metrics.parquet');
  const bytes = readFileSync(file);
  if (statSync(file).size < 12 || bytes.toString('latin1', bytes.length - 4) !== 'PAR1')
    throw new Error(`${file} is torn`);
}

const project = mkdtempSync(join(tmpdir(), 'expman-pack-'));
try {
  // Without scripts: `prepack` builds, and its output would mix with the answer; `npm run pack:check` has built.
  const { filename, entryCount, size } = onlyPacked(
    must(root, 'npm', [
      'pack',
      '--json',
      '--ignore-scripts',
      '--loglevel=error',
      '--pack-destination',
      project,
    ]),
  );
  console.log(`packed      ${filename}, ${entryCount} files, ${(size / 1e3).toFixed(0)} kB`);

  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');

  // Every entry has its types, for every way there is of resolving it; that `require` meets an ES module is meant.
  const attw = installed('attw-0.18.5', ['@arethetypeswrong/cli@0.18.5'], 'attw');
  if (attw !== null) {
    const program = join(attw, 'node_modules/.bin/attw');
    must(project, program, [`./${filename}`, '--ignore-rules', 'cjs-resolves-to-esm']);
    console.log('attw        finds the types of every entry');
  }

  const tools = ['typescript', '@types/node'].map(
    (name) => `${name}@${manifest.devDependencies[name] ?? 'latest'}`,
  );
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  must(project, 'npm', ['install', ...flags, `./${filename}`, ...tools]);
  console.log(
    `installed   with ${readdirSync(join(project, 'node_modules')).length} folders in node_modules`,
  );

  writeFileSync(join(project, 'train.mjs'), train);
  writeFileSync(join(project, 'quick-start.mjs'), javaScript);
  must(project, process.execPath, ['quick-start.mjs']);
  mustHaveRows('js');
  console.log('JavaScript  runs');

  const entries = Object.keys(manifest.exports)
    .filter((path) => path !== './package.json')
    .map((path) => path.replace('.', 'expman-rx'));
  writeFileSync(join(project, 'required.cjs'), commonJs);
  for (const version of NODES) {
    const node = runtimeOf('node', version);
    if (node === null) continue;
    must(project, node, ['required.cjs', `node-${version}`, ...entries]);
    console.log(`CommonJS    requires ${entries.length} entries and runs on Node ${version}`);
  }

  writeFileSync(join(project, 'quick-start.ts'), typeScript);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(tsconfig));
  must(project, process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.']);
  must(project, process.execPath, ['quick-start.js']);
  mustHaveRows('ts');
  console.log('TypeScript  type-checks and runs');

  const told = must(project, 'npx', ['--no-install', 'expman', 'inspect', 'experiments/quick_start/ts']);
  if (!told.includes('FINISHED')) throw new Error(`expman inspect does not say FINISHED:\n${told}`);
  const found = must(project, 'npx', ['--no-install', 'expman', 'list', 'experiments/quick_start', '--json']);
  const listed = /** @type {unknown[]} */ (JSON.parse(found));
  if (listed.length !== 2) throw new Error(`expman list says:\n${found}`);
  const sql = 'SELECT count(*) AS n FROM runs';
  const asked = must(project, 'npx', ['--no-install', 'expman', 'query', 'experiments', sql]);
  if (!/^ +n$/m.test(asked)) throw new Error(`expman query says:\n${asked}`);
  console.log('expman      inspects, lists and asks');
} finally {
  rmSync(project, { recursive: true, force: true });
}
