import { describe, expect, it } from 'vitest';
import { segmentName, parseSegmentName } from '../../src/storage/wal/frame.js';
import { stringifyYaml } from '../../src/storage/yaml-file.js';
import { nextEpoch, readIdentity } from '../../src/run/identity.js';
import type { MemoryFs } from '../faults/memory-fs.js';
import { FOLDER, UUID, runFolder } from '../writer/wal-rig.js';

const RUN = {
  experiment: 'e',
  run: 'r',
  uuid: UUID,
  startedAt: '2026-01-01T00:00:00.000Z',
  status: 'RUNNING',
};

function withRunFile(facts: Readonly<Record<string, unknown>>): MemoryFs {
  const fs = runFolder();
  fs.overwrite(`${FOLDER}/run.yaml`, Buffer.from(stringifyYaml({ ...RUN, ...facts })));
  return fs;
}

const epochIn = (fs: MemoryFs): number => nextEpoch(fs, FOLDER, readIdentity(fs, FOLDER));

describe('the next owner of a run', () => {
  it('has a number above every one that left a trace', () => {
    const fs = withRunFile({ epoch: 3 });
    expect(epochIn(fs)).toBe(4);
    fs.overwrite(`${FOLDER}/${segmentName(11, 0)}`, Buffer.alloc(0));
    fs.overwrite(`${FOLDER}/${segmentName(9, 5)}`, Buffer.alloc(0));
    expect(epochIn(fs)).toBe(12);
    const lock = { pid: 1, startTicks: null, bootId: null, host: 'elsewhere', epoch: 20, token: 't' };
    fs.overwrite(`${FOLDER}/run.lock`, Buffer.from(JSON.stringify(lock)));
    expect(epochIn(fs)).toBe(21);
  });

  it.each([1.5, NaN, Infinity, -3, 999_999_999, 2 ** 32, 1e300])(
    'never has one whose log nobody would find, with %d in run.yaml',
    (epoch) => {
      const fs = withRunFile({ epoch });
      try {
        const next = epochIn(fs);
        expect(parseSegmentName(segmentName(next, 0))).toEqual({ epoch: next, number: 0 });
      } catch (error) {
        expect(error).toMatchObject({ code: 'CORRUPT' });
      }
    },
  );
});

describe('the marks of a run that was resumed', () => {
  const mark = { at: '2026-01-02T00:00:00.000Z', from: 'FAILED', step: 2n ** 60n, lastedMs: 5, fromStep: 3 };

  it('are those that run.yaml lists', () => {
    const first = { at: mark.at, from: 'CRASHED', step: null };
    const fs = withRunFile({ resumed: [first, mark] });
    expect(readIdentity(fs, FOLDER).identity.resumed).toEqual([first, mark]);
  });

  it('have only values of their types, whatever run.yaml says', () => {
    const fs = withRunFile({
      resumed: [null, 7, 'x', ['y'], { ...mark, at: 1, from: null, step: 'a', lastedMs: 'b', fromStep: 0.5 }],
    });
    expect(readIdentity(fs, FOLDER).identity.resumed).toEqual([{ at: '', from: '', step: null }]);
  });
});
