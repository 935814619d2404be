import type { Dense, Strings } from './dense.js';
import { equalBytes, hashBytes, hashWords } from './hash.js';
import { indexWidth } from './hybrid.js';
import { plainLength } from './plain.js';

/** The distinct values of a chunk and, for each of its values, the index among them. */
export interface Dictionary {
  readonly entries: Dense;
  readonly indices: Int32Array;
  /** Bits per index. */
  readonly width: number;
}

/**
 * The most bytes to which a dictionary of strings may expand; without a limit, a few bytes decode
 * to gigabytes.
 *
 * @bound refuses: CORRUPT when it is read; longer strings are written without a dictionary
 */
export const MAX_EXPANDED_BYTES = 256 * 1024 * 1024;

const SAMPLE = 2048;
const STRETCH = 8;
const sampleSlots = new Int32Array(SAMPLE * 4);

/**
 * Finds the dictionary of a chunk's values, or null if it could not be much smaller than PLAIN.
 *
 * A sample decides first, so that columns of random doubles cost 20 microseconds and not a hash
 * table of all values: 256 runs of 8 neighbours, because values may repeat side by side or far
 * apart, at irregular places, because they may repeat at regular ones. A dictionary of 64-bit
 * values pays off up to some 0.7 distinct values per value, where s samples of n values hold s^2 /
 * 1.4 n repeats; a third of that is enough.
 */
export function findDictionary(dense: Dense): Dictionary | null {
  if (dense.kind === 'bits' || dense.count < 4) return null;
  if (dense.count > SAMPLE && sampleRepeats(dense) < (SAMPLE * SAMPLE) / (dense.count * 4.5)) return null;
  if (dense.kind === 'words') return wordsDictionary(dense.words, dense.count);
  const plain = plainLength(dense);
  return plain > MAX_EXPANDED_BYTES ? null : stringsDictionary(dense, plain * 0.95);
}

/** Counts the sampled values that occurred earlier in the sample. */
function sampleRepeats(dense: Exclude<Dense, { kind: 'bits' }>): number {
  const stretches = SAMPLE / STRETCH;
  const room = dense.count / stretches;
  const mask = sampleSlots.length - 1;
  sampleSlots.fill(0);
  let repeats = 0;
  for (let s = 0; s < stretches; s++) {
    // A random place in this run's part of the values.
    const from = Math.floor(s * room + ((hashWords(s, 1) >>> 0) / 2 ** 32) * (room - STRETCH));
    for (let i = from; i < from + STRETCH; i++) {
      // The hash represents the value; in one chunk of a thousand, two of 2,048 values share one.
      // Zero marks a free slot.
      const hash = hashAt(dense, i) | 1;
      let slot = (hash >>> 1) & mask;
      while (sampleSlots[slot] !== 0 && sampleSlots[slot] !== hash) slot = (slot + 1) & mask;
      if (sampleSlots[slot] === hash) repeats++;
      sampleSlots[slot] = hash;
    }
  }
  return repeats;
}

function hashAt(dense: Exclude<Dense, { kind: 'bits' }>, i: number): number {
  if (dense.kind === 'words') return hashWords(dense.words[i * 2] ?? 0, dense.words[i * 2 + 1] ?? 0);
  return hashBytes(dense.bytes, dense.starts[i] ?? 0, dense.ends[i] ?? 0);
}

/** Compares bit patterns: -0 is not 0, and each NaN pattern is distinct. */
function wordsDictionary(words: Int32Array, count: number): Dictionary | null {
  const most = Math.ceil(count * 0.75);
  const indices = new Int32Array(count);
  let slots = new Int32Array(1024);
  let entries = new Int32Array(slots.length);
  let size = 0;
  let current = -1;
  let currentLow = 0;
  let currentHigh = 0;
  for (let i = 0; i < count; i++) {
    const low = words[i * 2] ?? 0;
    const high = words[i * 2 + 1] ?? 0;
    // Epochs and learning rates occur in long runs, which need no hashing.
    if (current < 0 || low !== currentLow || high !== currentHigh) {
      const mask = slots.length - 1;
      let slot = hashWords(low, high) & mask;
      let found = slots[slot] ?? 0;
      while (found !== 0 && (entries[found * 2 - 2] !== low || entries[found * 2 - 1] !== high)) {
        slot = (slot + 1) & mask;
        found = slots[slot] ?? 0;
      }
      if (found === 0) {
        if (size >= most) return null;
        entries[size * 2] = low;
        entries[size * 2 + 1] = high;
        found = ++size;
        slots[slot] = found;
        if (size * 2 === slots.length) {
          const wider = new Int32Array(entries.length * 2);
          wider.set(entries);
          entries = wider;
          slots = rehash(slots.length * 2, size, (entry) =>
            hashWords(wider[entry * 2] ?? 0, wider[entry * 2 + 1] ?? 0),
          );
        }
      }
      current = found - 1;
      currentLow = low;
      currentHigh = high;
    }
    indices[i] = current;
  }
  return {
    entries: { kind: 'words', count: size, words: entries.subarray(0, size * 2) },
    indices,
    width: indexWidth(size),
  };
}

function stringsDictionary({ count, starts, ends, bytes }: Strings, limit: number): Dictionary | null {
  const indices = new Int32Array(count);
  let slots = new Int32Array(1024);
  // The start and end of each entry, as of each value.
  const entryStarts: number[] = [];
  const entryEnds: number[] = [];
  let length = 0;
  for (let i = 0; i < count; i++) {
    const start = starts[i] ?? 0;
    const end = ends[i] ?? 0;
    const mask = slots.length - 1;
    let slot = hashBytes(bytes, start, end) & mask;
    let found = slots[slot] ?? 0;
    while (
      found !== 0 &&
      !equalBytes(bytes, start, end, entryStarts[found - 1] ?? 0, entryEnds[found - 1] ?? 0)
    ) {
      slot = (slot + 1) & mask;
      found = slots[slot] ?? 0;
    }
    if (found === 0) {
      length += 4 + end - start;
      if (length > limit) return null;
      entryStarts.push(start);
      found = entryEnds.push(end);
      slots[slot] = found;
      if (found * 2 === slots.length) {
        slots = rehash(slots.length * 2, found, (entry) =>
          hashBytes(bytes, entryStarts[entry] ?? 0, entryEnds[entry] ?? 0),
        );
      }
    }
    indices[i] = found - 1;
  }
  const entries: Dense = {
    kind: 'strings',
    count: entryStarts.length,
    starts: Int32Array.from(entryStarts),
    ends: Int32Array.from(entryEnds),
    bytes,
  };
  return { entries, indices, width: indexWidth(entries.count) };
}

/** A table of `length` slots that hold the entries' numbers, counted from 1, at their hashes. */
function rehash(length: number, size: number, hash: (entry: number) => number): Int32Array<ArrayBuffer> {
  const slots = new Int32Array(length);
  const mask = length - 1;
  for (let entry = 0; entry < size; entry++) {
    let slot = hash(entry) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = entry + 1;
  }
  return slots;
}
