import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ExpmanError } from '../../model/errors.js';
import { ByteWindow } from './byte-window.js';
import { ioError } from './io-error.js';
import { FOOTER_BYTES, HEADER_BYTES, isIntact, lengthIn } from './record-frame.js';

/** One record of an event file. */
export interface EventRecord {
  readonly path: string;
  /** The position in its file, in bytes. */
  readonly offset: number;
  readonly data: Uint8Array;
}

/**
 * The largest record in bytes; one that claims to be larger is not read.
 *
 * @bound refuses: CORRUPT, with the place of the record
 */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/**
 * Yields the records of an event file, up to the last complete one; memory is bounded by the
 * largest record. A file that gzip has compressed is unpacked.
 *
 * A file that another process is still writing is read up to its size at the start. A last record
 * that is cut off is left out and reported.
 *
 * @param onTorn - called with the position from which on the bytes are no whole record, and their
 * number as far as it is known
 * @throws {@link ExpmanError} `CORRUPT` with the offset of a record that does not match its
 * checksum or length; `IO`
 */
export async function* readRecords(
  path: string,
  onTorn: (offset: number, bytes: number | null) => void,
): AsyncGenerator<EventRecord> {
  const file = await openRegular(path);
  try {
    const window = await ByteWindow.of(file);
    try {
      for (;;) {
        const { offset, left } = window;
        const data = await nextData(window, path);
        if (data === 'end') return;
        if (data === 'torn') {
          onTorn(offset, left);
          return;
        }
        yield { path, offset, data };
      }
    } finally {
      await window.close();
    }
  } catch (error) {
    throw error instanceof ExpmanError ? error : ioError(path, error);
  } finally {
    await file.close();
  }
}

/** True if a file begins like an event file, or is empty. False if it cannot be read. */
export async function beginsWithRecord(path: string): Promise<boolean> {
  try {
    const file = await openRegular(path);
    try {
      const window = await ByteWindow.of(file);
      const header = await window.read(HEADER_BYTES);
      await window.close();
      return header === null ? (await file.stat()).size === 0 : lengthIn(header) !== null;
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}

/** Makes the error for a record that is not valid. */
export function corruptRecord(path: string, offset: number, what: string, cause?: unknown): ExpmanError {
  return new ExpmanError('CORRUPT', `${path}: the record at byte ${offset} ${what}`, { path, cause });
}

async function nextData(window: ByteWindow, path: string): Promise<Uint8Array | 'end' | 'torn'> {
  const { offset } = window;
  try {
    const end = await window.atEnd();
    if (end !== 'no') return end === 'whole' ? 'end' : 'torn';
    const header = await window.read(HEADER_BYTES);
    if (header === null) return 'torn';
    const length = lengthIn(header);
    // What a power cut leaves of the blocks that were not written yet.
    if (length === null && header.every((byte) => byte === 0)) return 'torn';
    if (length === null) throw corruptRecord(path, offset, 'has a length that does not match its checksum');
    if (window.left !== null && length > window.left - FOOTER_BYTES) return 'torn';
    if (length > MAX_RECORD_BYTES)
      throw corruptRecord(path, offset, `has ${length} bytes; at most ${MAX_RECORD_BYTES} are allowed`);
    const body = await window.read(length + FOOTER_BYTES);
    if (body === null) return 'torn';
    const data = body.subarray(0, length);
    if (!isIntact(data, body.subarray(length)))
      throw corruptRecord(path, offset, 'does not match its checksum');
    return data;
  } catch (error) {
    throw error instanceof RangeError ? corruptRecord(path, offset, error.message, error) : error;
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  // Opening a fifo must not hang; the flag is undefined on Windows, which reads as 0.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: unknown) => {
    throw ioError(path, error);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new ExpmanError('IO', `${path} is not a regular file`, { path });
}
