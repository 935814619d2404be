// Loaded with --import into a child: its writer threads can be made to die. `breakWriter(how)` is there on globalThis.
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

const RealWorker = threads.Worker;
const faults = new threads.BroadcastChannel('faults');
faults.unref();
/** @type {InstanceType<typeof RealWorker>[]} */
const writers = [];

// Runs in the writer thread before the real entry; a channel of its own, so that it takes none of its messages.
const FAULTY = `
  const { BroadcastChannel } = require('node:worker_threads');
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
