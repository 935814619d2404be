import { join } from 'node:path';
import { type LogLine, parseLogLine } from '../run/log-line.js';
import { integer, REFUSED, rule, string } from '../model/option-rules.js';
import { optionsTable } from '../model/options-table.js';
import type { FsPort } from '../storage/fs-port.js';
import { LOG_NAME } from '../run/file-names.js';
import type { RunState } from '../run/run-state.js';

const CHUNK_BYTES = 256 * 1024;
/**
 * Bytes after which a line is cut; lines that runs write are shorter.
 *
 * @bound tells: the line ends in how many bytes are missing; specs/reader/stored-run.spec.ts "says
 * how much of a line is missing that is too long, and where no line ends any more"
 */
const MAX_LINE_BYTES = 1024 * 1024;
/**
 * Bytes without a newline after which reading stops, whatever the size of the file: it is not a
 * log.
 *
 * @bound tells: the last line says from where on nothing was read; specs/reader/stored-run.spec.ts
 * "says how much of a line is missing that is too long, and where no line ends any more"
 */
const MAX_LINELESS_BYTES = 64 * 1024 * 1024;
/** The levels to filter a log by, those of npm, from the least to the most severe. */
export const LEVELS: readonly string[] = ['silly', 'debug', 'verbose', 'http', 'info', 'warn', 'error'];

/** The lines of a log to return; all by default. */
export interface LogFilter {
  /** This npm level and more severe ones; lines of an unknown level always match. */
  readonly level?: string | undefined;
  /** Text that the message must contain, ignoring case. */
  readonly text?: string | undefined;
  /** The maximum number of lines, counted from the end. */
  readonly last?: number | undefined;
}

const FILTER = optionsTable<LogFilter>()({
  level: rule<string>(`one of ${LEVELS.map((each) => `'${each}'`).join(', ')}`, (value) =>
    typeof value === 'string' && LEVELS.includes(value.toLowerCase()) ? value : REFUSED,
  ),
  text: string(),
  last: integer(0).byDefault(Infinity),
});

/**
 * Returns the lines of a run's log that match a filter, including those that are only in the
 * write-ahead log (`state`).
 *
 * A line that no run writes becomes a message without a level, `''`, and with the time of the line
 * before it.
 *
 * @throws ExpmanError `INVALID_OPTION` for a filter that breaks its rules
 */
export function readLog(
  fs: FsPort,
  runDir: string,
  state: RunState | null,
  filter: LogFilter = {},
): LogLine[] {
  return linesThrough(linesOf(fs, runDir, state), filter);
}

/**
 * Returns the same for `run.log` alone, and the end of its last whole line, from where it can be
 * followed.
 */
export function readLogFile(
  fs: FsPort,
  runDir: string,
  filter: LogFilter,
): { readonly lines: LogLine[]; readonly end: number } {
  let end = 0;
  function* lines(): Generator<string, void> {
    end = yield* linesFrom(fs, runDir, 0);
  }
  return { lines: linesThrough(lines(), filter), end };
}

/**
 * Yields the lines of a run's log as {@link readLog} returns them, one after another: none but the
 * current one is in memory.
 */
export const logLines = (fs: FsPort, runDir: string, state: RunState | null): Generator<LogLine, void> =>
  parsed(linesOf(fs, runDir, state));

function* parsed(lines: Iterable<string>): Generator<LogLine, void> {
  let timestampMs = 0;
  for (const text of lines) {
    const line = parseLogLine(text) ?? { timestampMs, level: '', message: text, meta: {} };
    timestampMs = line.timestampMs;
    yield line;
  }
}

function linesThrough(lines: Iterable<string>, filter: LogFilter): LogLine[] {
  const { level, text, last } = FILTER.resolve(filter);
  const matches = lineFilter({ level, text });
  let found: LogLine[] = [];
  for (const line of parsed(lines)) {
    if (!matches(line)) continue;
    found.push(line);
    if (found.length > 2 * last + 1024) found = found.slice(-last);
  }
  return last === Infinity ? found : last === 0 ? [] : found.slice(-last);
}

/** Returns a predicate for the lines that match a filter. */
export function lineFilter({
  level,
  text,
}: {
  readonly level?: string | undefined;
  readonly text?: string | undefined;
}): (line: LogLine) => boolean {
  const least = level === undefined ? -1 : LEVELS.indexOf(level.toLowerCase());
  const wanted = text?.toLowerCase();
  return (line) => {
    const rank = LEVELS.indexOf(line.level);
    if (rank >= 0 && rank < least) return false;
    return wanted === undefined || line.message.toLowerCase().includes(wanted);
  };
}

/**
 * Yields run.log as far as it is known to be whole, then the lines that only the write-ahead log
 * has.
 */
function* linesOf(fs: FsPort, runDir: string, state: RunState | null): Generator<string, void> {
  const pending = state?.log.pending ?? [];
  if (pending.length === 0) {
    yield* linesFrom(fs, runDir, 0);
    return;
  }
  const offset = state?.log.offset ?? 0;
  yield* linesFrom(fs, runDir, 0, offset);
  // After the offset, the file holds the start of the pending lines, all of them and more, or other
  // lines.
  const behind = [...linesFrom(fs, runDir, offset)];
  const lines = pending.map((line) => (line.endsWith('\n') ? line.slice(0, -1) : line));
  const isSame = behind.slice(0, lines.length).every((line, index) => line === lines[index]);
  yield* isSame ? lines : behind;
  yield* isSame ? behind.slice(lines.length) : lines;
}

/** Returns a line from its first bytes and its length; a cut line says how much is missing. */
function lineOf(start: Buffer, bytes: number): string {
  if (bytes <= MAX_LINE_BYTES) return start.toString('utf8');
  return `${start.toString('utf8', 0, MAX_LINE_BYTES)}…[truncated ${bytes - MAX_LINE_BYTES} bytes]`;
}

/**
 * Yields the whole lines of a file; text after the last newline is being written, or was cut off.
 * Returns the end of the last line.
 */
function* linesFrom(fs: FsPort, runDir: string, from: number, to = Infinity): Generator<string, number> {
  const path = join(runDir, LOG_NAME);
  if (fs.stat(path)?.kind !== 'file') return from;
  const file = fs.open(path, 'read');
  try {
    const size = Math.min(fs.statOpen(file).size, to);
    let rest = Buffer.alloc(0);
    let end = from;
    for (let at = from; at < size;) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size - at));
      const read = fs.read(file, chunk, at);
      if (read === 0) return end;
      at += read;
      if (at - end > MAX_LINELESS_BYTES) {
        yield `[truncated: from byte ${end} on no line ends within ${MAX_LINELESS_BYTES} bytes]`;
        return end;
      }
      const lines = Buffer.concat([rest, chunk.subarray(0, read)]);
      let start = 0;
      for (let next = lines.indexOf(10); next >= 0; next = lines.indexOf(10, start)) {
        // Counted from the end: the middle of a line that is too long is not kept.
        const newline = at - (lines.length - next);
        yield lineOf(lines.subarray(start, next), newline - end);
        start = next + 1;
        end = newline + 1;
      }
      rest = lines.subarray(start, Math.min(lines.length, start + MAX_LINE_BYTES));
    }
    return end;
  } finally {
    fs.close(file);
  }
}
