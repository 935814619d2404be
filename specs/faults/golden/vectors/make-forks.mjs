// Makes runs that were forked, or have checkpoints: see "Test vectors" in src/storage/FORMAT.md.
//
//   npm run build && node specs/faults/golden/vectors/make-forks.mjs && npx tsx specs/format/expect.ts
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { ExperimentConfig, LoggingEngine } from '../../../../dist/index.js';
import { packed } from './pack.mjs';

const base = mkdtempSync(join(tmpdir(), 'expman-vectors-'));
const away = mkdtempSync(join(tmpdir(), 'expman-vectors-'));
// Nothing else keeps the process alive meanwhile, and a process that runs dry closes its runs.
const alive = setInterval(() => undefined, 1000);

/** @param {string} folder @param {string} runName @param {object} options */
const open = (folder, runName, options = {}) =>
  new LoggingEngine(
    new ExperimentConfig('vectors', folder, {
      environment: false,
      runName,
      flushIntervalMs: 100,
      ...options,
    }),
  );

/** @param {LoggingEngine} run @param {number} from @param {number} to @param {number} number */
function log(run, from, to, number) {
  for (let step = from; step <= to; step++)
    run.logMetrics({ loss: number + step / 16, kind: step % 2 === 0 }, step);
}

// It was closed; rows of a second session come after its forks began.
const first = open(away, 'first');
first.logMetrics({ loss: 99 });
log(first, 0, 9, 1);
await first.close();

// The parent is open: some of its rows are published, the others only in its log. It has an owner.
const second = open(away, 'second', { fork: { from: first.runDir, step: 4 } });
log(second, 5, 8, 2);
await firstValueFrom(second.health$.pipe(filter(({ published }) => published === 4)), { defaultValue: null });
second.logMetrics({ loss: 'a text', note: 'only in the log' }, 9);
second.logMetrics({ note: 'joins step 9', kind: true }, 8);
await second.flush();
const forked = open(base, 'forked', { fork: { from: second.runDir, step: 9 } });
log(forked, 10, 12, 3);
await forked.close();

const named = open(away, 'named', { fork: { from: join(away, 'vectors/first'), step: 2 } });
log(named, 3, 4, 4);
await named.close();
const again = open(away, 'first', { resume: 'must' });
log(again, 0, 3, 50);
await again.close();
// The folder of this one holds a copy that has rows of a session after the fork began.
const later = packed(named.runDir);
const copy = packed(join(away, 'vectors/first'));
const resumedSince = { ...later };
for (const [name, content] of Object.entries(copy)) resumedSince[`parent/${name}`] = content;
await second.close();

const run = open(base, 'checkpoints');
log(run, 0, 3, 1);
await run.saveCheckpoint(0, { text: 'zero' }, { keep: ['last 9', 'best 9 by loss'] });
await run.saveCheckpoint(3, { json: { three: 3 } }, { keep: ['last 9', 'best 9 by loss'] });
await run.saveCheckpoint(2, Buffer.from('two'));
await run.close();
const resumed = open(base, 'checkpoints', { resume: 'must', fromStep: 2 });
log(resumed, 2, 4, 2);
await resumed.flush();
cpSync(resumed.runDir, join(base, 'vectors', 'rewinding'), { recursive: true });
await resumed.saveCheckpoint(2n ** 60n, { text: 'beyond 2^53' });
await resumed.saveCheckpoint(4, { text: 'four' });
await resumed.close();
const list = join(resumed.runDir, 'checkpoints/manifest.ndjson');
writeFileSync(join(resumed.runDir, 'checkpoints/step-7-99.bin'), 'not in the list');
appendFileSync(list, '{"step":5,"epoch":0,"file":"../run.yaml","size":1}\n');
clearInterval(alive);

const vectors = {
  forked: packed(forked.runDir),
  'resumed-since': resumedSince,
  checkpoints: packed(resumed.runDir),
  'checkpoints-rewinding': packed(join(base, 'vectors', 'rewinding')),
};
for (const folder of [base, away]) rmSync(folder, { recursive: true });
const file = fileURLToPath(new URL('forks.json', import.meta.url));
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`);
for (const [name, files] of Object.entries(vectors)) console.log(name, Object.keys(files).join(' '));
console.log(file, readFileSync(file).length);
