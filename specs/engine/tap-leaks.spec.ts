import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('tap-leaks');
const TAPS = 10_000;
/** As many as are quick; the fault harness opens and closes thousands. */
const RUNS = 100;

/** What the child held, garbage collected. */
interface Mark {
  readonly heap: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly timers: number;
}

// Every way to tap; of each five one is left by what it is piped through, the others by unsubscribing.
const PROGRAM = `
  const { readdirSync, readlinkSync } = await import('node:fs');
  const { setTimeout: delay } = await import('node:timers/promises');
  const { take } = await import(${JSON.stringify(import.meta.resolve('rxjs'))});
  const under = (what) => { try { return readdirSync('/proc/self/' + what); } catch { return []; } };
  const target = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return run.runDir; } };
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  // The files of the run that stays open come and go with its publishes.
  const descriptors = () => under('fd').filter((fd) => !target(fd).startsWith(run.runDir)).length;
  const held = () => ({ descriptors: descriptors(), threads: under('task').length, timers: timers() });
  const isSame = (now, last) => Object.keys(now).every((kind) => now[kind] === last[kind]);
  const isNoMore = (now, before) => Object.keys(now).every((kind) => now[kind] <= before[kind]);
  // What is left to later turns of the loop, and to threads that are about to end, goes in its own time: waits until
  // no more is held than before, the first time until it stays as it is.
  const mark = async (name, before) => {
    let now = held();
    for (let round = 0, calm = 0; round < 400 && calm < 3; round++) {
      await delay(25);
      globalThis.gc();
      const last = now;
      now = held();
      calm = (before === undefined ? isSame(now, last) : isNoMore(now, before)) ? calm + 1 : 0;
    }
    say(JSON.stringify({ [name]: { heap: process.memoryUsage().heapUsed, ...now } }));
    return now;
  };
  const kinds = [(run) => run.live(10), (run) => run.metric('loss'), (run) => run.metrics, (run) => run.health$, (run) => run.status$];
  const tap = (run, at) => {
    const source$ = kinds[at % 5](run);
    return at % 25 < 5 ? source$.pipe(take(1)).subscribe() : source$.subscribe(() => undefined);
  };
  const taps = (run, many) => {
    for (let at = 0; at < many; at += 10) {
      const open_ = Array.from({ length: 10 }, (_, of) => tap(run, at + of));
      run.logMetrics({ loss: at }, at);
      for (const each of open_) each.unsubscribe();
      if (run.metrics.observed) throw new Error('taps are left after ' + at);
    }
  };
  const runs = async (many) => {
    for (let done = 0; done < many; done += 20) {
      const open_ = Array.from({ length: 20 }, () => open());
      for (const run of open_) { for (let at = 0; at < 5; at++) tap(run, at + 5); run.logMetrics({ loss: 1 }); }
      // These taps are left open: the end of the run is theirs.
      await Promise.all(open_.map((run) => run.close()));
      if (open_.some((run) => run.metrics.observed)) throw new Error('taps are left of a closed run');
    }
  };
  const run = open();
  taps(run, 1000);
  await runs(20);
  const warm = await mark('warm');
  taps(run, ${TAPS});
  await mark('tapped', warm);
  await runs(${RUNS});
  await mark('ran', warm);
  await run.close();
  say(JSON.stringify({ rows: (await run.closed).rows }));
`;

describe('a process that taps a great deal', () => {
  it(`is as large after ${TAPS} taps and ${RUNS} runs as before: heap, descriptors, threads, timers and observers`, async () => {
    const { ended, said, stderr } = await runChild(folder(), PROGRAM, { args: ['--expose-gc'] });
    expect([ended, stderr]).toEqual([0, '']);
    const told = Object.assign({}, ...said.map((line) => JSON.parse(line) as object)) as Record<
      'warm' | 'tapped' | 'ran',
      Mark
    > & { readonly rows: number };
    const { warm, tapped, ran, rows } = told;
    for (const mark of [tapped, ran]) {
      expect(mark.descriptors).toBeLessThanOrEqual(warm.descriptors);
      expect(mark.threads).toBeLessThanOrEqual(warm.threads);
      expect(mark.timers).toBeLessThanOrEqual(warm.timers);
    }
    // A tap that stayed would be 500 bytes at the least, a run some thousands.
    expect(tapped.heap - warm.heap).toBeLessThan(TAPS * 100);
    expect(ran.heap - tapped.heap).toBeLessThan(RUNS * 5_000);
    expect(rows).toBe((1000 + TAPS) / 10);
  });
});
