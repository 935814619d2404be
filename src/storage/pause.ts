const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/**
 * Blocks the thread and its event loop, for work that must be finished before a synchronous call
 * returns.
 */
export function pause(ms: number): void {
  Atomics.wait(NOBODY, 0, 0, ms);
}
