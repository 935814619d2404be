import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, type LiveSnapshot } from 'expman-rx';
import { runChild } from '../support/child.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('live');
const open = (): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));

describe('a live tap', () => {
  it('ends with the latest value of every metric, and completes with the run', async () => {
    const run = open();
    const snapshots = lastValueFrom(run.live(20).pipe(toArray()));
    for (let step = 0; step < 100; step++)
      run.logMetrics({ loss: 100 - step, note: `at ${step}`, big: BigInt(step) }, step);
    run.logMetrics({ loss: NaN });
    await run.close();
    const last = (await snapshots).at(-1);
    expect(last).toMatchObject({ step: 99, rows: 101, values: { loss: NaN, note: 'at 99', big: 99n } });
    expect(last?.metrics.get('loss')).toEqual({ last: NaN, count: 101, min: 1, max: 100, mean: 50.5 });
    expect(last?.metrics.get('note')).toEqual({ last: 'at 99', count: 100, min: NaN, max: NaN, mean: NaN });
  });

  it('shows a loop that never yields while it runs', async () => {
    const run = open();
    const seen: LiveSnapshot[] = [];
    run.live(1).subscribe((snapshot) => seen.push(snapshot));
    // The first snapshot ends the loop: no timer can have made it.
    for (let step = 0; seen.length === 0; step++) run.logMetrics({ loss: step }, step);
    expect(seen[0]?.rows).toBeGreaterThan(0);
    expect(seen[0]?.rowsPerSecond).toBeGreaterThan(0);
    await run.close();
  });

  it('counts from its subscription on, each for itself', async () => {
    const run = open();
    run.logMetrics({ a: 1 }, 1);
    const late = lastValueFrom(run.live(10));
    run.logMetrics({ a: 2 }, 2);
    await run.close();
    expect((await late).rows).toBe(1);
  });

  it('costs a run nothing once it is unsubscribed', async () => {
    const run = open();
    const tap = run.live(10).subscribe();
    expect(run.metrics.observed).toBe(true);
    tap.unsubscribe();
    expect(run.metrics.observed).toBe(false);
    await run.close();
  });

  it('does not keep the process alive', async () => {
    const { ended, said } = await runChild(
      folder(),
      "const run = open(); run.live(50).subscribe(); run.logMetrics({ a: 1 }); process.on('exit', () => say('end'));",
    );
    expect([ended, said]).toEqual([0, ['end']]);
  });

  it('is refused for a period that is none', () => {
    const run = open();
    for (const period of [0, -1, NaN, Infinity, '10' as unknown as number])
      expect(() => run.live(period)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', option: 'periodMs' }) as Error,
      );
    return firstValueFrom(run.health$).then(() => run.close());
  });
});
