/** The question a thread is at, and the number of the one that nobody waits for any more, which the server writes. */
let asked: { readonly call: number; readonly unwanted: Int32Array } | null = null;

/** Says which question is answered from now on. */
export function beginQuestion(call: number, unwanted: Int32Array): void {
  asked = { call, unwanted };
}

/** Gives up the answer nobody waits for. To be called between the batches of what takes long: a thread hears of nothing before its end. */
export function checkWanted(): void {
  if (asked !== null && Atomics.load(asked.unwanted, 0) === asked.call)
    throw new Error('nobody waits for the answer any more');
}
