import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hyperband } from '../../src/sweep/schedulers/hyperband.js';
import { medianStopping } from '../../src/sweep/schedulers/median-stopping.js';
import { patienceRule } from '../../src/sweep/schedulers/patience.js';
import type { Scheduler } from '../../src/sweep/schedulers/scheduler.js';
import { successiveHalving } from '../../src/sweep/schedulers/successive-halving.js';
import { thresholdRule } from '../../src/sweep/schedulers/threshold.js';

/** Reports a loss, or several at successive resources; tells which stopped the trial. */
const stops = (scheduler: Scheduler, trial: number, resource: number, loss: number): boolean =>
  scheduler.stops({ trial, resource, loss, value: loss });
const along = (scheduler: Scheduler, trial: number, losses: readonly number[], stride = 1): boolean[] =>
  losses.map((loss, at) => stops(scheduler, trial, (at + 1) * stride, loss));

describe('asynchronous successive halving', () => {
  it('lets the best quarter of a rung go on, and the best of few', () => {
    const scheduler = successiveHalving({ minResource: 1, reductionFactor: 4 });
    const losses = [5, 4, 6, 3, 7, 2, 8, 1];
    // Of n so far the best floor(n / 4), and at least one, pass.
    expect(losses.map((loss, trial) => stops(scheduler, trial, 1, loss))).toEqual([
      false,
      false,
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('looks at a trial at each rung once: 2, 6, 18, ...', () => {
    const scheduler = successiveHalving({ minResource: 2, reductionFactor: 3 });
    for (let trial = 0; trial < 3; trial++)
      for (const resource of [2, 6, 18]) stops(scheduler, trial, resource, trial);
    const stoppedAt = Array.from({ length: 20 }, (_, at) => at + 1).filter((resource) =>
      stops(scheduler, 9, resource, 9),
    );
    expect(stoppedAt).toEqual([2, 6, 18]);
  });

  it('never stops the best that has reached a rung, in whatever order trials come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ trial: fc.nat(20), loss: fc.double({ noNaN: true }) }), { maxLength: 200 }),
        (reports) => {
          const scheduler = successiveHalving();
          const resources = new Map<number, number>();
          const best = new Map<number, number>();
          for (const { trial, loss } of reports) {
            const resource = (resources.get(trial) ?? 0) + 1;
            resources.set(trial, resource);
            const isStopped = stops(scheduler, trial, resource, loss);
            if (!Number.isInteger(Math.log2(resource) / 2)) {
              expect(isStopped).toBe(false);
              continue;
            }
            if (loss <= (best.get(resource) ?? Infinity)) expect(isStopped).toBe(false);
            best.set(resource, Math.min(loss, best.get(resource) ?? Infinity));
          }
        },
      ),
    );
  });
});

describe('a rung', () => {
  it('is the highest that a value has reached, however seldom and on whatever scale values come', () => {
    for (const [resources, judged] of [
      [
        [16, 32, 48, 64],
        [16, 64],
      ],
      [
        [1000, 2000, 3000, 4000, 5000, 6000, 17_000],
        [1000, 2000, 5000, 17_000],
      ],
      [[64], [64]],
    ] as const) {
      const scheduler = successiveHalving();
      for (const resource of resources) stops(scheduler, 0, resource, 1);
      expect(scheduler.courseOf?.(0)).toEqual(judged.map((resource) => [resource, 1]));
    }
  });

  it('is reached once by a trial whose steps go back or stand still', () => {
    const scheduler = successiveHalving();
    for (const resource of [64, 63, 16, 16, 1, -5]) stops(scheduler, 0, resource, 1);
    expect(scheduler.courseOf?.(0)).toEqual([[64, 1]]);
  });

  it('holds NaN for the worst, and stops it; an infinity only loses', () => {
    const scheduler = successiveHalving();
    expect([NaN, Infinity, NaN, 3, Infinity].map((loss, trial) => stops(scheduler, trial, 1, loss))).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('forgets a trial that is tried again', () => {
    const scheduler = successiveHalving();
    stops(scheduler, 0, 1, 1);
    scheduler.recall?.(0, []);
    expect(stops(scheduler, 1, 1, 5)).toBe(false);
    expect(stops(scheduler, 0, 1, 9)).toBe(true);
  });

  it('far beyond the first rungs is remarked on', () => {
    const scheduler = successiveHalving();
    const remarkOn = (resource: number): unknown =>
      scheduler.remark?.({ trial: 0, resource, loss: 1, value: 1 });
    expect([1, 16].map(remarkOn)).toEqual([null, null]);
    expect(remarkOn(1001)).toMatch(/minResource/);
  });
});

describe('hyperband', () => {
  it('has brackets in the proportions of the paper, of which the last stops nothing', () => {
    const scheduler = hyperband({ maxResource: 81, reductionFactor: 3 });
    const count = 2060;
    const firsts = new Map<number, number>();
    // One that is best everywhere fills the rungs; every other one is stopped at its first rung.
    for (let trial = 0; trial < count; trial++) {
      const stoppedAt = [1, 3, 9, 27, 81].find((resource) => stops(scheduler, trial, resource, trial)) ?? 0;
      firsts.set(stoppedAt, (firsts.get(stoppedAt) ?? 0) + 1);
    }
    // 81, 34, 15, 8 and 5 of a round of 143 (the paper, for R = 81 and a factor of 3).
    const shares = [1, 3, 9, 27, 0].map((resource) =>
      Math.round(((firsts.get(resource) ?? 0) / count) * 143),
    );
    [81, 34, 15, 8, 5].forEach((share, at) => expect(Math.abs((shares[at] ?? 0) - share)).toBeLessThan(2));
  });

  it('lets a trial that starts slowly win in a late bracket', () => {
    const scheduler = hyperband({ maxResource: 27, reductionFactor: 3 });
    const slow = Array.from({ length: 60 }, (_, trial) => {
      const losses = Array.from({ length: 27 }, (__, at) => (trial % 2 === 0 ? 10 - at : 5));
      return trial % 2 === 0 && !along(scheduler, trial, losses).includes(true);
    });
    expect(slow.filter(Boolean).length).toBeGreaterThan(0);
  });
});

describe('median stopping', () => {
  const after = (losses: readonly (readonly number[])[]): ((own: readonly number[]) => boolean[]) => {
    const scheduler = medianStopping({ minResource: 2, minTrials: 3, warmupReports: 0 });
    losses.forEach((course, trial) => along(scheduler, trial, course));
    return (own) => along(scheduler, 99, own);
  };

  it('stops a trial whose best is worse than the median of the others’ best so far', () => {
    const others = [
      [4, 2],
      [8, 4],
      [6, 6],
    ];
    expect(after(others)([7, 4.5])).toEqual([false, true]);
    expect(after(others)([7, 4])).toEqual([false, false]);
  });

  it('stops nothing before enough others have come as far', () => {
    expect(after([[1, 1], [1, 1], [1]])([9, 9])).toEqual([false, false]);
  });

  it('stops nothing in the first five values, whatever the scale of the steps', () => {
    for (const stride of [1, 1000]) {
      const scheduler = medianStopping();
      for (let trial = 0; trial < 5; trial++) along(scheduler, trial, Array<number>(8).fill(1), stride);
      expect(along(scheduler, 9, Array<number>(8).fill(2), stride).indexOf(true)).toBe(5);
    }
  });

  it('stops a trial without any number, and is not blinded by infinities', () => {
    const scheduler = medianStopping({ warmupReports: 1 });
    for (let trial = 0; trial < 5; trial++) along(scheduler, trial, [Infinity, 3, 1]);
    expect(along(scheduler, 8, [NaN, NaN, NaN])).toEqual([false, true, true]);
    expect(along(scheduler, 9, [Infinity, 4, 4])).toEqual([false, true, true]);
    expect(along(scheduler, 10, [Infinity, 3, NaN])).toEqual([false, false, true]);
  });
});

describe('a rule for one trial', () => {
  it('of patience stops what no longer improves by enough', () => {
    const rule = patienceRule({ patience: 2, minDelta: 0.5 });
    expect(along(rule, 0, [5, 4, 3.8, NaN, 1, 1])).toEqual([false, false, false, true, false, false]);
    expect(along(patienceRule({ patience: 1, minResource: 4 }), 0, [1, 1, 1, 1])).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it('of a threshold stops what is out of bounds or no number', () => {
    const rule = thresholdRule({ above: 2, minResource: 2 });
    expect(along(rule, 0, [9, 2, 2.1, NaN, Infinity, -9])).toEqual([false, false, true, true, true, false]);
    expect(along(thresholdRule({ below: 0.1 }), 0, [0.05, 0.2])).toEqual([true, false]);
  });
});

describe('a scheduler after a restart', () => {
  const reports = fc.array(fc.record({ trial: fc.nat(6), loss: fc.double({ noNaN: true }) }), {
    maxLength: 100,
  });

  it.each([
    ['asynchronous successive halving', () => successiveHalving({ reductionFactor: 2 })],
    ['hyperband', () => hyperband({ maxResource: 16, reductionFactor: 2 })],
    ['median stopping', () => medianStopping({ warmupReports: 1, minTrials: 2 })],
  ])('that is %s says of a new trial what it would have said', (_, make) => {
    fc.assert(
      fc.property(reports, fc.array(fc.double({ noNaN: true }), { maxLength: 30 }), (before, own) => {
        const [scheduler, restarted] = [make(), make()];
        const resources = new Map<number, number>();
        for (const { trial, loss } of before) {
          const resource = (resources.get(trial) ?? 0) + 1;
          resources.set(trial, resource);
          // A course that is longer than what is kept of it is another spec's.
          if (resource <= 32) stops(scheduler, trial, resource, loss);
        }
        for (const trial of resources.keys()) restarted.recall?.(trial, scheduler.courseOf?.(trial) ?? []);
        expect(along(restarted, 99, own)).toEqual(along(scheduler, 99, own));
      }),
    );
  });

  it('has of a long trial 32 losses, the first and the last among them', () => {
    const scheduler = medianStopping();
    along(
      scheduler,
      0,
      Array.from({ length: 10_000 }, (_, at) => -at),
    );
    const course = scheduler.courseOf?.(0) ?? [];
    expect(course).toHaveLength(32);
    expect([course[0], course.at(-1)]).toEqual([
      [1, -0],
      [10_000, -9999],
    ]);
  });

  it('of a trial keeps for each rung what it had there', () => {
    const scheduler = successiveHalving({ minResource: 2, reductionFactor: 3 });
    for (let resource = 1; resource <= 20; resource++) stops(scheduler, 0, resource, -resource);
    expect(scheduler.courseOf?.(0)).toEqual([
      [2, -2],
      [6, -6],
      [18, -18],
    ]);
    expect(scheduler.courseOf?.(1)).toEqual([]);
  });
});
