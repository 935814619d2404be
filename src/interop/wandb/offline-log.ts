import { crc32 } from 'node:zlib';
import { nodeFs } from '../../storage/node-fs.js';
import { readAll } from '../../storage/read-all.js';
import { beginningOf, corruptAt, kindAt } from '../source/source-files.js';

/** How a file of W&B begins: `:W&B`, the number 0xBEE1 and a version, little endian. */
const BEGINNING = Buffer.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe);
const HEADER_BYTES = 7;
const BLOCK_BYTES = 32 * 1024;
const CHUNK_HEADER_BYTES = 7;
/** The kinds of chunks of a record: it is one, or the first, a middle or the last one of several. */
const CHUNK = { full: 1, first: 2, middle: 3, last: 4 } as const;
/**
 * The longest record; one holds what was logged in a step.
 *
 * @bound refuses: CORRUPT with strict; without it the record is counted as damaged
 */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** True if a file begins like the log that W&B keeps of a run. */
export const isOfflineLog = (path: string): boolean =>
  kindAt(path) === 'file' && beginningOf(path, BEGINNING.length).equals(BEGINNING);

/** What was not read of such a file. */
export interface OfflineLosses {
  /** Places where bytes do not match their checksum; reading went on in the next block. */
  damaged: number;
  /** The byte at which a last record begins that is cut off; null if none is. */
  tornAt: number | null;
}

/**
 * Yields the records of the log that W&B keeps of a run, as its `datastore` writes it: blocks of 32
 * kB with chunks of records, as in the logs of LevelDB, with the CRC-32 of zlib. A block
 * is in memory at a time.
 *
 * @param losses - gets what could not be read
 * @throws {@link ExpmanError} `CORRUPT` for a file that does not begin like one
 */
export function* offlineRecords(path: string, losses: OfflineLosses): Generator<Uint8Array, void> {
  if (!isOfflineLog(path)) throw corruptAt(path, 'it does not begin like a log of W&B');
  const file = nodeFs.open(path, 'read');
  try {
    const { size } = nodeFs.statOpen(file);
    let parts: Uint8Array[] = [];
    let begun: number | null = null;
    for (let start = 0; start < size; start += BLOCK_BYTES) {
      const block = Buffer.alloc(Math.min(BLOCK_BYTES, size - start));
      readAll(nodeFs, file, block, start, path);
      let at = start === 0 ? HEADER_BYTES : 0;
      while (block.length - at >= CHUNK_HEADER_BYTES) {
        const chunk = chunkAt(block, at);
        if (chunk === 'padding') break;
        if (chunk === 'torn' && start + block.length === size) {
          losses.tornAt = begun ?? start + at;
          return;
        }
        if (typeof chunk === 'string') {
          losses.damaged++;
          [parts, begun] = [[], null];
          break;
        }
        const { type, data } = chunk;
        if (type === CHUNK.full || type === CHUNK.first) {
          if (begun !== null) losses.damaged++;
          [parts, begun] = [[data], start + at];
        } else if (begun === null) losses.damaged++;
        else parts.push(data);
        at += CHUNK_HEADER_BYTES + data.length;
        if (begun === null) continue;
        if (parts.reduce((sum, part) => sum + part.length, 0) > MAX_RECORD_BYTES) {
          losses.damaged++;
          [parts, begun] = [[], null];
        } else if (type === CHUNK.full || type === CHUNK.last) {
          yield Buffer.concat(parts);
          [parts, begun] = [[], null];
        }
      }
      // Fewer bytes than a header are left at the end of a block, and of a file that was cut off.
      if (block.length < BLOCK_BYTES && at < block.length && block.subarray(at).some((byte) => byte !== 0))
        losses.tornAt ??= begun ?? start + at;
    }
    if (begun !== null) losses.tornAt ??= begun;
  } finally {
    nodeFs.close(file);
  }
}

function chunkAt(
  block: Buffer,
  at: number,
): { readonly type: number; readonly data: Uint8Array } | 'padding' | 'torn' | 'damaged' {
  const [checksum, length, type] = [
    block.readUInt32LE(at),
    block.readUInt16LE(at + 4),
    block.readUInt8(at + 6),
  ];
  if (checksum === 0 && length === 0 && type === 0) return 'padding';
  const end = at + CHUNK_HEADER_BYTES + length;
  if (end > block.length) return block.length < BLOCK_BYTES ? 'torn' : 'damaged';
  if (type < CHUNK.full || type > CHUNK.last) return 'damaged';
  const data = block.subarray(at + CHUNK_HEADER_BYTES, end);
  return crc32(data, crc32(Buffer.of(type))) === checksum ? { type, data } : 'damaged';
}
