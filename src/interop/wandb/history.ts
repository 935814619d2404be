import type { MetricRow, MetricValue } from '../../model/metric.js';
import { isMistake } from '../../model/errors.js';
import { quantity } from '../../pure/quantity.js';
import { rowValues } from '../exchange/made-row.js';
import { isCsv } from '../csv/csv-importer.js';
import { rowsOfTable } from '../csv/csv-table.js';
import { dialectOf } from '../csv/dialect.js';
import { guessedLayout } from '../csv/guessed-layout.js';
import { asyncOf } from '../exchange/async-of.js';
import { NO_HINTS, type TableHints } from '../exchange/exchange-run.js';
import type { Findings } from '../exchange/findings.js';
import { oneRowAStep } from '../exchange/one-row-a-step.js';
import { corruptAt, isMapping, type Mapping, textAt } from '../source/source-files.js';
import { linesOf } from '../text/lines.js';
import { histogramTextOf } from './wandb-histogram.js';
import { notFiniteOf, parsePythonJson } from './python-json.js';

// A longer text is beyond what the engine holds as one string.
// @bound refuses: CORRUPT, with the size
const MAX_JSON_BYTES = 256 * 1024 * 1024;
const RUNTIME = '_runtime';

/**
 * Reads the rows of a history. `_step` is the step, `_timestamp` (seconds) the time or, without it,
 * `startedAt` plus `_runtime` seconds; other names that begin with `_` are W&B's own and left out.
 * `"NaN"` and `"Infinity"` are the numbers W&B means by them; nested values become `a.b`, histograms
 * those of a run of ours, lists and other media JSON text. Lines that are not whole are left out
 * and told.
 */
export async function historyRows(
  path: string,
  startedAt: string | null,
  findings: Findings,
  options: TableHints = NO_HINTS,
): Promise<() => AsyncIterable<MetricRow>> {
  const startMs = startedAt === null ? null : Date.parse(startedAt);
  if (!isCsv(path)) return () => oneRowAStep(asyncOf(jsonRows(path, startMs, findings)));
  const records = { dialect: dialectOf(path, options.delimiter), findings };
  const layout = await guessedLayout(path, records, options);
  return () => oneRowAStep(csvRows(rowsOfTable(path, layout, records), startMs));
}

async function* csvRows(
  rows: AsyncIterable<MetricRow>,
  startMs: number | null,
): AsyncGenerator<MetricRow, void> {
  for await (const row of rows) yield ownRow(row, startMs);
}

/** Leaves the columns of W&B out of a row of its history, and takes the time from them. */
export function ownRow({ step, timestamp, values }: MetricRow, startMs: number | null): MetricRow {
  const timed = timestamp ?? timeOf(undefined, values[RUNTIME], startMs);
  const own = flatValues(Object.entries(values).filter(([name]) => !name.startsWith('_')));
  return { step: step ?? null, ...(timed !== undefined && { timestamp: timed }), values: rowValues(own) };
}

function* jsonRows(path: string, startMs: number | null, findings: Findings): Generator<MetricRow, void> {
  for (const row of entriesIn(path, findings)) {
    const { _step: step, _timestamp: seconds, [RUNTIME]: runtime } = row;
    const timestamp = timeOf(seconds, runtime, startMs);
    yield {
      step: typeof step === 'number' ? step : null,
      ...(timestamp !== undefined && { timestamp }),
      values: rowValues(flatValues(Object.entries(row).filter(([name]) => !name.startsWith('_')))),
    };
  }
}

/** The time of a row: that of its `_timestamp` or, without it, `_runtime` after the start. */
export function timeOf(seconds: unknown, runtime: unknown, startMs: number | null): number | undefined {
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
    const distribution = histogramTextOf(value);
    if (distribution !== undefined) return [[metric, distribution]];
    const isGroup = isMapping(value) && !('_type' in value) && prefix.split('.').length < 16;
    return isGroup ? flatValues(Object.entries(value), `${metric}.`) : [[metric, JSON.stringify(value)]];
  });
}

function* entriesIn(path: string, findings: Findings): Generator<Mapping, void> {
  const wrong = new Map<string, number>();
  const check = (row: unknown, line: number): Mapping | null => {
    const why = !isMapping(row)
      ? 'that are no JSON object'
      : hasStep(row)
        ? null
        : 'whose _step is no whole number';
    if (isMapping(row) && why === null) return row;
    const count = (wrong.get(why ?? '') ?? 0) + 1;
    wrong.set(why ?? '', count);
    findings.add('damaged', `${quantity(count, `lines ${why}`)} (the last is line ${line})`, why ?? '');
    return null;
  };
  for (const [row, line] of /\.json$/i.test(path) ? listIn(path) : linesIn(path)) {
    const entry = check(row, line);
    if (entry !== null) yield entry;
  }
}

/** A step may be absent. */
const hasStep = ({ _step: step }: Mapping): boolean =>
  step === undefined || step === null || Number.isSafeInteger(step);

/** Parses the lines of a file; what is no JSON, such as a last line that was cut off, is null. */
function* linesIn(path: string): Generator<readonly [row: unknown, line: number], void> {
  for (const { text, number } of linesOf(path)) {
    if (text.trim() === '') continue;
    let row: unknown = null;
    try {
      row = parsePythonJson(text, path, number);
    } catch (error) {
      if (isMistake(error)) throw error;
    }
    yield [row, number];
  }
}

function listIn(path: string): (readonly [row: unknown, line: number])[] {
  const rows = parsePythonJson(textAt(path, MAX_JSON_BYTES) ?? '', path);
  if (!Array.isArray(rows)) throw corruptAt(path, 'it is not a list of rows');
  return rows.map((row: unknown, at) => [row, at + 1] as const);
}
