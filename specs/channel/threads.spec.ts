import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { ChannelWriter } from '../../src/channel/channel-writer.js';
import { ChunkPool } from '../../src/channel/chunk-pool.js';
import { RowEncoder } from '../../src/channel/row-encoder.js';
import { RunControl } from '../../src/channel/run-control.js';

const ROWS = 1_000_000;
const LIMIT = 512 * 1024;

const workers: Worker[] = [];
const startThread = (name: string, workerData: unknown): Worker => {
  const worker = new Worker(new URL(`../support/${name}.mjs`, import.meta.url), { workerData });
  workers.push(worker);
  return worker;
};
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

/** Values that follow from the step; now and then of another shape, and once in a while larger than a chunk. */
function valuesOf(step: number): Record<string, number | string> {
  if (step % 100_003 === 7) return { text: 'x'.repeat(50_000) };
  if (step % 997 === 3) return { other: step + 2 };
  return { a: step + 2, b: step + 3 };
}

describe('two threads over a channel', () => {
  it('pass a million rows, none lost and none torn, in memory that is bounded', async () => {
    const pool = new ChunkPool();
    const writer = new ChannelWriter(pool);
    const ignore = (): void => undefined;
    const encoder = new RowEncoder(writer, {
      maxMetrics: 100,
      onRejection: ignore,
      onExcess: ignore,
      onMetric: ignore,
    });
    const wire = new Int32Array(new SharedArrayBuffer(64));
    let ordinaryArenas = 0;
    const consumers: Worker[] = [];
    const tell = ({ id, memory }: { readonly id: number; readonly memory: SharedArrayBuffer }): void => {
      if (memory.byteLength >= 1 << 20) ordinaryArenas++;
      for (const told of consumers) told.postMessage({ id, memory });
    };
    const arenas = pool.connect(tell).map(({ id, memory }) => ({ id, memory }));
    const { control } = writer;
    const consumer = startThread('channel-consumer', {
      control: control.memory,
      wire: wire.buffer,
      arenas,
      rows: ROWS,
      seed: 7,
    });
    consumers.push(consumer);
    const ended = once(consumer, 'message');
    let last = control.acknowledged();
    for (let step = 0; step < ROWS; step++) {
      encoder.write(valuesOf(step), step, step);
      while (writer.bufferedBytes > LIMIT) {
        const seen = Atomics.load(wire, 0);
        writer.reclaim();
        if (writer.bufferedBytes > LIMIT) Atomics.wait(wire, 0, seen, 100);
        const now = control.acknowledged();
        expect(now.seq).toBeGreaterThanOrEqual(last.seq);
        expect(now.rows).toBeGreaterThanOrEqual(last.rows);
        last = now;
      }
    }
    const [end] = (await ended) as [unknown];
    expect(end).toEqual({ row: ROWS, seq: writer.seq, wrong: [], idle: true });
    expect(control.acknowledged()).toMatchObject({ seq: writer.seq, rows: ROWS });
    writer.reclaim();
    expect(writer.bufferedBytes).toBe(0);
    expect(ordinaryArenas).toBeLessThanOrEqual(1);
  });

  it('never show an acknowledgement that is made of two', async () => {
    const control = RunControl.starting(0);
    const stop = new Int32Array(new SharedArrayBuffer(8));
    const acknowledger = startThread('acknowledger', { control: control.memory, stop: stop.buffer });
    const ended = once(acknowledger, 'exit');
    Atomics.wait(stop, 1, 0);
    const torn: unknown[] = [];
    let last = 0;
    // Counted are looks that met a new one: the two threads may be given the same core for a while.
    for (let met = 0; met < 1_500 && torn.length < 10;) {
      const acknowledged = control.acknowledged();
      const { chunkId, offset, seq, rows } = acknowledged;
      if (chunkId !== offset || offset !== seq || seq !== rows) torn.push(acknowledged);
      if (seq !== last) met++;
      last = seq;
    }
    Atomics.store(stop, 0, 1);
    await ended;
    expect(torn).toEqual([]);
  });
});
