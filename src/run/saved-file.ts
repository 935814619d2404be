import { createHash } from 'node:crypto';
import { ExpmanError } from '../model/errors.js';
import type { FileFacts, FsPort } from '../storage/fs-port.js';
import { readAll } from '../storage/read-all.js';

const SLICE_BYTES = 1024 * 1024;

/** A file of a run whose size and checksum were noted when it was written. */
export interface SavedFile {
  readonly path: string;
  /** Its size in bytes. */
  readonly size: number;
  /** The digest of its content, in hex. */
  readonly sha256: string;
}

/**
 * Returns what is wrong with a file of a run, to be read after its path; null for a regular file of
 * the right size.
 *
 * @param verb - what was done with the file: `saved`, `logged`
 */
export function problemOf(facts: FileFacts | null, size: number, verb: string): string | null {
  if (facts === null) return 'is missing';
  if (facts.kind !== 'file') return 'is not a regular file';
  return facts.size === size ? null : `has ${facts.size} bytes instead of the ${size} that were ${verb}`;
}

/**
 * Reads a file slice by slice into the buffers that `into` gives, and compares its size and
 * checksum; pauses after each slice, so that a caller can let others have their turn.
 *
 * @throws ExpmanError `CORRUPT`; errors of the file system
 */
export function* readSlices(
  fs: FsPort,
  { path, size, sha256 }: SavedFile,
  verb: string,
  into: (at: number, length: number) => Uint8Array,
): Generator<void, void> {
  const corrupt = (what: string): ExpmanError => new ExpmanError('CORRUPT', `${path} ${what}`, { path });
  const check = (facts: FileFacts | null): void => {
    const problem = problemOf(facts, size, verb);
    if (problem !== null) throw corrupt(problem);
  };
  check(fs.stat(path));
  const file = fs.open(path, 'read');
  try {
    // The path may have been given to another file since.
    check(fs.statOpen(file));
    const hash = createHash('sha256');
    for (let at = 0; at < size; at += SLICE_BYTES) {
      const slice = into(at, Math.min(SLICE_BYTES, size - at));
      readAll(fs, file, slice, at, path);
      hash.update(slice);
      yield;
    }
    if (hash.digest('hex') !== sha256) throw corrupt(`does not have the content that was ${verb}`);
  } finally {
    fs.close(file);
  }
}

/** Gives the same buffer for every slice, for a reader that only compares the checksum. */
export function sliceBuffer(size: number): (at: number, length: number) => Uint8Array {
  const slice = new Uint8Array(Math.min(SLICE_BYTES, size));
  return (_at, length) => slice.subarray(0, length);
}

/** Compares size and checksum of a file at once. @throws as {@link readSlices} */
export function checkSavedFile(fs: FsPort, file: SavedFile, verb: string): void {
  const slices = readSlices(fs, file, verb, sliceBuffer(file.size));
  while (slices.next().done !== true);
}
