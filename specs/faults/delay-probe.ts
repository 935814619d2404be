import { Worker } from 'node:worker_threads';

const EVERY_MS = 5;
const RECENT = 4000;

// A thread that does what the writer does, every few milliseconds: it waits, writes and syncs a little.
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const fs = require('node:fs');
  const file = fs.openSync(workerData.path, 'w');
  const word = new Int32Array(workerData.stop);
  const bytes = Buffer.alloc(4096);
  while (Atomics.load(word, 0) === 0) {
    const began = performance.now();
    Atomics.wait(word, 0, 0, ${EVERY_MS});
    fs.writeSync(file, bytes, 0, bytes.length, 0);
    fs.fdatasyncSync(file);
    parentPort.postMessage(performance.now() - began - ${EVERY_MS});
  }
  fs.closeSync(file);`;

/** How long this machine keeps a thread waiting for its turn and for the disk, while other things run. */
export class DelayProbe {
  private readonly stop = new SharedArrayBuffer(4);
  private readonly worker: Worker;
  private readonly seen: { readonly at: number; readonly ms: number }[] = [];

  constructor(path: string) {
    this.worker = new Worker(PROGRAM, { eval: true, workerData: { path, stop: this.stop } });
    this.worker.on('message', (ms: number) => {
      this.seen.push({ at: Date.now(), ms });
      if (this.seen.length > RECENT) this.seen.splice(0, RECENT / 2);
    });
    this.worker.unref();
  }

  /** The longest delay in milliseconds since a moment, and in the second before it. */
  worstSince(epochMs: number): number {
    return this.seen.reduce((worst, { at, ms }) => (at >= epochMs - 1000 ? Math.max(worst, ms) : worst), 0);
  }

  async end(): Promise<void> {
    this.worker.ref();
    const word = new Int32Array(this.stop);
    Atomics.store(word, 0, 1);
    Atomics.notify(word, 0);
    await new Promise((resolve) => this.worker.once('exit', resolve));
  }
}
