import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { nodeFs } from '../../src/storage/node-fs.js';
import { stringifyYaml } from '../../src/storage/yaml-file.js';
import { type SweepPlan, type TrialRecord, lineOf, writeSweep } from '../../src/sweep/sweep-file.js';
import { TrialRecords } from '../../src/sweep/trial-records.js';
import { amount } from '../support/amount.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('trial-records');
/** More than 16 MiB of them, which was once the most that was read. */
const MANY = amount(20_000, 100_000);
const PLAN: SweepPlan = {
  space: { x: { uniform: [0, 1] } },
  metric: 'loss',
  mode: 'min',
  value: 'last',
  seed: 0,
  searcher: 'random',
  scheduler: 'asha',
};
const record = (trial: number, more: Partial<TrialRecord> = {}): TrialRecord => ({
  trial,
  attempt: 0,
  status: 'finished',
  run: `trial-${String(trial).padStart(4, '0')}`,
  params: { x: trial / 7, text: '# end\n# end', optimizer: 'Adam' },
  value: trial,
  step: null,
  course: [[1, trial]],
  ...more,
});
const open = async (dir: string, fs = nodeFs): Promise<TrialRecords> => {
  const records = TrialRecords.open(fs, dir, PLAN, { resume: 'allow' });
  await records.settle(null);
  records.write();
  return records;
};
/** As a process that was killed leaves it: nothing is written any more. */
const kill = (records: TrialRecords): void => records.rest();

describe('the records of a sweep', () => {
  it('that is killed at any moment has every change, whatever its values', async () => {
    const value = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(Infinity, -Infinity, -0));
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(5), value, text), { maxLength: 12 }), async (changes) => {
        const dir = folder();
        const records = await open(dir);
        const last = new Map<number, TrialRecord>();
        for (const [trial, number, error] of changes) {
          const changed = record(trial, {
            value: number,
            error,
            // Whatever comes before it, a count is no secret, which the file would not hold.
            params: { x: number, [`k${error} count`]: error },
          });
          records.set(changed);
          last.set(trial, changed);
        }
        kill(records);
        expect((await open(dir)).all).toEqual([...last.values()].sort((a, b) => a.trial - b.trial));
      }),
      { numRuns: 30 },
    );
  });

  it(`are read again when there are ${MANY}, with what a scheduler keeps`, async () => {
    const dir = folder();
    const course = Array.from({ length: 32 }, (_, at) => [2 * at + 1, 1 / (at + 3)] as const);
    const line = lineOf(record(7, { course }));
    const lines = Array.from({ length: MANY }, (_, trial) => line.replace('7', String(trial)));
    writeSweep(nodeFs, dir, { uuid: null, status: 'RUNNING', plan: PLAN, best: null }, lines);
    expect(statSync(join(dir, 'sweep.yaml')).size).toBeGreaterThan(16 * 1024 * 1024);
    const { all } = await open(dir);
    expect(all).toHaveLength(MANY);
    expect(all.at(-1)).toEqual(
      record(MANY - 1, { run: 'trial-0007', params: record(7).params, value: 7, course }),
    );
  });

  it('of an earlier version, in block style and larger than it could read, are taken up', async () => {
    const dir = folder();
    const params = { x: 1 };
    const trials = [record(0, { params }), record(1, { status: 'running', params, value: null })];
    const text = stringifyYaml({ status: 'RUNNING', ...PLAN, best: null, trials });
    writeFileSync(join(dir, 'sweep.yaml'), `${`# ${'x'.repeat(1022)}\n`.repeat(17 * 1024)}${text}`);
    writeFileSync(join(dir, 'sweep.journal'), stringifyYaml(record(2)));
    expect((await open(dir)).all.map(({ trial, status }) => [trial, status])).toEqual([
      [0, 'finished'],
      [1, 'interrupted'],
      [2, 'finished'],
    ]);
  });

  it('are YAML for other readers too, one line for each trial', async () => {
    const dir = folder();
    const records = await open(dir);
    const odd = record(0, {
      value: 1e-7,
      step: 2n ** 60n,
      error: 'a "b": {c}, # d \u2028 \u009b',
      course: [[1, NaN]],
    });
    records.set(odd);
    records.set(record(1));
    records.write();
    const text = readFileSync(join(dir, 'sweep.yaml'), 'utf8');
    expect(text.split('\n').filter((line) => line.startsWith('  - {'))).toHaveLength(2);
    expect(text).toMatch(/"value": 1\.0e-7,/);
    expect(text).not.toMatch(/[\u0080-\u009f\u2028]/);
    const { trials } = parse(text, { intAsBigInt: true }) as { trials: { error: string; step: bigint }[] };
    expect(trials[0]).toMatchObject({ error: odd.error, step: 2n ** 60n });
    expect((await open(dir)).all[0]).toEqual(odd);
  });

  it('leave out a change that was cut off, and nothing else', async () => {
    const dir = folder();
    const records = await open(dir);
    for (let trial = 0; trial < 3; trial++) records.set(record(trial));
    kill(records);
    const journal = join(dir, 'sweep.journal');
    const before = existsSync(journal) ? readFileSync(journal).length : 0;
    appendFileSync(journal, 'trial: 3\nattempt: 0\nstatus: finished\nrun: trial-0003\n# en');
    expect((await open(dir)).all.map(({ trial }) => trial)).toEqual([0, 1, 2]);
    // All of it is in sweep.yaml now.
    expect(existsSync(journal)).toBe(false);
    expect(before).toBeGreaterThan(0);
    appendFileSync(journal, 'trial: 3\n# end\n');
    await expect(open(dir)).rejects.toMatchObject({ code: 'CORRUPT', path: journal });
    truncateSync(journal);
    expect((await open(dir)).all).toHaveLength(3);
  });

  it('cost no more for each trial when there are a thousand', async () => {
    const dir = folder();
    let written = 0;
    const counting: typeof nodeFs = {
      ...nodeFs,
      write: (fd, bytes, position) => {
        const count = nodeFs.write(fd, bytes, position);
        written += count;
        return count;
      },
    };
    const records = await open(dir, counting);
    for (let trial = 0; trial < 1000; trial++) {
      records.set(record(trial, { status: 'running', value: null }));
      records.set(record(trial));
    }
    records.write();
    const whole = readFileSync(join(dir, 'sweep.yaml')).length;
    expect(
      (parse(readFileSync(join(dir, 'sweep.yaml'), 'utf8')) as { trials: unknown[] }).trials,
    ).toHaveLength(1000);
    // All of it with every change would be a thousand times as much.
    expect(written / whole).toBeLessThan(60);
  });
});
