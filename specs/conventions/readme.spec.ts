import { execFile, spawnSync } from 'node:child_process';
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
import { COMMANDS } from '../../src/cli/catalogue.js';
import { strangersInShell, type ShellFacts } from './map-rules.js';
import { blocksOf, pagesOf, snippetsOf } from './markdown.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = pagesOf(root);
const files = pages.flatMap(({ path, text }) =>
  snippetsOf(text).map((snippet) => {
    const name = `${path.replace(/\.md$/, '').replaceAll('/', '-')}-line-${snippet.line}`;
    return { ...snippet, name: `${name}.${snippet.language}`, script: `${name}.mjs` };
  }),
);

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'shell', 'console']);
/** Shell blocks, and the lines of plain ones that a prompt begins. */
const shells = pages.flatMap(({ path, text }) =>
  blocksOf(text)
    .map(({ language, line, code }) => ({
      name: `${path}:${line}`,
      isShell: SHELLS.has(language),
      code: SHELLS.has(language)
        ? code
        : code
            .split('\n')
            .filter((each) => each.startsWith('$ '))
            .join('\n'),
    }))
    .filter(({ code }) => code !== ''),
);
const shellFacts: ShellFacts = {
  scripts: new Set(
    Object.keys(
      (
        JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
          readonly scripts: Readonly<Record<string, string>>;
        }
      ).scripts,
    ),
  ),
  commands: new Map(
    COMMANDS.map(({ name, options }) => [
      name,
      new Set([
        ...['--json', '--debug', '--help'],
        ...options.flatMap(([flags]) => flags.match(/--[a-z-]+/g) ?? []),
      ]),
    ]),
  ),
  exists: (path) => existsSync(join(root, path)),
};

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
    execFile(process.execPath, args, { cwd: project, timeout: 250_000 }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

describe('the pages', () => {
  let project = '';
  beforeAll(() => {
    project = makeProject();
  });
  afterAll(() => {
    rmSync(project, { recursive: true });
  });

  it.concurrent.each(files)(
    'show code that runs as it is: $name',
    async ({ name, script }) => {
      const { code, output } = await node(project, script);
      expect(code, `${name}: ${output}`).toBe(0);
    },
    90_000,
  );

  it.concurrent('show TypeScript that type-checks', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    expect(await node(project, tsc, '-p', '.')).toEqual({ code: 0, output: '' });
  });

  it('show no command, option, script or path in a shell that is not there', () => {
    expect(shells.length).toBeGreaterThan(10);
    expect(
      shells.flatMap(({ name, code }) => strangersInShell(code, shellFacts).map((what) => `${name} ${what}`)),
    ).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('show shell that parses', () => {
    const wrong = shells
      .filter(({ isShell }) => isShell)
      .map(({ name, code }) => ({
        name,
        stderr: spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' }).stderr,
      }));
    expect(wrong.filter(({ stderr }) => stderr !== '')).toEqual([]);
  });
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

describe('a shell block', () => {
  const facts: ShellFacts = {
    scripts: new Set(['test', 'build', 'faults']),
    commands: new Map([['list', new Set(['--json', '--where'])]]),
    exists: (path) => path === 'specs/a.ts',
  };
  const strangers = (code: string): string[] => strangersInShell(code, facts);

  it('may name scripts, commands, options and paths that there are', () => {
    for (const line of [
      'npm test  # and npm run nothing',
      'npm run -s build && A=1 npm run faults -- --seconds 60',
      'npx expman list x --where "a.b --not an option" --json',
      '$ expman help list',
      'expman --version; npm ci --ignore-scripts',
      'npx vitest run specs/a.ts',
    ])
      expect(strangers(line)).toEqual([]);
  });

  it.each([
    ['npm start', 'npm run start'],
    ['npm test && npm run biuld', 'npm run biuld'],
    ['npx expman-rx lsit', 'expman lsit'],
    ['$ expman list --wehre x', 'expman list --wehre'],
    ['npx vitest run specs/b.ts', 'specs/b.ts'],
  ])('is wrong with one that there is not: %s', (line, what) => {
    expect(strangers(line)).toEqual([what]);
  });
});
