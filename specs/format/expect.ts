// Writes what a reader must say of each golden run, as expman-rx says it: npx tsx specs/format/expect.ts
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { expectedOf } from './expected-run.js';
import { GOLDEN_RUNS, expectedName, unpackGolden } from './golden-runs.js';

const INTO = new URL('expected/', import.meta.url);

const base = mkdtempSync(join(tmpdir(), 'expman-expect-'));
mkdirSync(INTO, { recursive: true });
for (const golden of GOLDEN_RUNS) {
  const runDir = unpackGolden(golden, join(base, expectedName(golden)));
  const path = new URL(expectedName(golden), INTO);
  const text = JSON.stringify(expectedOf(golden, runDir), null, 2);
  writeFileSync(path, await format(text, { parser: 'json', printWidth: 110 }));
  console.log(path.pathname);
}
rmSync(base, { recursive: true });
