import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { monotonicMs } from '../model/monotonic.js';
import { tempName } from './atomic-file.js';
import type { FsPort } from './fs-port.js';
import { writeAll } from './write-all.js';

/**
 * The time for which an answer serves every folder of its device: a listing asks for each run of
 * another host.
 */
const GOOD_FOR_MS = 1_000;

interface Answer {
  readonly nowMs: number;
  readonly at: number;
}

const answers = new WeakMap<FsPort, Map<number, Answer>>();

/**
 * Reads the time of a folder's file system, in milliseconds since the epoch, by the clock that
 * stamps its files: writes a temporary file, reads its time, and removes it. Null if no file can be
 * written.
 */
export function fileSystemNow(fs: FsPort, folder: string, monotonic = monotonicMs): number | null {
  const known = answers.get(fs) ?? new Map<number, Answer>();
  answers.set(fs, known);
  try {
    const device = fs.stat(folder)?.device ?? -1;
    const last = known.get(device);
    if (last !== undefined && monotonic() - last.at < GOOD_FOR_MS) return last.nowMs + monotonic() - last.at;
    const nowMs = stampOf(fs, folder);
    known.set(device, { nowMs, at: monotonic() });
    return nowMs;
  } catch {
    return null;
  }
}

function stampOf(fs: FsPort, folder: string): number {
  const path = join(folder, tempName('clock'));
  const fd = fs.open(path, 'create');
  try {
    writeAll(fs, fd, Buffer.of(10), 0);
    return fs.statOpen(fd).modifiedMs;
  } finally {
    attempt(() => fs.close(fd));
    attempt(() => fs.remove(path));
  }
}
