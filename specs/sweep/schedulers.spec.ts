import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { medianStopping } from '../../src/sweep/schedulers/median-stopping.js';
import { successiveHalving } from '../../src/sweep/schedulers/successive-halving.js';

describe('asynchronous successive halving', () => {
  it('lets the best quarter of a rung go on, and the best of few', () => {
    const scheduler = successiveHalving({ minResource: 1, reductionFactor: 4 });
    const losses = [5, 4, 6, 3, 7, 2, 8, 1];
    // Of n so far the best floor(n / 4), and at least one, pass.
    expect(losses.map((loss, trial) => scheduler.stops({ trial, resource: 1, loss }))).toEqual([
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
      for (const resource of [2, 6, 18]) scheduler.stops({ trial, resource, loss: trial });
    const stoppedAt = Array.from({ length: 20 }, (_, at) => at + 1).filter((resource) =>
      scheduler.stops({ trial: 9, resource, loss: 9 }),
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
            const stops = scheduler.stops({ trial, resource, loss });
            if (!Number.isInteger(Math.log2(resource) / 2)) {
              expect(stops).toBe(false);
              continue;
            }
            if (loss <= (best.get(resource) ?? Infinity)) expect(stops).toBe(false);
            best.set(resource, Math.min(loss, best.get(resource) ?? Infinity));
          }
        },
      ),
    );
  });
});

describe('median stopping', () => {
  const after = (losses: readonly (readonly number[])[]): ((own: readonly number[]) => boolean[]) => {
    const scheduler = medianStopping({ minResource: 2, minTrials: 3 });
    losses.forEach((course, trial) =>
      course.forEach((loss, at) => scheduler.stops({ trial, resource: at + 1, loss })),
    );
    return (own) => own.map((loss, at) => scheduler.stops({ trial: 99, resource: at + 1, loss }));
  };

  it('stops a trial whose best is worse than the median of the others’ means so far', () => {
    const stops = after([
      [4, 2],
      [8, 4],
      [6, 6],
    ]);
    // Means at 2: 3, 6, 6; their median is 6.
    expect(stops([7, 6.5])).toEqual([false, true]);
    expect(stops([7, 5])).toEqual([false, false]);
  });

  it('stops nothing before enough others have come as far', () => {
    expect(after([[1, 1], [1, 1], [1]])([9, 9])).toEqual([false, false]);
  });
});

describe('a scheduler after a restart', () => {
  const reports = fc.array(fc.record({ trial: fc.nat(6), loss: fc.double({ noNaN: true }) }), {
    maxLength: 100,
  });

  it.each([
    ['asynchronous successive halving', () => successiveHalving({ reductionFactor: 2 })],
    ['median stopping', () => medianStopping({ minResource: 1, minTrials: 2 })],
  ])('that is %s says of a new trial what it would have said', (_, make) => {
    fc.assert(
      fc.property(reports, fc.array(fc.double({ noNaN: true }), { maxLength: 30 }), (before, own) => {
        const [scheduler, restarted] = [make(), make()];
        const resources = new Map<number, number>();
        for (const { trial, loss } of before) {
          const resource = (resources.get(trial) ?? 0) + 1;
          resources.set(trial, resource);
          // A course that is longer than what is kept of it is another spec's.
          if (resource <= 32) scheduler.stops({ trial, resource, loss });
        }
        for (const trial of resources.keys()) restarted.recall(trial, scheduler.courseOf(trial));
        own.forEach((loss, at) => {
          const report = { trial: 99, resource: at + 1, loss };
          expect(restarted.stops(report)).toBe(scheduler.stops(report));
        });
      }),
    );
  });

  it('has of a long trial 32 means, the first and the last among them', () => {
    const scheduler = medianStopping();
    for (let resource = 1; resource <= 10_000; resource++)
      scheduler.stops({ trial: 0, resource, loss: resource });
    const course = scheduler.courseOf(0);
    expect(course).toHaveLength(32);
    expect([course[0], course.at(-1)]).toEqual([
      [1, 1],
      [10_000, 5000.5],
    ]);
  });

  it('of a trial keeps for each rung what it had there', () => {
    const scheduler = successiveHalving({ minResource: 2, reductionFactor: 3 });
    for (let resource = 1; resource <= 20; resource++)
      scheduler.stops({ trial: 0, resource, loss: -resource });
    expect(scheduler.courseOf(0)).toEqual([
      [2, -2],
      [6, -6],
      [18, -18],
    ]);
    expect(scheduler.courseOf(1)).toEqual([]);
  });
});
