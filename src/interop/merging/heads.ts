import type { Step } from '../../model/step.js';

/** The first item of a sequence that has not been taken yet. */
export interface Head<T> {
  readonly item: T;
  /** The key of the item, or that of an earlier one if it is greater: keys never fall. */
  readonly key: Step;
}

/**
 * Several sequences that are taken together, by key; only the first item of each is in memory.
 *
 * Each keeps its own order: an item whose key is less than that of an earlier one, or that has
 * none, comes right after those before it.
 */
export class Heads<T> {
  readonly #heads: (Head<T> | null)[];

  constructor(
    private readonly sequences: readonly Iterator<T, unknown>[],
    private readonly keyOf: (item: T) => Step | null,
  ) {
    this.#heads = sequences.map((_, index) => this.#read(index, -Infinity));
  }

  /** Returns the number of the sequence whose head has the least key, the first of several; -1 at the end. */
  least(): number {
    let least = -1;
    let leastKey: Step = Infinity;
    for (let index = 0; index < this.#heads.length; index++) {
      const key = this.#heads[index]?.key;
      if (key === undefined || (least >= 0 && key >= leastKey)) continue;
      least = index;
      leastKey = key;
    }
    return least;
  }

  /** Returns the head of a sequence; null at its end. */
  at(index: number): Head<T> | null {
    return this.#heads[index] ?? null;
  }

  /** Takes the head of a sequence. */
  take(index: number): void {
    this.#heads[index] = this.#read(index, this.#heads[index]?.key ?? -Infinity);
  }

  /** Ends all sequences. */
  close(): void {
    for (const sequence of this.sequences) sequence.return?.();
  }

  #read(index: number, before: Step): Head<T> | null {
    const next = this.sequences[index]?.next();
    if (next === undefined || next.done === true) return null;
    const own = this.keyOf(next.value);
    return { item: next.value, key: own !== null && own > before ? own : before };
  }
}

/** Yields the items of sequences in the order of their keys, with the number of their sequence. */
export function* inOrder<T>(
  sequences: readonly Iterator<T, unknown>[],
  keyOf: (item: T) => Step | null,
): Generator<readonly [item: T, index: number], void> {
  const heads = new Heads(sequences, keyOf);
  try {
    for (let index = heads.least(); index >= 0; index = heads.least()) {
      const head = heads.at(index);
      if (head !== null) yield [head.item, index];
      heads.take(index);
    }
  } finally {
    heads.close();
  }
}
