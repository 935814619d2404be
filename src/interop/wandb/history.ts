import type { MetricRow, MetricValue } from '../../model/metric.js';
import { rowValues } from '../exchange/made-row.js';
import { isCsv } from '../csv/csv-importer.js';
import { guessedLayout, rowsOfTable } from '../csv/csv-table.js';
import { asyncOf } from '../exchange/async-of.js';
import { corruptAt, isMapping, type Mapping, textAt } from '../source/source-files.js';
import { linesOf } from '../text/lines.js';
import { notFiniteOf, parsePythonJson } from './python-json.js';

// A longer text is beyond what the engine holds as one string.
// @bound refuses: CORRUPT, with the size
const MAX_JSON_BYTES = 256 * 1024 * 1024;
const RUNTIME = '_runtime';

/** A row of the history as in the file. */
interface Entry {
  readonly row: Mapping;
  readonly line: number;
}

/**
 * Reads the rows of a history. `_step` is the step, `_timestamp` (seconds) the time or, without it,
 * `startedAt` plus `_runtime` seconds; other names that begin with `_` are W&B's own and left out.
 * `"NaN"` and `"Infinity"` are the numbers W&B means by them; nested values become `a.b`, lists and
 * media JSON text.
 */
export async function historyRows(
  path: string,
  startedAt: string | null,
): Promise<() => AsyncIterable<MetricRow>> {
  const startMs = startedAt === null ? null : Date.parse(startedAt);
  if (!isCsv(path)) return () => asyncOf(jsonRows(path, startMs));
  const layout = await guessedLayout(path);
  return () => csvRows(path, layout, startMs);
}

async function* csvRows(
  path: string,
  layout: Awaited<ReturnType<typeof guessedLayout>>,
  startMs: number | null,
): AsyncGenerator<MetricRow, void> {
  for await (const { step, timestamp, values } of rowsOfTable(path, layout)) {
    const timed = timestamp ?? timeOf(undefined, values[RUNTIME], startMs);
    const own = Object.entries(values).filter(([name]) => !name.startsWith('_'));
    yield { step: step ?? null, ...(timed !== undefined && { timestamp: timed }), values: rowValues(own) };
  }
}

function* jsonRows(path: string, startMs: number | null): Generator<MetricRow, void> {
  for (const { row, line } of entriesIn(path)) {
    const { _step: step, _timestamp: seconds, [RUNTIME]: runtime } = row;
    if (step !== undefined && step !== null && !Number.isSafeInteger(step))
      throw corruptAt(path, 'the _step is not a whole number', line);
    const timestamp = timeOf(seconds, runtime, startMs);
    yield {
      step: typeof step === 'number' ? step : null,
      ...(timestamp !== undefined && { timestamp }),
      values: rowValues(flatValues(Object.entries(row).filter(([name]) => !name.startsWith('_')))),
    };
  }
}

function timeOf(seconds: unknown, runtime: unknown, startMs: number | null): number | undefined {
  if (typeof seconds === 'number' && Math.abs(seconds) < 1e11) return seconds * 1000;
  return typeof runtime === 'number' && startMs !== null ? startMs + runtime * 1000 : undefined;
}

/** Lists values as a history has them: nested ones as `a.b`, lists and media as JSON text. */
export function flatValues(entries: readonly [string, unknown][], prefix = ''): [string, MetricValue][] {
  return entries.flatMap(([name, value]): [string, MetricValue][] => {
    const metric = prefix + name;
    const number = notFiniteOf(value);
    if (number !== undefined) return [[metric, number]];
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
      return [[metric, value]];
    if (value === null || value === undefined) return [];
    const isGroup = isMapping(value) && !('_type' in value) && prefix.split('.').length < 16;
    return isGroup ? flatValues(Object.entries(value), `${metric}.`) : [[metric, JSON.stringify(value)]];
  });
}

function* entriesIn(path: string): Generator<Entry, void> {
  if (!/\.json$/i.test(path)) {
    for (const { text, number } of linesOf(path))
      if (text.trim() !== '') yield entryOf(parsePythonJson(text, path, number), path, number);
    return;
  }
  const rows = parsePythonJson(textAt(path, MAX_JSON_BYTES) ?? '', path);
  if (!Array.isArray(rows)) throw corruptAt(path, 'it is not a list of rows');
  for (const [at, row] of rows.entries()) yield entryOf(row, path, at + 1);
}

function entryOf(row: unknown, path: string, line: number): Entry {
  if (!isMapping(row)) throw corruptAt(path, 'it is not a row', line);
  return { row, line };
}
