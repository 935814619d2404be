import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly types: string;
  readonly main: string;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string } | string>>;
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
