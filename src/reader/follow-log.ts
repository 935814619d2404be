import { join } from 'node:path';
import { type Observable, concatMap, defer, map, takeWhile, timer } from 'rxjs';
import { type LogLine, parseLogLine } from '../run/log-line.js';
import type { FsPort } from '../storage/fs-port.js';
import { OwnerWatch, isOwned } from '../storage/owner-watch.js';
import { LOG_NAME } from '../run/file-names.js';

/**
 * @bound tells: a line in its place says how many bytes; specs/reader/stored-run.spec.ts "is
 * followed past a line that is longer than a chunk, and says how much of it is missing"
 */
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Emits the lines of a run's log after its first `from` bytes, as they are appended to `run.log`,
 * reading each byte once; completes when the run is closed or its owner is dead.
 */
export function followLog(
  fs: FsPort,
  runDir: string,
  { pollMs = 100, from = 0 }: { readonly pollMs?: number; readonly from?: number } = {},
): Observable<LogLine> {
  return defer(() => {
    const path = join(runDir, LOG_NAME);
    const owner = new OwnerWatch(fs, runDir);
    let offset = from;
    return timer(0, pollMs).pipe(
      map(() => {
        const isOver = !isOwned(owner.look());
        const { lines, end } = appended(fs, path, offset);
        offset = end;
        return { lines, isOver: isOver && lines.length === 0 };
      }),
      takeWhile(({ isOver }) => !isOver, true),
      concatMap(({ lines }) => lines),
    );
  });
}

/** Reads the whole lines after `offset`, at most MAX_CHUNK_BYTES of them. */
function appended(
  fs: FsPort,
  path: string,
  offset: number,
): { readonly lines: LogLine[]; readonly end: number } {
  const facts = fs.stat(path);
  if (facts?.kind !== 'file' || facts.size <= offset) return { lines: [], end: offset };
  const file = fs.open(path, 'read');
  try {
    const bytes = Buffer.alloc(Math.min(MAX_CHUNK_BYTES, facts.size - offset));
    const read = fs.read(file, bytes, offset);
    const last = bytes.subarray(0, read).lastIndexOf(10);
    // No line that a run writes is as long as a chunk, so this one is foreign.
    if (last < 0)
      return read === MAX_CHUNK_BYTES
        ? {
            lines: [foreignLine(`[truncated ${read} bytes of a line that has not ended]`)],
            end: offset + read,
          }
        : { lines: [], end: offset };
    const texts = bytes.toString('utf8', 0, last).split('\n');
    const lines = texts.map((text) => parseLogLine(text) ?? foreignLine(text));
    return { lines, end: offset + last + 1 };
  } finally {
    fs.close(file);
  }
}

/** Wraps a line that no run wrote and that has no timestamp. */
const foreignLine = (message: string): LogLine => ({ timestampMs: NaN, level: '', message, meta: {} });
