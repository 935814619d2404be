// Makes artifacts that hold what a reader of them must know: see "Test vectors" in src/storage/FORMAT.md.
//
//   npm run build && node specs/faults/golden/vectors/make-artifacts.mjs && npx tsx specs/format/expect-artifacts.ts
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExperimentConfig, LoggingEngine } from '../../../../dist/index.js';
import { openArtifacts } from '../../../../dist/modules/reader/index.js';

const base = mkdtempSync(join(tmpdir(), 'expman-artifact-vectors-'));
const home = join(base, '.artifacts');
const config = new ExperimentConfig('vectors', base, { environment: false, runName: 'maker' });
const run = new LoggingEngine(config);
const artifacts = openArtifacts(base);

// Files of one content, an empty one, a path that sorts by bytes and not by UTF-16, a reference with and without its size.
await run.logArtifact(
  'data',
  {
    'a.txt': { text: 'same' },
    'deep/b.txt': { text: 'same' },
    empty: Uint8Array.of(),
    '\uff5e': { text: 'tilde' },
    '\u{1f600}': { text: 'face' },
    far: { url: 'https://host/far?part=1', sha256: 'ab'.repeat(32), bytes: 12 },
    further: { url: 's3://bucket/key', sha256: 'cd'.repeat(32) },
  },
  { type: 'dataset', aliases: ['first', 'best'] },
);
// Aliases that later versions take, a statement that gives one back, a version after the statement, and a pruned one.
for (const text of ['1', '2', '3']) await run.logArtifact('model', { w: { text } }, { aliases: ['best'] });
await artifacts.addAliases('model:v1', ['best', 'old']);
await run.logArtifact('model', { w: { text: '4' } }, { aliases: ['new'] });
await run.close();
const { uuid } = (await artifacts.open('model:v2')).createdBy;
rmSync(run.runDir, { recursive: true });
for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' }))
  utimesSync(join(home, name), 1, 1);
await artifacts.prune({ force: true, versions: true });
const other = new LoggingEngine(
  new ExperimentConfig('vectors', base, { environment: false, runName: 'other' }),
);
// A version that cannot be read: it may hold any alias of the one before it.
for (const text of ['1', '2']) await other.logArtifact('broken', { w: { text } }, { aliases: ['best'] });
await other.close();
const cut = join(home, 'names/broken/v2.json');
writeFileSync(cut, readFileSync(cut).subarray(0, 100));
writeFileSync(join(home, 'names/model/.draft.0123456789ab.tmp'), '{');

/** @type {Record<string, string>} */
const files = {};
for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' }).sort()) {
  const path = join(home, name);
  if (statSync(path).isFile()) files[name.replaceAll('\\', '/')] = readFileSync(path).toString('base64');
}
rmSync(base, { recursive: true });
const into = fileURLToPath(new URL('artifacts.json', import.meta.url));
writeFileSync(into, `${JSON.stringify({ artifacts: files }, null, 2)}\n`);
console.log(`${into}, ${Object.keys(files).length} files by the run ${uuid}`);
