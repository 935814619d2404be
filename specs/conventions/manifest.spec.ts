import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { expect, it } from 'vitest';

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

/** The packages of import, export and require; those of comments and texts do not begin a line. */
const IMPORT =
  /^(?:import|export)\b[^'"`;]*?["']([^."'/][^"']*)["']|\b(?:require|import)\(["']([^."'/][^"']*)["']\)/gm;
