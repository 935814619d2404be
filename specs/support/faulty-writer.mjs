// Loaded with --import into a child: its writer threads can be made to die. `breakWriter(how)` is there on globalThis,
// and `writerEnded()`, which stands still until the first has ended by an exit of its own.
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

const RealWorker = threads.Worker;
const faults = new threads.BroadcastChannel('faults');
faults.unref();
/** @type {InstanceType<typeof RealWorker>[]} */
const writers = [];
/** How many of them have ended, for a caller that does not let its event loop turn. */
const ended = new Int32Array(new SharedArrayBuffer(4));
threads.setEnvironmentData('writers ended', ended);

// Runs in the writer thread before the real entry; a channel of its own, so that it takes none of its messages.
const FAULTY = `
  const { BroadcastChannel, getEnvironmentData } = require('node:worker_threads');
  const ended = getEnvironmentData('writers ended');
  process.on('exit', () => { Atomics.add(ended, 0, 1); Atomics.notify(ended, 0); });
  const faults = new BroadcastChannel('faults');
  faults.unref();
  faults.onmessage = ({ data }) => {
    switch (data) {
      case 'throw': setImmediate(() => { throw new Error('made to throw'); }); break;
      case 'reject': Promise.reject(new Error('made to reject')); break;
      case 'exit': process.exit(3);
      case 'loop': for (;;);
      case 'heap': { const all = []; for (;;) all.push(new Array(1e5).fill(Math.random())); }
    }
  };
`;

threads.Worker = class extends RealWorker {
  /** @param {string | URL} entry @param {import('node:worker_threads').WorkerOptions} options */
  constructor(entry, options) {
    const start = `${FAULTY}\nimport(${JSON.stringify(`file://${String(entry)}`)});`;
    super(start, { ...options, eval: true, resourceLimits: { maxOldGenerationSizeMb: 200 } });
    writers.push(this);
  }
};
syncBuiltinESMExports();

Reflect.set(globalThis, 'breakWriter', (/** @type {string} */ how) => {
  const writer = writers.at(-1);
  if (how === 'terminate') void writer?.terminate();
  else faults.postMessage(how);
});
Reflect.set(globalThis, 'writersStarted', () => writers.length);
Reflect.set(globalThis, 'writerEnded', () => Atomics.wait(ended, 0, 0));
