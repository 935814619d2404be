import { valueAt } from '../columnar/row-values.js';
import { parseLogLine } from '../engine/log-line.js';
import { decodeSpans } from '../writer/decode-spans.js';
import type { OpenRows } from './read-rows.js';

/**
 * How long a run has lasted, in milliseconds: what its run.yaml says, or until the last row or log line that only the write-ahead
 * log has. A run that was killed before it said anything of itself again has run.yaml say 0.
 */
export function lastedMs(said: unknown, startedAt: string, { replay }: OpenRows): number {
  const written = typeof said === 'number' ? said : 0;
  const latest = [
    lastRowMs(replay),
    parseLogLine(replay.state.log.pending.at(-1)?.trimEnd() ?? '')?.timestampMs,
  ];
  // Times of rows are whatever the caller says; what has not come yet is none.
  const known = latest.filter((ms): ms is number => ms !== undefined && ms <= Date.now());
  return Math.max(written, ...known.map((ms) => ms - Date.parse(startedAt)).filter((ms) => ms > 0));
}

function lastRowMs({ spans }: OpenRows['replay']): number | undefined {
  const { timestamp } = decodeSpans(spans.slice(-1));
  const last = timestamp.length === 0 ? null : valueAt(timestamp, timestamp.length - 1);
  return last === null ? undefined : Number(last) / 1000;
}
