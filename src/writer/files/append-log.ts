import { join } from 'node:path';
import { LOG_NAME } from '../../run/file-names.js';
import type { FsPort } from '../../storage/fs-port.js';
import { readUpTo } from '../../storage/read-all.js';
import { writeAll } from '../../storage/write-all.js';

const NEWLINE = 0x0a;

/** The place of a run.log. */
export interface LogPlace {
  readonly fs: FsPort;
  readonly folder: string;
  /** True if lines are synced before they count as written. */
  readonly power: boolean;
}

/** The lines that wait for run.log, for example in a run's state. */
export interface PendingLines {
  /** `pending` lines belong after the first `offset` bytes of the file. */
  readonly log: { readonly offset: number; readonly pending: readonly string[] };
  /** Called when the first `count` lines are in the file, which now has `offset` bytes. */
  readonly logged: (count: number, offset: number) => void;
}

/**
 * Brings run.log up to date with the last pending line in one append.
 *
 * The content of the file after the known offset decides what is missing: an interrupted append is
 * completed, and no line is written twice. Lines in the file that the WAL has lost stay where they
 * are.
 */
export function healLog(place: LogPlace, lines: PendingLines): void {
  const { fs, folder } = place;
  const { offset, pending } = lines.log;
  if (pending.length === 0) return;
  const wanted = Buffer.from(pending.join(''));
  const path = join(folder, LOG_NAME);
  const size = fs.stat(path)?.size ?? 0;
  const present = readUpTo(fs, path, offset, Math.min(wanted.length, Math.max(0, size - offset)));
  const known = wanted.subarray(0, present.length).equals(present) ? present.length : 0;
  const torn = known === 0 && size > 0 && readUpTo(fs, path, size - 1, 1)[0] !== NEWLINE;
  appendLog(
    place,
    lines,
    pending.length,
    Buffer.concat([torn ? Buffer.of(NEWLINE) : Buffer.alloc(0), wanted.subarray(known)]),
  );
}

/** Appends the first `count` pending lines to run.log, as one write. */
export function appendLines(place: LogPlace, lines: PendingLines, count: number): void {
  appendLog(place, lines, count, Buffer.from(lines.log.pending.slice(0, count).join('')));
}

function appendLog({ fs, folder, power }: LogPlace, lines: PendingLines, count: number, bytes: Buffer): void {
  const file = fs.open(join(folder, LOG_NAME), 'append');
  try {
    writeAll(fs, file, bytes, null);
    const { size } = fs.statOpen(file);
    // The next checkpoint, which replaces all earlier ones, no longer has these lines.
    if (power) fs.syncData(file);
    if (power && size === bytes.length) fs.syncFolder(folder);
    lines.logged(count, size);
  } finally {
    fs.close(file);
  }
}

/** Syncs run.log, if there is one. */
export function syncLog(fs: FsPort, folder: string): void {
  const path = join(folder, LOG_NAME);
  if (fs.stat(path) === null) return;
  const file = fs.open(path, 'append');
  try {
    fs.sync(file);
  } finally {
    fs.close(file);
  }
}
