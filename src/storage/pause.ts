const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/** Stands still, and the event loop with it: for what has to be over when a synchronous call returns. */
export function pause(ms: number): void {
  Atomics.wait(NOBODY, 0, 0, ms);
}
