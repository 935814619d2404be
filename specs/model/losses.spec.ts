import { describe, expect, it } from 'vitest';
import { lossWithPlace } from '../../src/cli/words.js';
import { lostText } from '../../src/dashboard/page/facts/run-values.js';
import { callsLost, mergeLosses } from '../../src/model/losses.js';
import type { Loss } from '../../src/model/run-file.js';

/** A loss of one call in a segment of its own, with room between it and the next. */
const lossIn = (segment: number): Loss => ({
  ...{ epoch: 0, firstRecord: 10 * segment, records: 1, calls: 1 },
  file: `wal-0-${segment}.log`,
});
const losses = (count: number): Loss[] => Array.from({ length: count }, (_, at) => lossIn(at));

describe('losses', () => {
  it('names some files of a loss, and counts the others', () => {
    expect(lossWithPlace(losses(7))).toContain('wal-0-4.log and 2 more');
    expect(lossWithPlace(losses(5))).not.toContain('more');
    expect(
      lostText(losses(7).map(({ file, calls }) => ({ file, calls, others: 0, isAtMost: false }))),
    ).toContain('wal-0-2.log and 4 more');
  });

  it('are few entries of which no call is left out, however many there are', () => {
    const merged = mergeLosses(losses(150), losses(1_000));
    expect(merged.length).toBeLessThanOrEqual(100);
    expect(callsLost(merged)).toBe(1_000);
  });

  it('are known once, however often a log shows them', () => {
    expect(mergeLosses(losses(3), losses(3))).toEqual(losses(3));
  });
});
