import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { NODES } from './runtimes.mjs';

const path = fileURLToPath(new URL('../../.github/workflows/ci.yml', import.meta.url));
const text = readFileSync(path, 'utf8');
const program = process.env['EXPMAN_ACTIONLINT'] ?? 'actionlint';
const hasLinter = spawnSync(program, ['-version']).status === 0;
if (!hasLinter)
  process.stderr.write('SKIPPED: there is no actionlint (EXPMAN_ACTIONLINT), so nothing checks ci.yml\n');

it.skipIf(!hasLinter)('is a workflow that actionlint takes', () => {
  const { status, stdout } = spawnSync(program, [path], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '']);
});

it('tries every version of Node that the package promises, on three systems', () => {
  const { jobs } = parse(text) as {
    readonly jobs: {
      readonly whole: { readonly steps: readonly { readonly with?: { readonly 'node-version': number } }[] };
      readonly specs: {
        readonly strategy: { readonly matrix: { readonly os: string[]; readonly node: number[] } };
      };
    };
  };
  const { os, node } = jobs.specs.strategy.matrix;
  const whole = jobs.whole.steps.flatMap((step) => step.with?.['node-version'] ?? []);
  expect([...whole, ...node].map(String)).toEqual([...NODES]);
  expect(os.map((name) => name.split('-')[0])).toEqual(['ubuntu', 'macos', 'windows']);
});
