// Makes runs that were merged from others: see "Test vectors" in src/storage/FORMAT.md.
//
//   npm run build && node specs/faults/golden/vectors/make-merged.mjs && npx tsx specs/format/expect.ts
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExperimentConfig, LoggingEngine, RunStatus } from 'expman-rx';
import { mergeRuns } from 'expman-rx/interop';
import { packed } from './pack.mjs';

const base = mkdtempSync(join(tmpdir(), 'expman-vectors-'));

/** @param {string} runName @param {object} options */
const open = (runName, options = {}) =>
  new LoggingEngine(new ExperimentConfig('vectors', base, { environment: false, runName, ...options }));

/** @param {LoggingEngine} run @param {readonly number[]} steps @param {number} number */
function log(run, steps, number) {
  for (const step of steps) run.logMetrics({ loss: number + step / 16, kind: step % 2 === 0 }, step);
}

const first = open('first', { tags: ['a'], notes: 'the first' });
first.logParams({ lr: 0.1 });
log(first, [0, 1, 2, 3], 1);
first.logMetrics({ loss: -1 });
await first.saveCheckpoint(3, { text: 'three' });
await first.close();

// Calls that were lost stay lost.
const second = open('second', { tags: ['b'] });
second.logParams({ lr: 0.2 });
log(second, [2, 3, 4], 2);
second.alert('slow', { text: 'twice', level: 'info' });
second.summary({ score: 0.5 }, { headline: true });
await second.saveArtifact('model.txt', { text: 'a model' });
await second.close(RunStatus.Crashed);
const yaml = join(second.runDir, 'run.yaml');
const loss = [
  'losses:',
  '  - epoch: 0',
  '    firstRecord: 9',
  '    records: 2',
  '    calls: 2',
  '    file: wal-0-1.log',
];
writeFileSync(
  yaml,
  readFileSync(yaml, 'utf8')
    .replace('lost: 0', 'lost: 2')
    .replace('# end', `${loss.join('\n')}\n# end`),
);

const third = open('third');
third.logMetrics({ loss: 2n ** 60n, note: 'a text' }, 5);
third.logMetrics({ loss: NaN }, 6);
await third.saveCheckpoint(6, { text: 'six' });
await third.close();
const pieces = await mergeRuns([first.runDir, second.runDir, third.runDir], 'pieces', { order: 'given' });

/** @param {number} rank @param {readonly number[]} steps @param {RunStatus} status */
async function ranked(rank, steps, status) {
  const run = open(`rank-${rank}`, { group: 'ddp', rank });
  run.logParams({ seed: rank, lr: 1 });
  run.defineMetric('loss', { goal: 'min' });
  log(run, steps, rank);
  run.logTable('cases', [{ rank }], 1);
  run.logger.info('hello');
  await run.close(status);
  return run.runDir;
}
const ranks = await mergeRuns(
  [await ranked(0, [0, 1, 2], RunStatus.Finished), await ranked(1, [1, 2, 3], RunStatus.Failed)],
  'ranks',
);

const vectors = { pieces: packed(pieces.runDir), ranks: packed(ranks.runDir) };
rmSync(base, { recursive: true });
const file = join(dirname(fileURLToPath(import.meta.url)), 'merged.json');
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`);
for (const [name, files] of Object.entries(vectors)) console.log(name, Object.keys(files).join(' '));
console.log(file, readFileSync(file).length);
