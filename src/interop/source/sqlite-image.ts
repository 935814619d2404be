import { ExpmanError } from '../../model/errors.js';
import { readWhole } from '../../storage/atomic-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { beginningOf, corruptAt, kindAt } from './source-files.js';

const MAGIC = 'SQLite format 3\0';
/**
 * The largest database, which is in memory as a whole.
 *
 * @bound refuses: CORRUPT, with the size
 */
const MAX_BYTES = 1024 * 1024 * 1024;
/** The places in the header that say that a database has a log. */
const VERSIONS = { write: 18, read: 19 };
const WAL = { header: 32, frame: 24, magic: 0x377f0682, version: 3_007_000 };

/** True if a file begins like a database of SQLite. */
export const isSqlite = (path: string): boolean =>
  kindAt(path) === 'file' && beginningOf(path, MAGIC.length).toString('latin1') === MAGIC;

/**
 * Reads a database with the changes in its write-ahead log (`-wal`), without writing to its folder,
 * as SQLite itself would: the formats are those of https://sqlite.org/fileformat2.html.
 *
 * @throws {@link ExpmanError} `CORRUPT` for a database that is too large, or that was left within a
 * transaction (`-journal`), which only a program that may write can roll back
 */
export function sqliteImage(path: string): Uint8Array {
  const image = readWhole(nodeFs, path, MAX_BYTES);
  if (beginningOf(`${path}-journal`, 8).some((byte) => byte !== 0))
    throw corruptAt(
      path,
      `it was left within a transaction: ${path}-journal has to be rolled back; open a copy of both once with its tool or with sqlite3`,
    );
  const log =
    kindAt(`${path}-wal`) === 'file' ? readWhole(nodeFs, `${path}-wal`, MAX_BYTES) : Buffer.alloc(0);
  const whole = log.length < WAL.header ? image : withLog(image, log, path);
  // In memory there is no log: without these a reader would look for one.
  if (whole[VERSIONS.write] === 2) whole[VERSIONS.write] = 1;
  if (whole[VERSIONS.read] === 2) whole[VERSIONS.read] = 1;
  return whole;
}

/** Applies the frames of a log up to the last that ends a transaction. */
function withLog(image: Buffer, log: Buffer, path: string): Buffer {
  const magic = log.readUInt32BE(0);
  if (magic >>> 1 !== WAL.magic >>> 1 || log.readUInt32BE(4) !== WAL.version)
    throw corruptAt(`${path}-wal`, 'it does not begin like the log of a database');
  const isBig = (magic & 1) === 1;
  const pageBytes = log.readUInt32BE(8);
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0)
    throw corruptAt(`${path}-wal`, `pages of ${pageBytes} bytes`);
  let sums = checksum(log.subarray(0, 24), [0, 0], isBig);
  if (sums[0] !== log.readUInt32BE(24) || sums[1] !== log.readUInt32BE(28)) return image;
  const salt = log.subarray(16, 24);
  const waiting = new Map<number, Buffer>();
  const pages = new Map<number, Buffer>();
  let count = 0;
  for (let at = WAL.header; at + WAL.frame + pageBytes <= log.length; at += WAL.frame + pageBytes) {
    const head = log.subarray(at, at + WAL.frame);
    const page = log.subarray(at + WAL.frame, at + WAL.frame + pageBytes);
    sums = checksum(page, checksum(head.subarray(0, 8), sums, isBig), isBig);
    const isValid =
      head.subarray(8, 16).equals(salt) &&
      sums[0] === head.readUInt32BE(16) &&
      sums[1] === head.readUInt32BE(20);
    // What follows is of an older generation, or was cut off.
    if (!isValid) break;
    waiting.set(head.readUInt32BE(0), page);
    const size = head.readUInt32BE(4);
    if (size === 0) continue;
    for (const [number, content] of waiting) pages.set(number, content);
    waiting.clear();
    count = size;
  }
  if (count === 0) return image;
  if (count * pageBytes > MAX_BYTES)
    throw new ExpmanError('CORRUPT', `${path} has ${count} pages of ${pageBytes} bytes`, { path });
  const whole = Buffer.alloc(count * pageBytes);
  image.copy(whole, 0, 0, Math.min(image.length, whole.length));
  for (const [number, content] of pages)
    if (number >= 1 && number <= count) content.copy(whole, (number - 1) * pageBytes);
  return whole;
}

/** The checksum of a log: two sums over pairs of words, each of which takes in the other. */
function checksum(
  bytes: Buffer,
  [first, second]: readonly [number, number],
  isBig: boolean,
): [number, number] {
  let [one, two] = [first, second];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    one = (one + (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + two) >>> 0;
    two = (two + (isBig ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + one) >>> 0;
  }
  return [one, two];
}
