import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { nodeFs } from '../../src/storage/node-fs.js';
import type { SweepPlan, TrialRecord } from '../../src/sweep/sweep-file.js';
import { TrialRecords } from '../../src/sweep/trial-records.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('trial-records');
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
const open = (dir: string, fs = nodeFs): Promise<TrialRecords> =>
  TrialRecords.open(fs, dir, PLAN, { resume: 'allow', webhook: null });
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
