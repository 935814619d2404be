import { valueAt } from '../columnar/column-values.js';
import type { FsPort } from '../storage/fs-port.js';
import { decodeSpans } from './rows/decode-spans.js';
import { NOTHING_PUBLISHED, type Replay, replayWal } from './replay/replay.js';

/** @bound loses nothing: the time at the start of a line */
const STAMP_LENGTH = '2026-01-01T00:00:00.000Z'.length;

/**
 * Finds the time of the last row or log line in a write-ahead log, in milliseconds since the epoch;
 * undefined if the log holds neither.
 */
export function lastSignMs(fs: FsPort, folder: string, uuid: string): number | undefined {
  const replay = replayWal(fs, folder, uuid, NOTHING_PUBLISHED);
  const line = replay.state.log.pending.at(-1)?.slice(0, STAMP_LENGTH) ?? '';
  // Callers may give a row any time; one in the future is not a sign of life.
  const known = [lastRowMs(replay), Date.parse(line)].filter((ms) => ms <= Date.now());
  return known.length === 0 ? undefined : Math.max(...known);
}

function lastRowMs({ spans }: Replay): number {
  // @bound loses nothing: only the last rows are needed
  const { timestamp } = decodeSpans(spans.slice(-1));
  const last = timestamp.length === 0 ? null : valueAt(timestamp, timestamp.length - 1);
  return last === null ? NaN : Number(last) / 1000;
}
