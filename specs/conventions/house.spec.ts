import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { ENTRIES } from './entries.mjs';
import {
  Entries,
  gapsIn,
  machinePathsIn,
  registryTracesIn,
  strangersAtTop,
  type Lock,
} from './house-rules.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The tracked files that are there, or null outside a git checkout. */
function trackedFiles(): readonly string[] | null {
  try {
    const list = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
    return list.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
  } catch {
    return null;
  }
}

const tracked = trackedFiles();
const texts = (tracked ?? []).map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));

function tsOptions(): ts.CompilerOptions {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => undefined,
    },
  );
  return config?.options ?? {};
}

const DOORS = ENTRIES.map(({ module }) => `src/${module}.ts`);

describe('the repository', () => {
  it('holds at its top level only what belongs there', ({ skip }) => {
    skip(tracked === null, 'no git checkout');
    expect(strangersAtTop(tracked ?? [])).toEqual([]);
  });

  it('names no path of the machine it was written on', ({ skip }) => {
    skip(tracked === null, 'no git checkout');
    expect(texts.flatMap(({ file, text }) => machinePathsIn(text).map((path) => `${file}: ${path}`))).toEqual(
      [],
    );
  });

  it('ties an install to no registry', () => {
    expect(registryTracesIn(readFileSync(join(root, 'package-lock.json'), 'utf8'))).toEqual([]);
    expect(texts.filter(({ file }) => file.endsWith('.npmrc'))).toEqual([]);
  });

  it('has a lock file that `npm ci` takes', () => {
    expect(gapsIn(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock)).toEqual([]);
  });

  describe('documents every export', () => {
    let program: Entries;
    beforeAll(() => {
      program = new Entries(
        DOORS.map((entry) => join(root, entry)),
        tsOptions(),
      );
    });

    it.each(DOORS)('of %s', (entry) => {
      expect(existsSync(join(root, entry))).toBe(true);
      expect(program.undocumented(join(root, entry))).toEqual([]);
    });

    it.each(DOORS)('of %s, and takes undefined for what may be left out', (entry) => {
      expect(program.refusingUndefined(join(root, entry))).toEqual([]);
    });
  });
});

describe('the house rules', () => {
  it('see a stranger at the top level', () => {
    expect(strangersAtTop(['src/a.ts', 'eslint.config.js', '.ci/run', 'docs/a.md'])).toEqual([
      'docs',
      'eslint.config.js',
    ]);
  });

  it.each([
    ['a home', '/' + 'home/ada/exp/run.ts'],
    ['a Mac home', '/' + 'Users/ada/exp'],
    ['root', '/' + 'root/.cache/x'],
    ['Windows', 'C:\\' + 'Users\\ada\\exp'],
  ])('see a path of one machine: %s', (_, path) => {
    expect(machinePathsIn(`cd ${path} && npm test`)).toEqual([path]);
  });

  it('let paths every machine has, and addresses, be', () => {
    const text =
      'see https://example.org/home/docs/a, #!/usr/bin/env node, /proc/self/fd, ./home/ada/x, /tmp/x';
    expect(machinePathsIn(text)).toEqual([]);
  });

  it('see what ties a lock file to a registry', () => {
    expect(registryTracesIn('"resolved": "x"')).toHaveLength(1);
    expect(registryTracesIn('"https:/' + '/registry.example.org/rxjs.tgz"')).toHaveLength(1);
    expect(registryTracesIn('"funding": { "url": "https://github.com/sponsors/a" }')).toEqual([]);
  });

  it('see a binary package the lock file lacks, wherever it could lie', () => {
    const optionalDependencies = { 'a-linux': '1.0.0', 'a-darwin': '1.0.0', 'a-win32': '1.0.0' };
    const packages = {
      '': {},
      'node_modules/b/node_modules/a': { optionalDependencies },
      'node_modules/b/node_modules/a-linux': {},
      'node_modules/a-darwin': {},
    };
    expect(gapsIn({ packages })).toEqual(['a-win32']);
  });

  it('see an export without a comment, behind a re-export too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'expman-house-'));
    try {
      writeFileSync(
        join(folder, 'inner.ts'),
        '/** Told. */\nexport const told = 1;\nexport interface Bare { a: 1 }\n',
      );
      writeFileSync(
        join(folder, 'entry.ts'),
        `export * from './inner.js';\nexport function naked(): void {}\n`,
      );
      const entry = join(folder, 'entry.ts');
      expect(new Entries([entry], tsOptions()).undocumented(entry).sort()).toEqual(['Bare', 'naked']);
      writeFileSync(
        entry,
        `interface Given { readonly a?: number; readonly b?: number | undefined; c: string }
         export class Door { constructor(given: Given) { void given; } open(how?: { wide?: boolean }): void { void how; } }
         export const made = (given: Given | string): { d?: number } => ({ d: given === '' ? 0 : 1 });`,
      );
      expect(new Entries([entry], tsOptions()).refusingUndefined(entry)).toEqual([
        'Given.a',
        'an object.wide',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
