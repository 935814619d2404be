// Loaded with --import into a child: each write of its writer threads takes as long as `slowDisk(leastMs, mostMs)` said
// last; `slowDisk(0, 0)` makes the disk fast again. `slowWrites()` counts them.
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

const RealWorker = threads.Worker;
/** Least and most milliseconds of a write, and how many were slow. */
const pace = new Int32Array(new SharedArrayBuffer(12));

// Runs in the writer thread before the real entry. A write waits first: what is slow is not done yet.
const SLOW = `
  const fs = require('node:fs');
  const { pace } = require('node:worker_threads').workerData;
  const still = new Int32Array(new SharedArrayBuffer(4));
  const write = fs.writeSync;
  fs.writeSync = (...args) => {
    const [least, most] = pace;
    if (most > 0) {
      Atomics.add(pace, 2, 1);
      Atomics.wait(still, 0, 0, least * (most / least) ** Math.random());
    }
    return write(...args);
  };
  require('node:module').syncBuiltinESMExports();
`;

threads.Worker = class extends RealWorker {
  /** @param {string | URL} entry @param {import('node:worker_threads').WorkerOptions} options */
  constructor(entry, options) {
    const start = `${SLOW}\nimport(${JSON.stringify(`file://${String(entry)}`)});`;
    super(start, { ...options, eval: true, workerData: { ...options.workerData, pace } });
  }
};
syncBuiltinESMExports();

Reflect.set(globalThis, 'slowDisk', (/** @type {number} */ leastMs, /** @type {number} */ mostMs) => {
  Atomics.store(pace, 0, leastMs);
  Atomics.store(pace, 1, mostMs);
});
Reflect.set(globalThis, 'slowWrites', () => Atomics.load(pace, 2));
