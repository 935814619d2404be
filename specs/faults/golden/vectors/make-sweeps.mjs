// Makes files of sweeps that hold what a reader of them must know: see "Test vectors" in src/storage/FORMAT.md.
//
//   npm run build && node specs/faults/golden/vectors/make-sweeps.mjs && npx tsx specs/format/expect-sweeps.ts
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFs } from '../../../../dist/modules/storage/node-fs.js';
import { stringifyYaml } from '../../../../dist/modules/storage/yaml-file.js';
import { appendToJournal, lineOf, writeSweep } from '../../../../dist/modules/sweep/sweep-file.js';
import { packed } from './pack.mjs';

/**
 * @typedef {import('../../../../src/sweep/sweep-file.js').TrialRecord} TrialRecord
 * @typedef {import('../../../../src/sweep/sweep-file.js').SweepRecord} SweepRecord
 */

const base = mkdtempSync(join(tmpdir(), 'expman-sweep-vectors-'));
/** @type {Record<string, Record<string, string>>} */
const vectors = {};

/** @param {string} name @param {(folder: string) => void} write */
function vector(name, write) {
  const folder = join(base, name);
  nodeFs.makeFolder(folder);
  write(folder);
  vectors[name] = packed(folder);
}

/** @param {string} folder @param {Omit<SweepRecord, 'trials'>} head @param {readonly TrialRecord[]} trials */
const write = (folder, head, trials) => writeSweep(nodeFs, folder, head, trials.map(lineOf));

/** @param {number} trial @param {Partial<TrialRecord>} record @returns {TrialRecord} */
const finished = (trial, record) => ({
  ...{ trial, attempt: 0, status: 'finished', run: `trial-${String(trial).padStart(4, '0')}` },
  ...{ params: { lr: trial / 8, net: { act: '“relu”' } }, value: null, step: 7 },
  ...record,
});

/** @type {SweepRecord['plan']} */
const oldPlan = {
  space: { lr: { uniform: [0, 1] }, net: { act: { choice: ['“relu”', 'tanh'] } } },
  ...{ metric: 'loss', mode: 'min', value: 'last', seed: 3, searcher: 'nsga2', scheduler: 'none' },
};
const plan = { ...oldPlan, searcherOptions: { populationSize: 8 } };
/** @type {SweepRecord['plan']} */
const several = {
  ...plan,
  metrics: [
    { name: 'loss', mode: 'min' },
    { name: 'accuracy', mode: 'max' },
  ],
  constraints: [
    { metric: 'latency', max: 10 },
    { metric: 'a "name"', min: -1e-7 },
  ],
};

// Trials on the front (two of them equal), dominated, outside a bound and at one, without a value of a bound, failed, infinite.
const trials = [
  finished(0, { value: 2, values: [2, 0.5], constraintValues: [10, 0] }),
  finished(1, { value: 1, values: [1, 0.9], constraintValues: [10.5, 0] }),
  finished(2, { value: 2, values: [2, 0.5], constraintValues: [1, -1e-7] }),
  finished(3, { value: 3, values: [3, 0.5], constraintValues: [1, 0] }),
  finished(4, { value: 0, values: [0, -Infinity], constraintValues: [-Infinity, 3], step: 2n ** 60n }),
  finished(5, { value: 1, values: [1, 1] }),
  finished(6, { value: -0, values: [-0, 1], constraintValues: [NaN, 0], step: null }),
  finished(7, {
    status: 'failed',
    value: null,
    error: 'the metric "loss" \u2028 is not "there"',
    failures: 2,
  }),
];
const UUID = '0f9b8c3e-5a53-4d0c-9d2f-6c1d7a3b2e10';
vector('several', (folder) =>
  write(folder, { status: 'FINISHED', uuid: UUID, plan: several, best: trials[4] ?? null }, trials),
);

// A study that was killed while workers ran its trials: the journal goes on where sweep.yaml ends, and is cut off.
vector('killed', (folder) => {
  const place = (/** @type {string} */ run) => ({ host: 'far', slot: 1, runDir: `/far/s/${run}` });
  const begun = finished(1, { status: 'running', value: null, step: null });
  write(folder, { status: 'RUNNING', uuid: UUID, plan: { ...plan, scheduler: 'asha' }, best: null }, [
    finished(0, { status: 'stopped', value: 4, course: [[1, 4]], ...place('trial-0000') }),
    begun,
  ]);
  const again = { ...begun, attempt: 1, run: 'trial-0001.1', ...place('trial-0001.1') };
  const ended = { ...again, value: NaN, step: 3, course: /** @type {const} */ ([[3, Infinity]]) };
  for (const record of [
    ...[again, { ...ended, ending: /** @type {const} */ ('finished') }],
    finished(2, { status: 'failed', value: null, error: 'broken', failures: 1, retry: true }),
    finished(3, { status: 'interrupted', value: null, step: null }),
  ])
    appendToJournal(nodeFs, folder, lineOf(record));
  appendFileSync(join(folder, 'sweep.journal'), `${lineOf(finished(0, { value: 1 }))}\n# en`);
});

// As earlier versions wrote them: trials in block style, no uuid.
vector('block', (folder) => {
  const [first, second] = [finished(0, { value: 2 }), finished(1, { value: 1.5, error: '' })];
  const file = { status: 'INTERRUPTED', ...oldPlan, best: second, trials: [first, second] };
  writeFileSync(join(folder, 'sweep.yaml'), stringifyYaml(file));
  writeFileSync(join(folder, 'sweep.journal'), stringifyYaml(finished(2, { value: Infinity })));
});

rmSync(base, { recursive: true });
const into = fileURLToPath(new URL('sweeps.json', import.meta.url));
writeFileSync(into, `${JSON.stringify(vectors, null, 2)}\n`);
for (const [name, files] of Object.entries(vectors)) console.log(into, name, Object.keys(files).join(' '));
