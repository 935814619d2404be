import {
  type Observable,
  Subject,
  catchError,
  defer,
  lastValueFrom,
  map,
  merge,
  of,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { publishGate } from '../../src/writer/paths/publish-gate.js';

describe('the gate that publishes go through', () => {
  it('lets the next one in when one is over, in the order they came, and past one that fails', async () => {
    const gate = publishGate();
    const told: string[] = [];
    const work = (name: string, ms: number): Observable<string> =>
      defer(() => {
        told.push(`${name} begins`);
        return timer(ms).pipe(map(() => name));
      });
    const broken = throwError(() => new Error('broken'));
    const works = [work('slow', 5), broken, work('fast', 1), of('at once')];
    const gated = works.map((each) => gate(each).pipe(catchError((error: unknown) => of(String(error)))));
    await lastValueFrom(merge(...gated).pipe(tap((what) => told.push(what))));
    expect(told).toEqual(['slow begins', 'slow', 'Error: broken', 'fast begins', 'fast', 'at once']);
  });

  it('gets through thousands that have nothing to do, which waited for one that had', async () => {
    const gate = publishGate();
    const first = new Subject<never>();
    gate(first).subscribe();
    let done = 0;
    for (let run = 0; run < 5000; run++) gate(of(run)).subscribe({ complete: () => done++ });
    first.complete();
    await new Promise(setImmediate);
    expect(done).toBe(5000);
  });
});
