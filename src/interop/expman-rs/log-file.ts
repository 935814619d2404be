import { join } from 'node:path';
import type { LogLine } from '../../run/log-line.js';
import { microsOfIso } from '../exchange/instants.js';
import { kindAt } from '../source/source-files.js';
import { linesOf } from '../text/lines.js';

const LINE = /^\[([^\]]{1,40})\] \[([A-Z]{1,10})\] ?(.*)$/s;

/**
 * Yields the lines of its `run.log`, `[2026-01-01T12:00:00.000Z] [INFO] message`; any other line
 * continues the previous one.
 */
export function* logOf(folder: string): Generator<LogLine, void> {
  const path = join(folder, 'run.log');
  if (kindAt(path) !== 'file') return;
  let head: LogLine | null = null;
  let tail: string[] = [];
  for (const { text } of linesOf(path)) {
    const next = lineOf(text);
    if (next === null && head !== null) {
      tail.push(text);
      continue;
    }
    if (head !== null) yield joined(head, tail);
    head = next ?? { timestampMs: 0, level: 'info', message: text, meta: {} };
    tail = [];
  }
  if (head !== null) yield joined(head, tail);
}

const joined = (head: LogLine, tail: readonly string[]): LogLine => ({
  ...head,
  message: [head.message, ...tail].join('\n'),
});

function lineOf(text: string): LogLine | null {
  const [, time = '', level = '', message = ''] = LINE.exec(text) ?? [];
  const micros = microsOfIso(time);
  if (micros === undefined) return null;
  return { timestampMs: Math.floor(micros / 1000), level: level.toLowerCase(), message, meta: {} };
}
