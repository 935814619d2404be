import fc from 'fast-check';
import { ExperimentConfig, LoggingEngine, type MetricValue } from 'expman-rx';
import { openRun, type StoredRow, type StoredRun } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('downsampling');

/** A closed run of one row a step. */
async function runOf(rows: readonly Readonly<Record<string, MetricValue>>[]): Promise<StoredRun> {
  const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
  rows.forEach((values, step) => {
    run.logMetrics(values, step);
  });
  await run.close();
  return openRun(run.runDir);
}

async function rowsOf(run: StoredRun, downsample?: number): Promise<StoredRow[]> {
  const rows: StoredRow[] = [];
  for await (const row of run.rows(downsample === undefined ? {} : { downsample })) rows.push(row);
  return rows;
}

const steps = (rows: readonly StoredRow[]): number[] => rows.map(({ step }) => Number(step));
const valuesOf = (rows: readonly StoredRow[], metric: string): number[] =>
  rows.flatMap(({ values: { [metric]: value } }) => (value === undefined ? [] : Number(value)));
const many = (count: number, of: (at: number) => MetricValue): Readonly<Record<string, MetricValue>>[] =>
  Array.from({ length: count }, (_, at) => ({ x: of(at) }));

const odd = fc.constantFrom(NaN, Infinity, -Infinity, -0, Number.MAX_VALUE, Number.MIN_VALUE);
const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), odd);
const row = fc.record(
  { x: value, y: value, flag: fc.boolean(), count: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { requiredKeys: ['x'] },
);

describe('rows that are downsampled', () => {
  it('are some of the rows, in order: the ends, each metric’s extremes and whatever is not finite, and no more than asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 60 }),
        async (logged, limit) => {
          const run = await runOf(logged);
          const [all, kept] = [await rowsOf(run), await rowsOf(run, limit)];
          const metrics = ['x', 'y', 'flag', 'count'];
          expect(all).toHaveLength(logged.length);
          expect(kept.length).toBeLessThanOrEqual(Math.max(limit, 2 + 5 * metrics.length));
          expect(kept.length).toBeGreaterThanOrEqual(Math.min(limit, logged.length, 2));
          expect(kept).toEqual(all.filter(({ step }) => steps(kept).includes(Number(step))));
          expect([kept[0], kept.at(-1)]).toEqual([all[0], all.at(-1)]);
          for (const metric of metrics) {
            const [before, after] = [valuesOf(all, metric), valuesOf(kept, metric)];
            for (const extreme of [Math.min, Math.max]) {
              const finite = (values: readonly number[]): number =>
                extreme(...values.filter(Number.isFinite));
              expect(finite(after)).toBe(finite(before));
            }
            for (const what of [NaN, Infinity, -Infinity])
              expect(after.includes(what), `${what} of ${metric}`).toBe(before.includes(what));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('are all of them where there are no more than asked for', async () => {
    expect(await rowsOf(await runOf(many(20, () => NaN)), 20)).toHaveLength(20);
  });

  it('have a NaN of every stretch that has one', async () => {
    const kept = await rowsOf(await runOf(many(1000, (at) => (at % 10 === 7 ? NaN : at))), 32);
    expect(kept).toHaveLength(30); // The ends are extremes of their stretches.
    const places = steps(kept.filter(({ values }) => Number.isNaN(values['x'])));
    expect(places.map((step) => Math.floor(step / 100))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it.each([
    ['NaN', NaN],
    ['-Infinity', -Infinity],
  ])('are spread over a run that is %s throughout', async (_, what) => {
    const kept = steps(await rowsOf(await runOf(many(100, () => what)), 6));
    expect(kept).toEqual([0, 25, 50, 75, 99]);
  });

  it('keep finite peaks beside infinities', async () => {
    const run = await runOf(many(100, (at) => (at % 2 === 0 ? Infinity : at === 51 ? 1e9 : -at)));
    expect(valuesOf(await rowsOf(run, 12), 'x')).toEqual(expect.arrayContaining([1e9, -99, Infinity]));
  });

  it('keep the peaks of a metric that holds texts among its numbers, and of whole numbers beyond 2^53', async () => {
    const run = await runOf(
      many(300, (at) => (at === 5 ? 'none yet' : at === 123 ? -7 : at === 250 ? 1e6 : at)),
    );
    expect(steps(await rowsOf(run, 8))).toEqual(expect.arrayContaining([0, 123, 250, 299]));
    const large = await runOf(many(300, (at) => 2n ** 60n + (at === 123 ? -1n : at === 250 ? 1n : 0n)));
    expect(steps(await rowsOf(large, 8))).toEqual(expect.arrayContaining([0, 123, 250, 299]));
  });

  it('are evenly chosen where there are only texts, and never fewer than one stretch needs', async () => {
    expect(steps(await rowsOf(await runOf(many(100, (at) => `t${at}`)), 6))).toEqual([0, 25, 50, 75, 99]);
    const kept = await rowsOf(await runOf(many(100, (at) => [NaN, Infinity, -Infinity][at % 9] ?? at)), 1);
    expect(steps(kept)).toEqual([0, 1, 2, 3, 98, 99]);
  });
});
