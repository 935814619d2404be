// The producer's end of a channel in a thread of its own: sends records and waits for their acknowledgement, as a caller does
// that flushes after each, and as one that logs until the buffer is full.
import { parentPort, workerData } from 'node:worker_threads';
import { ChannelWriter } from '../../dist/modules/channel/channel-writer.js';
import { ChunkPool } from '../../dist/modules/channel/chunk-pool.js';
import { RecordKind, WireWord } from '../../dist/modules/channel/chunk-layout.js';

/** @type {{ wire: SharedArrayBuffer, handshakes: number, seed: number, startAt: number }} */
const { wire, handshakes, seed, startAt } = workerData;
const words = new Int32Array(wire);
const pool = new ChunkPool();
const writer = new ChannelWriter(pool);
const { control } = writer;
// What a run has after two thousand million acknowledgements: both slots alike, and the counter near its end.
control.acknowledge(control.acknowledged().chunkId, 0, 0, 0);
Atomics.store(new Int32Array(control.memory), 0, startAt);
const tell = (/** @type {import('../../dist/modules/channel/chunk-pool.js').Arena} */ { id, memory }) =>
  parentPort?.postMessage({ arena: { id, memory } });
for (const arena of pool.connect(tell)) tell(arena);
parentPort?.postMessage({ control: control.memory });

let state = seed;
const below = (/** @type {number} */ limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
/** @param {number} number */
const textOf = (number) => Buffer.from(`${number}`.padEnd(number % 997 === 3 ? 40_000 : number % 61));

/** As `WriterHost.wake` does. */
const wake = () => {
  if (Atomics.load(words, WireWord.sleeping) !== 1) return;
  if (Atomics.compareExchange(words, WireWord.sleeping, 1, 0) === 1) {
    wakes++;
    Atomics.notify(words, WireWord.sleeping);
  }
};
const BACKED_OFF_MS = 1000;
let wakes = 0;
let slept = 0;
let sent = 0;
let last = 0;
/** @type {string[]} */
const wrong = [];

/** @param {() => boolean} done */
function waitFor(done) {
  wake();
  while (!done()) {
    const seen = Atomics.load(words, WireWord.acknowledged);
    if (done()) return;
    slept++;
    // Far longer than the longest poll: a wait that ends by itself is a wake that was lost.
    if (Atomics.wait(words, WireWord.acknowledged, seen, 5 * BACKED_OFF_MS) === 'timed-out' && !done())
      wrong.push(`record ${sent} was waited for in vain`);
    if (wrong.length > 0) return;
  }
}

while (sent < handshakes && wrong.length === 0) {
  const burst = below(20) === 0 ? 1 + below(400) : 1;
  for (let each = 0; each < burst && sent < handshakes; each++)
    writer.text(RecordKind.log, 0, textOf(sent++));
  const { seq } = control.acknowledged();
  if (seq < last || seq > sent) wrong.push(`${seq} acknowledged of ${sent}, ${last} before`);
  last = seq;
  // Most wait for each record; some only where the buffer is full, or not at all.
  if (below(8) > 0) waitFor(() => control.seq() === sent);
  else if (writer.bufferedBytes > 1 << 20) waitFor(() => (writer.reclaim(), writer.bufferedBytes <= 1 << 20));
  else wake();
  for (let idle = below(16) === 0 ? below(3000) : 0; idle > 0; idle--) Math.sin(idle);
  if (below(5000) === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1 + below(3));
}
if (wrong.length === 0) waitFor(() => control.seq() === sent);
writer.reclaim();
parentPort?.postMessage({ end: { sent, wrong, wakes, slept, buffered: writer.bufferedBytes } });
