import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { rolldown } from 'rolldown';
import { afterAll, describe, expect, it } from 'vitest';
import { amount } from '../support/amount.js';
import { tempFolders } from '../support/temp-folder.js';
import { installed } from './runtimes.mjs';

const folder = tempFolders('bundles', afterAll);
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const ROWS = 1000;

/** Logs, closes and reads back; with a message and parameters, so that winston and yaml are needed as well. */
const APP = `
import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(`${dist}index.js`)};
import { openExperiments, queryRuns } from ${JSON.stringify(`${dist}reader.js`)};
const run = new LoggingEngine(new ExperimentConfig('bundled', process.argv[2]));
run.logParams({ text: 'two\\nlines' });
run.logger.info('begun');
for (let step = 0; step < ${ROWS}; step++) run.logMetrics({ loss: 1 / (step + 1) }, step);
run.close().then(async () => {
  const lab = openExperiments(process.argv[2]);
  const [stored] = await lab.runs();
  const { status, rows, degraded, metrics } = stored.facts;
  const asked = await queryRuns(process.argv[2], 'SELECT 1 AS one').catch(({ code }) => code);
  console.log(JSON.stringify({ status, rows, why: degraded, last: metrics.get('loss').last, asked }));
});
`;

interface Told {
  readonly status: string;
  readonly rows: number;
  readonly last: number;
  readonly why?: { readonly code: string; readonly message: string };
  readonly asked: unknown;
}

/** Runs a bundle in a folder that has nothing but it. */
async function run(bundle: string): Promise<Told> {
  const child = spawn(process.execPath, [bundle, folder()], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(0);
  return JSON.parse(said) as Told;
}

function mustBeWhole({ why, ...told }: Told): void {
  expect(told).toEqual({ status: 'FINISHED', rows: ROWS, last: 1 / ROWS, asked: 'QUERY_UNAVAILABLE' });
  expect(why?.code).toBe('WRITER_IN_THREAD');
  expect(why?.message).toContain('mark expman-rx as external');
}

/** The program and an empty folder for what is made of it. */
function app(): { readonly entry: string; readonly out: string } {
  const entry = join(folder(), 'app.mjs');
  writeFileSync(entry, APP);
  return { entry, out: folder() };
}

describe('a program bundled into one file', () => {
  it.each([
    ['an ES module', 'esm', false],
    ['CommonJS', 'cjs', false],
    ['an ES module, minified', 'esm', true],
  ] as const)('by esbuild as %s keeps every row and says what to do', async (_what, format, minify) => {
    const { entry, out } = app();
    const outfile = join(out, format === 'esm' ? 'app.mjs' : 'app.cjs');
    await esbuild({
      ...{ entryPoints: [entry], outfile, format, minify },
      ...{ bundle: true, platform: 'node', logLevel: 'error' },
      // Its own advice where CommonJS has no import.meta.
      logOverride: { 'empty-import-meta': 'silent' },
    });
    mustBeWhole(await run(outfile));
  });

  it('by rolldown keeps every row and says what to do', async () => {
    const { entry, out } = app();
    const bundle = await rolldown({ input: entry, platform: 'node' });
    await bundle.write({ dir: out, format: 'esm', entryFileNames: 'app.mjs', codeSplitting: false });
    mustBeWhole(await run(join(out, 'app.mjs')));
  });

  it.skipIf(amount(0, 1) === 0).each([
    [
      'webpack',
      ['webpack@5', 'webpack-cli@6'],
      ['--mode=production', '--target=node', '--entry', 'ENTRY', '-o', 'OUT', '--output-filename=app.cjs'],
    ],
    [
      'rollup',
      ['rollup@4', '@rollup/plugin-node-resolve@16', '@rollup/plugin-commonjs@28', '@rollup/plugin-json@6'],
      [
        'ENTRY',
        '-p',
        'node-resolve',
        '-p',
        'commonjs',
        '-p',
        'json',
        '-f',
        'es',
        '--inlineDynamicImports',
        '-o',
        'OUT/app.mjs',
      ],
    ],
    [
      'tsup',
      ['tsup@8', 'typescript@5'],
      ['ENTRY', '--format', 'cjs', '--no-config', '--no-splitting', '-d', 'OUT'],
    ],
    ['ncc', ['@vercel/ncc@0.38'], ['build', 'ENTRY', '-o', 'OUT', '-q']],
  ])('by %s keeps every row and says what to do', async (name, packages, args) => {
    const home = installed(`bundler-${name}`, packages, name);
    if (home === null) return;
    const { entry, out } = app();
    const program = join(home, 'node_modules', '.bin', name);
    const filled = args.map((each) => each.replace('ENTRY', entry).replace('OUT', out));
    const { status, stdout, stderr } = spawnSync(program, filled, { cwd: home, encoding: 'utf8' });
    expect([status, status === 0 ? '' : stdout + stderr]).toEqual([0, '']);
    const file = { webpack: 'app.cjs', rollup: 'app.mjs', tsup: 'app.js', ncc: 'index.mjs' }[name] ?? '';
    mustBeWhole(await run(join(out, file)));
  });
});
