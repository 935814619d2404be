/**
 * The question this thread is answering, and the shared number of the last abandoned one, which the
 * server writes.
 */
let asked: { readonly call: number; readonly unwanted: Int32Array } | null = null;

/** Sets the question that is being answered. */
export function beginQuestion(call: number, unwanted: Int32Array): void {
  asked = { call, unwanted };
}

/**
 * Throws if the question was abandoned. Long reads call it between batches: until they end, a
 * thread receives no message.
 */
export function checkWanted(): void {
  if (asked !== null && Atomics.load(asked.unwanted, 0) === asked.call)
    throw new Error('the client no longer waits for the answer');
}
