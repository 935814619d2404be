import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { linksOf } from './markdown.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly types: string;
  readonly main: string;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string } | string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly typesVersions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
};

it('says where each entry is to tools that know no `exports`', () => {
  const entries = Object.entries(manifest.exports).flatMap(([path, entry]) =>
    typeof entry === 'string' ? [] : [[path, entry] as const],
  );
  const [[, root] = ['.', { types: '', default: '' }], ...others] = entries;
  expect([manifest.types, manifest.main]).toEqual([root.types, root.default]);
  expect(manifest.typesVersions).toEqual({
    '*': Object.fromEntries(
      others.map(([path, { types }]) => [path.replace('./', ''), [types.replace('./', '')]]),
    ),
  });
});

it('names every package that its files import, so that it works where nothing else is to be found', () => {
  const dist = new URL('../../dist/', import.meta.url);
  const named = new Set([
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.optionalDependencies),
  ]);
  const strangers = readdirSync(dist)
    .filter((name) => /\.c?js$/.test(name))
    .flatMap((name) =>
      [...readFileSync(new URL(name, dist), 'utf8').matchAll(IMPORT)].flatMap(
        ([, from = '', required = '']) => {
          const specifier = from || required;
          const [scope = '', rest = ''] = specifier.split('/');
          const wanted = scope.startsWith('@') ? `${scope}/${rest}` : scope;
          return isBuiltin(specifier) || named.has(wanted) ? [] : [`${name}: ${specifier}`];
        },
      ),
    );
  expect(strangers).toEqual([]);
});

it('carries the pages that its pages link to, except pictures and what contributors read', () => {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    ...{ cwd: root, encoding: 'utf8', shell: process.platform === 'win32' },
  });
  const [packed] = JSON.parse(stdout) as readonly { readonly files: readonly { readonly path: string }[] }[];
  const paths = packed?.files.map(({ path }) => path) ?? [];
  const pages = paths.filter((path) => path.endsWith('.md'));
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'examples/sweeps.md', 'src/storage/FORMAT.md']));
  const has = (place: string): boolean =>
    paths.some((path) => path === place || path.startsWith(`${place}/`));
  const missing = pages.flatMap((page) =>
    linksOf(readFileSync(`${root}/${page}`, 'utf8'))
      .map(({ target }) => target.replace(/#.*$/, ''))
      .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
      .map((target) => posix.join(posix.dirname(page), target))
      .filter((place) => !has(place) && !/^(?:specs|\.github|examples\/dashboard|src\/.*\.ts$)/.test(place))
      .map((place) => `${page}: ${place}`),
  );
  expect(missing).toEqual([]);
});

/** The packages of import, export and require; those of comments and texts do not begin a line. */
const IMPORT =
  /^(?:import|export)\b[^'"`;]*?["']([^."'/][^"']*)["']|\b(?:require|import)\(["']([^."'/][^"']*)["']\)/gm;
