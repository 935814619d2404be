// Writes what a reader must say of the golden artifacts, as expman-rx says it: npx tsx specs/format/expect-artifacts.ts
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { expectedArtifacts, unpackArtifacts } from './expected-artifacts.js';

const base = mkdtempSync(join(tmpdir(), 'expman-expect-artifacts-'));
unpackArtifacts(base);
const text = JSON.stringify(await expectedArtifacts(base), null, 2);
writeFileSync(
  new URL('expected-artifacts.json', import.meta.url),
  await format(text, { parser: 'json', printWidth: 110 }),
);
rmSync(base, { recursive: true });
