import { asyncScheduler, defer, map, of, timer } from 'rxjs';
import type { Observable, SchedulerLike, Subscription } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { inSlices } from '../../src/writer/paths/in-slices.js';
import { ration } from '../../src/writer/paths/ration.js';

const picture = (run: Parameters<TestScheduler['run']>[0]): void => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);
};

/** Work of 3 ms that says how often it was done; a rest of 5 ms behind it. */
const rationed = (): Parameters<typeof ration>[0] => {
  let done = 0;
  return () => defer(() => timer(3).pipe(map(() => String(++done))));
};

describe('rationed work', () => {
  it('starts with the first request, and does what came meanwhile once, when its rest is over', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  a-bc--------------------|');
      const subs = '        ^-----------------------!';
      const expected = '    ---1-------2------------|';
      expectObservable(source.pipe(ration(rationed(), { restMs: () => 5 }))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('rests even when nothing is wanted, and works at once after it', () => {
    picture(({ hot, expectObservable }) => {
      const source = hot('  a----b---------c-----|');
      const expected = '    ---1-------2-------3-|';
      expectObservable(source.pipe(ration(rationed(), { restMs: () => 5 }))).toBe(expected);
    });
  });

  it('ends with its source: not before the work at hand, without the rest, and without what was still wanted', () => {
    picture(({ hot, expectObservable }) => {
      expectObservable(hot('ab|').pipe(ration(rationed(), { restMs: () => 5 }))).toBe('---(1|)');
    });
    picture(({ hot, expectObservable }) => {
      expectObservable(hot('a---b|').pipe(ration(rationed(), { restMs: () => 5 }))).toBe('---1-|');
    });
  });

  it('rests as long as its work took, times what it is told', () => {
    picture(({ hot, expectObservable }) => {
      const source = hot('  ab------------------|');
      const expected = '    ---1-----------2----|';
      expectObservable(source.pipe(ration(rationed(), { restMs: (ms) => 3 * ms }))).toBe(expected);
    });
  });

  it('starts nothing more once it has ended or nobody wants it, though its rest was not over', () => {
    let started = 0;
    const work = (): Observable<number> => defer(() => of(++started));
    picture(({ hot, flush }) => {
      hot('a-b|')
        .pipe(ration(work, { restMs: () => 9 }))
        .subscribe();
      const unwanted = hot('a-b')
        .pipe(ration(work, { restMs: () => 9 }))
        .subscribe();
      asyncScheduler.schedule(() => unwanted.unsubscribe(), 5);
      flush();
    });
    expect(started).toBe(2);
  });

  it('holds on to one rest at a time, however long it goes on', () => {
    const rests: Subscription[] = [];
    const scheduler: SchedulerLike = {
      now: () => asyncScheduler.now(),
      schedule: (...args: Parameters<SchedulerLike['schedule']>) => {
        const rest = asyncScheduler.schedule(...args);
        rests.push(rest);
        return rest;
      },
    };
    picture(({ hot, flush }) => {
      hot('a--b--c--d--e--f--g--h')
        .pipe(ration(() => of(1), { restMs: () => 1, scheduler }))
        .subscribe();
      flush();
    });
    expect(rests.length).toBe(8);
    expect(rests.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(1);
  });

  it('passes an error of its work on, and asks for no more', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  a--b--|');
      const subs = '        ^--!';
      const work = (): Observable<number> =>
        timer(3).pipe(
          map(() => {
            throw new Error('no');
          }),
        );
      expectObservable(source.pipe(ration(work, { restMs: () => 5 }))).toBe('---#', {}, new Error('no'));
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('stops when nobody wants it', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  ab---------c---');
      const subs = '        ^--------!';
      expectObservable(source.pipe(ration(rationed(), { restMs: () => 5 })), subs).toBe('---1');
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('passes an error of its source on', () => {
    picture(({ hot, expectObservable }) => {
      expectObservable(hot('a---#').pipe(ration(rationed(), { restMs: () => 5 }))).toBe('---1#');
    });
  });
});

describe('work in slices', () => {
  it('emits what the generator returns, and lets others have a turn in between', async () => {
    const order: string[] = [];
    setImmediate(() => order.push('another turn'));
    await new Promise<void>((resolve) => {
      inSlices(function* () {
        const until = performance.now() + 20;
        while (performance.now() < until) yield;
        return 'done';
      }).subscribe({ next: (value) => order.push(value), complete: resolve });
    });
    expect(order).toEqual(['another turn', 'done']);
  });

  it('passes an exception on as its error', () => {
    const errors: unknown[] = [];
    inSlices(function* () {
      yield;
      throw new RangeError('no');
    }).subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([new RangeError('no')]);
  });

  it('stops when nobody wants it, and tidies up', async () => {
    let tidied = false;
    const working = inSlices(function* () {
      try {
        for (;;) yield;
      } finally {
        tidied = true;
      }
    }).subscribe();
    await new Promise((resolve) => setImmediate(resolve));
    working.unsubscribe();
    expect(tidied).toBe(true);
  });
});
