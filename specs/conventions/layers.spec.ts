import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sourcesIn } from './files-below.js';
import { type Source, violationsOf } from './layer-rules.js';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

describe('the sources', () => {
  it('import downwards only, each foreign package in its one place', () => {
    const sources = sourcesIn(src);

    expect(sources.length).toBeGreaterThan(5);
    expect(violationsOf(sources)).toEqual([]);
  });
});

/** Two clean files under every layer, so that an import of them is judged by its direction alone. */
const GROUND: readonly Source[] = [
  'pure',
  'model',
  'columnar',
  'channel',
  'storage',
  'run',
  'writer',
  'engine',
  'reader',
  'cli',
].map((layer) => ({ path: `${layer}/base.ts`, text: 'export const base = 1;' }));

function breaches(path: string, text: string): string[] {
  return violationsOf([...GROUND, { path, text }]).map(({ kind, detail }) => `${kind}: ${detail}`);
}

describe('the layer rules', () => {
  it.each([
    ['model', 'pure'],
    ['cli', 'pure'],
    ['columnar', 'model'],
    ['storage', 'channel'],
    ['storage', 'columnar'],
    ['run', 'storage'],
    ['writer', 'run'],
    ['engine', 'writer'],
    ['engine', 'model'],
    ['reader', 'run'],
    ['stream', 'engine'],
    ['cli', 'reader'],
  ])('let %s import %s', (from, to) => {
    expect(breaches(`${from}/a.ts`, `import { base } from '../${to}/base.js';`)).toEqual([]);
  });

  it.each([
    ['pure', 'model'],
    ['model', 'columnar'],
    ['columnar', 'channel'],
    ['channel', 'storage'],
    ['storage', 'run'],
    ['run', 'writer'],
    ['writer', 'engine'],
    ['engine', 'reader'],
    ['reader', 'engine'],
    ['reader', 'writer'],
    ['reader', 'cli'],
    ['dashboard', 'cli'],
  ])('stop %s from importing %s', (from, to) => {
    expect(breaches(`${from}/a.ts`, `import { base } from '../${to}/base.js';`)).toEqual([
      `upward import: ${from} -> ${to} (../${to}/base.js)`,
    ]);
  });

  it('let a reader recover a run, and nothing else of the writer', () => {
    const recovery = { path: 'writer/recovery/base.ts', text: 'export const base = 1;' };
    const kindsOf = (path: string): string[] =>
      violationsOf([
        ...GROUND,
        recovery,
        { path, text: `import { base } from '../writer/recovery/base.js';` },
      ]).map(({ kind }) => kind);

    expect(kindsOf('reader/a.ts')).toEqual([]);
    expect(kindsOf('run/a.ts')).toEqual(['upward import']);
  });

  it.each([
    ['a type', `import type { base } from '../engine/base.js';`],
    ['a re-export', `export * from '../engine/base.js';`],
    ['a dynamic import', `const later = await import('../engine/base.js');`],
    ['an import type', `export type Later = import('../engine/base.js').Later;`],
    ['a worker URL', `const entry = new URL('../engine/base.js', import.meta.url);`],
  ])('see %s as an import', (_, text) => {
    expect(breaches('model/a.ts', text)).toEqual(['upward import: model -> engine (../engine/base.js)']);
  });

  it('let the package entry see every layer, and no layer see the entry', () => {
    const entry = {
      path: 'index.ts',
      text: `export * from './engine/base.js';\nexport * from './model/base.js';`,
    };
    const insider = { path: 'cli/a.ts', text: `import { base } from '../index.js';` };

    expect(violationsOf([...GROUND, entry])).toEqual([]);
    expect(violationsOf([...GROUND, entry, insider]).map(({ kind }) => kind)).toEqual(['upward import']);
  });

  it('know no other folder', () => {
    expect(breaches('utils/a.ts', '')).toEqual(['unknown layer: utils']);
  });

  it.each([
    ['columnar/a.ts', 'apache-arrow'],
    ['storage/parquet/a.ts', 'parquetjs-lite/lib/writer.js'],
    ['engine/run-logger.ts', 'winston'],
    ['storage/yaml-file.ts', 'yaml'],
    ['model/a.ts', 'rxjs'],
  ])('let %s use %s', (path, name) => {
    expect(breaches(path, `import { thing } from '${name}';`)).toEqual([]);
  });

  it.each([
    ['writer/a.ts', 'apache-arrow'],
    ['storage/a.ts', 'parquetjs-lite'],
    ['cli/a.ts', 'hyparquet'],
    ['engine/a.ts', 'winston'],
    ['storage/a.ts', 'yaml'],
    ['cli/a.ts', 'left-pad'],
    ['cli/a.ts', '@scope/left-pad'],
    ['cli/a.ts', 'expman-rx'],
  ])('stop %s from using %s', (path, name) => {
    expect(breaches(path, `import { thing } from '${name}';`)).toEqual([
      `foreign package out of place: ${name}`,
    ]);
    expect(breaches(path, `import type { Thing } from '${name}';`)).toHaveLength(1);
    expect(breaches(path, `const thing = require('${name}');`)).toHaveLength(1);
  });

  it.each([
    ['a value of the API', `import { LIMITS } from '../api.js';`, 'dashboard/api.ts'],
    ['the program', `import type { base } from '../../model/base.js';`, 'model/base.ts'],
    ['a module of Node', `import { join } from 'node:path';`, 'node:path'],
  ])('stop the page from importing %s', (_, text, what) => {
    const api = { path: 'dashboard/api.ts', text: 'export const LIMITS = 1;' };
    const page = { path: 'dashboard/page/a.tsx', text };

    expect(violationsOf([...GROUND, api, page]).map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual([
      `page and program mixed: ${what}`,
    ]);
  });

  it('let the page import the types of the API and its own parts, in .ts and .tsx', () => {
    const sources = [
      { path: 'dashboard/api.ts', text: 'export type Run = string;' },
      { path: 'dashboard/page/b.tsx', text: '' },
      {
        path: 'dashboard/page/a.ts',
        text: `import type { Run } from '../api.js';\nimport { b } from './b.js';`,
      },
    ];

    expect(violationsOf([...GROUND, ...sources])).toEqual([]);
  });

  it('let the page use pure functions, which import nothing but each other', () => {
    const more = { path: 'pure/more.ts', text: `import { base } from './base.js';` };
    const page = { path: 'dashboard/page/a.ts', text: `import { base } from '../../pure/base.js';` };

    expect(violationsOf([...GROUND, more, page])).toEqual([]);
    for (const specifier of ['rxjs', 'node:path', 'left-pad'])
      expect(breaches('pure/a.ts', `import { thing } from '${specifier}';`)).toEqual([
        `import into pure code: ${specifier}`,
      ]);
  });

  it('stop the program from importing the page', () => {
    const page = { path: 'dashboard/page/a.ts', text: '' };
    const server = { path: 'dashboard/server/a.ts', text: `import { a } from '../page/a.js';` };

    expect(violationsOf([...GROUND, page, server]).map(({ kind }) => kind)).toEqual([
      'page and program mixed',
    ]);
  });

  it('keep the file system behind its port', () => {
    const text = `import { readFileSync } from 'node:fs';`;

    expect(
      ['storage/node-fs.ts', 'cli/inspect.ts', 'engine/files/artifacts.ts'].flatMap((path) =>
        breaches(path, text),
      ),
    ).toEqual([]);
    expect(breaches('writer/a.ts', text)).toEqual(['node:fs out of place: node:fs']);
    expect(breaches('engine/a.ts', `import * as fs from 'fs';`)).toEqual(['node:fs out of place: fs']);
  });

  it.each([
    ['a promise module', `import { open } from 'node:fs/promises';`, 'node:fs/promises'],
    ['fs.promises', `import * as fs from 'node:fs';\nawait fs.promises.open('a');`, 'fs.promises'],
    ['named promises', `import { promises as disk } from 'node:fs';`, 'fs.promises'],
    ['a callback call', `import * as fs from 'node:fs';\nfs.writeFile('a', 'b', () => {});`, 'fs.writeFile'],
    ['a stream', `import { createWriteStream } from 'node:fs';`, 'fs.createWriteStream'],
    ['a taken-apart namespace', `import * as fs from 'node:fs';\nconst { fsync: sync } = fs;`, 'fs.fsync'],
  ])('stop asynchronous fs where rows are written: %s', (_, text, what) => {
    expect(breaches('storage/node-fs.ts', text)).toEqual([`asynchronous fs: ${what}`]);
    expect(breaches('engine/files/artifacts.ts', text)).toEqual([]);
  });

  it('want relative imports to end in .js and to be there', () => {
    expect(breaches('model/a.ts', `import { base } from './base';`)).toEqual([
      'relative import without .js: ./base',
    ]);
    expect(breaches('model/a.ts', `import { base } from './base.ts';`)).toEqual([
      'relative import without .js: ./base.ts',
    ]);
    expect(breaches('model/a.ts', `import { base } from './bass.js';`)).toEqual([
      'import of a missing file: ./bass.js',
    ]);
  });

  it.each(['./settings.json', '../../package.json'])('let no file read %s', (path) => {
    expect(breaches('storage/a.ts', `const { version } = require('${path}');`)).toHaveLength(1);
  });

  it('find import cycles, once each, types included', () => {
    const ring: Source[] = [
      { path: 'model/a.ts', text: `import { b } from './b.js';` },
      { path: 'model/b.ts', text: `import type { C } from './c.js';` },
      { path: 'model/c.ts', text: `export { a } from './a.js';` },
      { path: 'model/d.ts', text: `import { a } from './a.js';` },
    ];

    expect(violationsOf(ring)).toEqual([
      {
        kind: 'import cycle',
        file: 'model/a.ts',
        detail: 'model/a.ts -> model/b.ts -> model/c.ts -> model/a.ts',
      },
    ]);
  });
});
