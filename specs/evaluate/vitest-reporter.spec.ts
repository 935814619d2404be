import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareCases } from 'expman-rx/evaluate';
import { openExperiments } from 'expman-rx/reader';
import { ExpmanReporter } from 'expman-rx/vitest';
import { afterAll, describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = tempFolders('vitest-reporter', afterAll);
const at = (path: string): string => JSON.stringify(join(root, path));

/** Runs Vitest on one file of tests, with the reporter; its exit code and the folder of runs. */
function vitestOn(tests: string): {
  readonly exit: number | null;
  readonly stdout: string;
  readonly base: string;
} {
  const project = folder();
  mkdirSync(project, { recursive: true });
  writeFileSync(
    join(project, 'some.eval.mjs'),
    `import { expect, it } from ${at('node_modules/vitest/dist/index.js')};\n${tests}`,
  );
  writeFileSync(
    join(project, 'vitest.config.mjs'),
    `import { ExpmanReporter } from ${at('dist/vitest.js')};
     export default { test: { include: ['*.eval.mjs'], reporters: [new ExpmanReporter({ experiment: 'evals', baseDir: 'runs', tags: ['main'] })] } };`,
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'vitest.config.mjs'],
    { cwd: project, encoding: 'utf8', env: { ...process.env, VITEST: undefined, NODE_OPTIONS: '' } },
  );
  return { exit: status, stdout: stdout + stderr, base: join(project, 'runs') };
}

describe('the reporter for Vitest', () => {
  it('logs each test as a case, and summarises them', async () => {
    const { exit, stdout, base } = vitestOn(`
      it('right', ({ task }) => { task.meta.score = 0.5; task.meta.fine = true; task.meta.text = 'x'; task.meta.passed = 1; });
      it('wrong', () => { expect(1).toBe(2); });
      it('long', () => { throw new TypeError('x'.repeat(5000)); });
      it('flaky', { retry: 2 }, () => { globalThis.tries = (globalThis.tries ?? 0) + 1; expect(globalThis.tries).toBe(2); });
      it.skip('skipped', () => undefined);
    `);
    expect(exit).toBe(1);
    const [run] = await openExperiments(base).runs();
    expect(stdout).toContain(`expman: ${run?.runDir}, pass_rate 0.5`);
    expect(run?.facts).toMatchObject({
      ...{ status: 'FINISHED', rows: 4, tags: ['main'], headline: ['pass_rate'] },
      summary: { cases: 4, passed: 2, pass_rate: 0.5, errors: 2, score: 0.5, fine: 1 },
    });
    const rows = [];
    for await (const { step, values } of run?.rows() ?? []) rows.push({ step, ...values });
    expect(rows).toMatchObject([
      { step: 0, case: 'some.eval.mjs > right', passed: true, score: 0.5, fine: true },
      {
        step: 1,
        case: 'some.eval.mjs > wrong',
        passed: false,
        error: expect.stringMatching(/^AssertionError: /) as string,
      },
      { step: 2, passed: false, error: `TypeError: ${'x'.repeat(988)}…` },
      { step: 3, case: 'some.eval.mjs > flaky', passed: true, attempts: 2 },
    ]);
    expect(rows[3]).not.toHaveProperty('error'); // Of an attempt before the last one.
    expect(rows[0]).not.toHaveProperty('text');
  });

  it('makes runs that can be compared case by case', async () => {
    const [before, after] = await Promise.all(
      [
        "it('a', () => undefined); it('b', () => { throw new Error(''); });",
        "it('b', () => undefined); it('a', () => { throw new Error(''); });",
      ]
        .map((tests) => `${tests} it('b', () => undefined);`) // A test of the same name as another one.
        .map(async (tests) => (await openExperiments(vitestOn(tests).base).runs())[0]?.runDir ?? ''),
    );
    expect(await compareCases(before ?? '', after ?? '')).toMatchObject({
      broke: [{ id: 'some.eval.mjs > a' }],
      mended: [{ id: 'some.eval.mjs > b' }],
      same: 1,
    });
  });

  it('refuses a name that no experiment may have, and misspelt options, before any test', () => {
    expect(() => new ExpmanReporter({ experiment: '../x' })).toThrow(
      expect.objectContaining({ code: 'INVALID_NAME' }) as Error,
    );
    expect(() => new ExpmanReporter({ experiments: 'x' } as never)).toThrow(/did you mean "experiment"/);
  });
});
