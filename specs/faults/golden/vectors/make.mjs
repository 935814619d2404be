// Makes runs of the present format that hold what the runs of older versions do not: see "Test vectors" in src/storage/FORMAT.md.
//
//   npm run build && node specs/faults/golden/vectors/make.mjs && npx tsx specs/format/expect.ts
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { ExperimentConfig, LoggingEngine } from '../../../../dist/index.js';
import { changed, packed } from './pack.mjs';

const base = mkdtempSync(join(tmpdir(), 'expman-vectors-'));
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
// Nothing else keeps the process alive meanwhile, and a process that runs dry closes its runs.
const alive = setInterval(() => undefined, 1000);

/** @param {string} runName @param {object} options */
const open = (runName, options = {}) =>
  new LoggingEngine(
    new ExperimentConfig('vectors', base, { environment: false, runName, flushIntervalMs: 500, ...options }),
  );

/** Calls of every kind: texts that read as numbers, steps beyond 2^53, rows that are joined, names that are taken. @param {LoggingEngine} run */
function logAll(run) {
  for (let step = 0; step < 20; step++) {
    run.logMetrics({ loss: 1 / (step + 1), acc: step / 20 }, step);
    run.logMetrics({ val: step * 2 }, step);
  }
  run.logMetrics({ step: 1, timestamp: 2, step_: 3, '': 4, 'a.b': 5, __proto___: 6, 'é\n"': 7 }, 20);
  for (const value of [
    1,
    'a',
    '1',
    1.5,
    true,
    'true',
    2n ** 60n,
    '007',
    NaN,
    'NaN',
    -Infinity,
    1e21,
    1e-7,
    '',
  ])
    run.logMetrics({ mixed: value });
  for (const value of [NaN, Infinity, -Infinity, -0, 0, 5e-324]) run.logMetrics({ odd: value }, 21);
  run.logMetrics({ big: 2n ** 62n, small: 7n }, 2n ** 53n + 1n);
  run.logMetrics({ joined: 'é\u{1f600}' }, 2n ** 53n + 1n);
  run.metrics.next({ step: 22, timestamp: 1_700_000_000_000.5, values: { stamped: 1 } });
  run.metrics.next({ step: 22, timestamp: 1_700_000_000_000.5, values: { again: 2 } });
  run.logMetrics({ clock: 3 }, 22);
  run.logMetrics({ loss: 0.5 }, 3);
  run.logMetrics({ acc: 0.5 }, 3);
  run.logMetrics({}, 23);
  run.logMetrics({ flag: true }, 23);
  run.logMetrics({ flag: false }, 24);
}

/** @param {LoggingEngine} run @param {number} calls */
const published = (run, calls) =>
  firstValueFrom(run.health$.pipe(filter((health) => health.published >= calls)), { defaultValue: null });

/** A copy of a run as it is, under another name. @param {LoggingEngine} run @param {string} name */
const copied = (run, name) => cpSync(run.runDir, join(base, 'vectors', name), { recursive: true });

const cutOff = open('cut-off');
logAll(cutOff);
cutOff.logParams({ rate: 0.1, nested: { a: 1, b: [1, NaN] }, big: 2n ** 60n, $odd: -0 });
cutOff.logger.info('a\tline \\ of\n"several" {"x":1}');
await cutOff.saveArtifact('a b/note.txt', Buffer.from('an artifact'));
cutOff.logImage('pixel', PIXEL, 5, { caption: 'one' });
await published(cutOff, 60);
// What comes now joins rows that are published.
cutOff.logMetrics({ late: 1 }, 19);
cutOff.metrics.next({ step: 22, timestamp: 1_700_000_000_000.5, values: { late: 2 } });
cutOff.logMetrics({ late: 3 }, 22);
cutOff.logParams({ nested: { a: 2 } });
cutOff.logger.warn('another', { epoch: 3 });
await cutOff.flush();
for (let step = 30; step < 40; step++) {
  cutOff.logMetrics({ [`new${step % 2}`]: step, loss: step }, step);
  await cutOff.flush();
}
copied(cutOff, 'cut-off-copy');
await cutOff.close();

const second = open('resumed', { flushIntervalMs: 500 });
logAll(second);
second.logImage('pixel', PIXEL, 5);
second.logImage('pixel', PIXEL, 22);
await second.close();
const resumed = open('resumed', { resume: 'must', fromStep: 18, flushIntervalMs: 3_600_000 });
resumed.logMetrics({ loss: 7 }, 17);
resumed.logMetrics({ loss: 8 }, 18);
resumed.logImage('pixel', PIXEL, 23);
await resumed.flush();
copied(resumed, 'rewound-copy');
await resumed.close();

/** Turns a bit in the first frame with a metric of that name. @param {string} name */
const flipped = (name) => (/** @type {Buffer} */ bytes) => {
  const at = bytes.indexOf(`${name}\0\0\0\0`);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

const open2 = packed(join(base, 'vectors', 'cut-off-copy'));
const vectors = {
  'cut-off': open2,
  torn: changed(open2, (bytes) => bytes.subarray(0, bytes.length - 10)),
  damaged: changed(open2, flipped('new0')),
  headless: changed(open2, (bytes) =>
    Buffer.concat([bytes.subarray(0, 100), Buffer.of(255), bytes.subarray(101)]),
  ),
  'lost-segment': Object.fromEntries(
    Object.entries(open2).filter(([name]) => !name.endsWith('.parquet') && name !== 'wal-0-0.log'),
  ),
  closed: packed(join(base, 'vectors', 'cut-off')),
  rewinding: packed(join(base, 'vectors', 'rewound-copy')),
  rewound: packed(join(base, 'vectors', 'resumed')),
};
clearInterval(alive);
rmSync(base, { recursive: true });
const file = fileURLToPath(new URL('format-2.json', import.meta.url));
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`);
for (const [name, files] of Object.entries(vectors)) console.log(name, Object.keys(files).join(' '));
console.log(file, readFileSync(file).length);
