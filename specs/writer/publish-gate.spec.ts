import { Subject, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { publishGate } from '../../src/writer/publish-gate.js';

describe('the gate that publishes go through', () => {
  it('lets the next one in when one is over, in the order they came, and past one that fails', async () => {
    const gate = publishGate();
    const [first, second] = [new Subject<string>(), new Subject<string>()];
    const told: string[] = [];
    for (const work of [first, second, of('third')])
      gate(work).subscribe({
        next: (what) => told.push(what),
        error: (error: unknown) => told.push(String(error)),
      });
    second.next('too early');
    first.next('first');
    first.error(new Error('broken'));
    await Promise.resolve();
    second.next('second');
    second.complete();
    await new Promise(setImmediate);
    expect(told).toEqual(['first', 'Error: broken', 'second', 'third']);
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
