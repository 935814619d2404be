import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type { Subscription } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, RunStatus } from 'expman-rx';
import { type EmitterLike, type TeeEventOptions, tee } from '../../../src/stream/operators/tee.js';
import { duckdb, yamlOf } from '../../support/read-back.js';
import { tempFolders } from '../../support/temp-folder.js';
import { invalid, memoryRun } from './rig.js';

const folder = tempFolders('tee');
const open = (): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));

/** An async generator that tells how far it was asked, and whether it was ended. */
function counting(end = Infinity) {
  const told = { given: 0, ended: false };
  async function* values(): AsyncGenerator<number> {
    try {
      while (told.given < end) {
        await Promise.resolve();
        yield told.given++;
      }
    } finally {
      told.ended = true;
    }
  }
  return { told, values: values() };
}

describe('a tee of an async iterable', () => {
  it('gives the same values, each logged before it is passed on, and closes the run at the end', async () => {
    const run = open();
    const seen: number[] = [];
    for await (const value of tee(counting(5).values, run, { name: 'x', complete: true })) seen.push(value);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    expect((await run.closed).status).toBe(RunStatus.Finished);
    expect((await duckdb(run.runDir)).map(({ x }) => x)).toEqual([0, 1, 2, 3, 4]);
  });

  it('passes on the value that makes a tap leave it, and then ends its source', async () => {
    const run = memoryRun(false, ({ values }) => {
      if ((values as { x: number }).x === 2) void teed.return?.();
    });
    const { told, values } = counting();
    const teed = tee(values, run, { name: 'x' })[Symbol.asyncIterator]();
    const seen: number[] = [];
    for (let next = await teed.next(); next.done !== true; next = await teed.next()) seen.push(next.value);
    expect([seen, told.ended]).toEqual([[0, 1, 2], true]);
  });

  it('asks for a value only when its consumer does', async () => {
    const run = memoryRun();
    const { told, values } = counting();
    const teed = tee(values, run, { name: 'x' })[Symbol.asyncIterator]();
    expect(told.given).toBe(0);
    await teed.next();
    await teed.next();
    expect([told.given, run.rows.length]).toEqual([2, 2]);
  });

  it('ends its source when it is left early, and leaves the run open', async () => {
    const run = memoryRun();
    const { told, values } = counting();
    for await (const value of tee(values, run, { name: 'x', complete: true })) if (value === 2) break;
    expect(told.ended).toBe(true);
    expect([run.rows.length, run.ends]).toEqual([3, []]);
  });

  it('ends its source when the loop throws, which is no error of the source', async () => {
    const run = memoryRun();
    const { told, values } = counting();
    const loop = async (): Promise<void> => {
      for await (const value of tee(values, run, { name: 'x', complete: true }))
        throw new Error(`at ${value}`);
    };
    await expect(loop()).rejects.toThrow('at 0');
    expect([told.ended, run.ends, run.lines]).toEqual([true, [], []]);
  });

  it('throws what its source throws, and fails the run where it is to end it', async () => {
    const run = open();
    const failing = async function* (): AsyncGenerator<{ loss: number }> {
      await Promise.resolve();
      yield { loss: 1 };
      throw new RangeError('no more');
    };
    const loop = async (): Promise<void> => {
      for await (const { loss } of tee(failing(), run, { complete: true })) expect(loss).toBe(1);
    };
    await expect(loop()).rejects.toThrow('no more');
    expect(await run.closed).toMatchObject({ status: RunStatus.Failed, rows: 1 });
    expect(yamlOf(run.runDir)['error']).toMatchObject({ message: 'no more' });
  });

  it('takes plain iterables, and passes on what the run refuses', async () => {
    const run = memoryRun(true);
    const seen: unknown[] = [];
    for await (const row of tee([{ loss: 1 }, { loss: 2 }], run)) seen.push(row);
    expect([seen, run.lines.length]).toEqual([[{ loss: 1 }, { loss: 2 }], 1]);
  });
});

