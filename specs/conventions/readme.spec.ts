import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snippetsOf } from './readme-snippets.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = join(root, 'README.md');
const snippets = existsSync(readme) ? snippetsOf(readFileSync(readme, 'utf8')) : [];
const files = snippets.map((snippet) => ({
  ...snippet,
  name: `line-${snippet.line}.${snippet.language}`,
  script: `line-${snippet.line}.mjs`,
}));

/** A user's project: an ES module whose node_modules has this package and what it was developed with. */
function makeProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'expman-readme-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  const installed = readdirSync(join(root, 'node_modules')).filter((name) => !name.startsWith('.'));
  for (const name of installed)
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  symlinkSync(root, join(modules, 'expman-rx'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  for (const { name, script, code } of files) {
    writeFileSync(join(folder, name), code);
    // Its types taken off here, once, a script starts in a third of the time that it takes with a loader.
    writeFileSync(join(folder, script), transformSync(code, { loader: 'ts', target: 'es2022' }).code);
  }
  return folder;
}

function node(
  project: string,
  ...args: string[]
): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: project, timeout: 80_000 }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

describe('the README', () => {
  let project = '';
  beforeAll(() => {
    project = makeProject();
  });
  afterAll(() => {
    rmSync(project, { recursive: true });
  });

  if (files.length === 0) {
    it('has no ts or js snippet yet', ({ skip }) => skip('README.md has no ts or js snippet to run'));
  }

  it.concurrent.each(files)(
    'shows code that runs as it is: $name',
    async ({ name, script }) => {
      const { code, output } = await node(project, script);
      expect(code, `${name}: ${output}`).toBe(0);
    },
    90_000,
  );

  if (files.some(({ language }) => language === 'ts')) {
    it.concurrent('shows TypeScript that type-checks', { timeout: 90_000 }, async () => {
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      expect(await node(project, tsc, '-p', '.')).toEqual({ code: 0, output: '' });
    });
  }
});

describe('a snippet', () => {
  it('is a ts or js block; shells, SQL and plain blocks are not', () => {
    const text = [
      'a',
      '```ts',
      'one;',
      '```',
      '```sh',
      'npm',
      '```',
      '```',
      'ts',
      '```',
      '- b',
      '',
      '  ```js title="x"',
      '  two;',
      '  ```',
    ];
    expect(snippetsOf(text.join('\n'))).toEqual([
      { language: 'ts', line: 3, code: 'one;\n' },
      { language: 'js', line: 14, code: 'two;\n' },
    ]);
  });

  it('may hold a fence within a longer fence', () => {
    expect(snippetsOf('````md\n```ts\nnot run\n```\n````\n')).toEqual([]);
  });
});
