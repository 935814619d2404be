// Writes what a reader must say of the golden sweeps, as expman-rx says it: npx tsx specs/format/expect-sweeps.ts
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { expectedSweeps, unpackSweeps } from './expected-sweeps.js';

const base = mkdtempSync(join(tmpdir(), 'expman-expect-sweeps-'));
const text = JSON.stringify(expectedSweeps(base, unpackSweeps(base)), null, 2);
writeFileSync(
  new URL('expected-sweeps.json', import.meta.url),
  await format(text, { parser: 'json', printWidth: 110 }),
);
rmSync(base, { recursive: true });
