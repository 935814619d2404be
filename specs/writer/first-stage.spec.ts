import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ENTRY = fileURLToPath(new URL('../../dist/writer-thread.js', import.meta.url));

/** The packages that a module of `dist` loads before its first line runs. */
function packagesOf(path: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  const statements = /^(?:import '|(?:import|export) [\w*{][^'";]* from ')([^']+)';/gm;
  for (const [, specifier = ''] of readFileSync(path, 'utf8').matchAll(statements)) {
    const target = join(dirname(path), specifier);
    if (!specifier.startsWith('.')) packages.add(specifier);
    else if (target.endsWith('.js') && !seen.has(target)) {
      seen.add(target);
      for (const name of packagesOf(target, seen)) packages.add(name);
    }
  }
  return packages;
}

describe('a writer thread', () => {
  it('drains for the first time without having loaded a package: they take a quarter of a second', () => {
    const packages = [...packagesOf(ENTRY)].filter((name) => !name.startsWith('node:'));
    expect(packages).toEqual([]);
  });
});