describe('a tee of a stream', () => {
  it('reads no further ahead than the stream itself', async () => {
    const run = memoryRun();
    let read = 0;
    const stream = new Readable({
      objectMode: true,
      highWaterMark: 2,
      read() {
        this.push({ loss: read++ });
      },
    });
    const teed = tee<{ loss: number }>(stream, run)[Symbol.asyncIterator]();
    for (let at = 0; at < 5; at++) expect((await teed.next()).value).toEqual({ loss: at });
    await new Promise((resolve) => setImmediate(resolve));
    expect(run.rows.length).toBe(5);
    expect(read).toBeLessThanOrEqual(8);
    await teed.return?.();
    expect(stream.destroyed).toBe(true);
  });

  it('destroys it when it is left early', async () => {
    const stream = Readable.from([{ loss: 1 }, { loss: 2 }, { loss: 3 }]);
    for await (const { loss } of tee<{ loss: number }>(stream, memoryRun())) if (loss === 1) break;
    expect(stream.destroyed).toBe(true);
  });

  it('logs all of it into the file', async () => {
    const run = open();
    const stream = Readable.from([{ loss: 1 }, { loss: 2 }, { loss: 3 }]);
    const seen: number[] = [];
    for await (const { loss } of tee<{ loss: number }>(stream, run, { complete: true })) seen.push(loss);
    await run.closed;
    expect((await duckdb(run.runDir)).map(({ loss }) => loss)).toEqual(seen);
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('a tee of an event emitter', () => {
  it('logs each event until it is unsubscribed, and leaves no listener', () => {
    const run = memoryRun();
    const emitter = new EventEmitter();
    const subscription = tee(emitter, run, { event: 'reading', name: 'celsius' });
    emitter.emit('reading', 20.5, 'aside');
    emitter.emit('other', 1);
    emitter.emit('reading', 21);
    subscription.unsubscribe();
    emitter.emit('reading', 22);
    expect(run.rows).toEqual([{ values: { celsius: 20.5 } }, { values: { celsius: 21 } }]);
    expect(emitter.listenerCount('reading')).toBe(0);
  });

  it('takes rows, and symbols for events', () => {
    const run = memoryRun();
    const [emitter, event] = [new EventEmitter(), Symbol('row')];
    tee(emitter, run, { event });
    emitter.emit(event, { step: 1, values: { loss: 2 } });
    expect(run.rows).toEqual([{ step: 1, values: { loss: 2 } }]);
  });

  it('never throws into emit', () => {
    const emitter = new EventEmitter();
    tee(emitter, memoryRun(true), { event: 'reading', name: 'x' });
    expect(emitter.emit('reading', 1)).toBe(true);
  });

  it('is told from a stream by the event, also by type', () => {
    const run = memoryRun();
    const stream = Readable.from([1]);
    const numbers: readonly number[] = [1];
    expectTypeOf(tee(stream, run, { event: 'data', name: 'x' })).toEqualTypeOf<Subscription>();
    expectTypeOf(tee(numbers, run, { name: 'x' })).toEqualTypeOf<AsyncIterable<number>>();
    expectTypeOf(tee(counting().values, run, { name: 'x' })).toEqualTypeOf<AsyncIterable<number>>();
    // @ts-expect-error -- numbers need a name
    tee([1], run);
  });
});

describe('a tee of anything else', () => {
  it.each([
    ['source', 5, { name: 'x' }],
    ['source', {}, { name: 'x' }],
    ['source', null, { event: 'a' }],
    ['source', [], { event: 'a' }],
    ['event', new EventEmitter(), { event: '' }],
    ['event', new EventEmitter(), { event: 5 }],
    ['name', new EventEmitter(), { event: 'a', name: 5 }],
    ['options', [], null],
  ])('is an error of %s', (option, source, options) => {
    expect(() => tee(source as EmitterLike, memoryRun(), options as TeeEventOptions)).toThrow(
      invalid(option),
    );
  });
});
