import { resolve } from 'node:path';
import { EMPTY, type Observable, concat, filter, from, lastValueFrom, map, merge, tap } from 'rxjs';
import type { LogLine } from '../run/log-line.js';
import type { MetricValue } from '../model/metric.js';
import { RunStatus } from '../model/run-status.js';
import { printable } from '../model/printable.js';
import { followLog } from '../reader/follow-log.js';
import type { StoredRow } from '../reader/select-rows.js';
import { type StoredRun, openStoredRun } from '../reader/stored-run.js';
import { LEVELS, type LogFilter, lineFilter, readLogFile } from '../reader/read-log.js';
import { nodeFs } from '../storage/node-fs.js';
import { type CommandRun, type OptionsOf, UsageError, listOf, numberOption } from './command.js';
import type { TAIL } from './command-options.js';
import { knownMetrics } from './known-metrics.js';
import { ExitCode, type Terminal } from './terminal.js';
import { count, statusCell, valueText } from './words.js';

const DEFAULT_LINES = 10;
/**
 * Metrics of a row that are printed; --json prints all.
 *
 * @bound tells: the line says how many more, --json has all; specs/cli/left-out.spec.ts "says how
 * many metrics it has no room for"
 */
const MAX_METRICS = 40;

/** A log line or a row, and the time it was logged. */
type Item =
  | { readonly kind: 'log'; readonly timestampMs: number; readonly line: LogLine }
  | { readonly kind: 'row'; readonly timestampMs: number; readonly row: StoredRow };

type TailOptions = OptionsOf<typeof TAIL>;

export const run: CommandRun<typeof TAIL> = async ([path = ''], options, terminal) => {
  const stored = openStoredRun(nodeFs, resolve(path));
  const wanted = listOf(options.metrics);
  // A run that is followed may log it later.
  const isAwaited = options.follow === true && stored.facts.status === RunStatus.Running;
  const metrics = isAwaited ? wanted : knownMetrics(wanted, new Set(stored.facts.metrics.keys()));
  const show = (item: Item): void => {
    print(item, options, terminal, metrics);
  };
  if (options.follow !== true) {
    (await lastItems(stored, options, metrics)).forEach(show);
    return ExitCode.ok;
  }
  await lastValueFrom(itemsAsTheyCome(stored, options).pipe(tap(show)), { defaultValue: null });
  if (options.json !== true) {
    const { status, owner } = (await stored.refresh()).facts;
    const cell = statusCell(status, owner);
    terminal.print(typeof cell === 'string' ? cell : terminal.style(cell.style, cell.text));
  }
  return ExitCode.ok;
};

const lastOf = (options: TailOptions): number => numberOption(options, 'lines', { min: 0 }) ?? DEFAULT_LINES;
const wantsLog = (options: TailOptions): boolean => options.log;
const wantsRows = (options: TailOptions): boolean => options.rows;

function logFilter(options: TailOptions): LogFilter {
  const { level, grep: text } = options;
  if (level !== undefined && !LEVELS.includes(level.toLowerCase()))
    throw new UsageError(`--level must be one of ${LEVELS.join(', ')}; got ${JSON.stringify(level)}`);
  return { ...(level !== undefined && { level }), ...(text !== undefined && { text }) };
}

/** Returns the last lines and the last rows, in the order they were logged. */
async function lastItems(
  stored: StoredRun,
  options: TailOptions,
  metrics: readonly string[] | undefined,
): Promise<Item[]> {
  const last = lastOf(options);
  const lines = wantsLog(options) ? await stored.logs({ ...logFilter(options), last }) : [];
  const rows: StoredRow[] = [];
  if (wantsRows(options) && last > 0)
    for await (const row of stored.rows({ ...(metrics !== undefined && { columns: metrics }) })) {
      if (Object.keys(row.values).length === 0) continue;
      rows.push(row);
      if (rows.length >= 2 * last + 1024) rows.splice(0, rows.length - last);
    }
  return [
    ...lines.map((line): Item => ({ kind: 'log', timestampMs: line.timestampMs, line })),
    ...rows.slice(last === 0 ? rows.length : -last).map(rowItem),
  ].sort((one, other) => one.timestampMs - other.timestampMs);
}

const rowItem = (row: StoredRow): Item => ({ kind: 'row', timestampMs: row.timestamp, row });

/** Emits the last items and then all new ones, with none lost in between. */
function itemsAsTheyCome(stored: StoredRun, options: TailOptions): Observable<Item> {
  const last = lastOf(options);
  const rows$ = wantsRows(options) ? stored.follow({ from: last }) : EMPTY;
  return merge(wantsLog(options) ? linesAsTheyCome(stored, options, last) : EMPTY, rows$.pipe(map(rowItem)));
}

function linesAsTheyCome({ runDir }: StoredRun, options: TailOptions, last: number): Observable<Item> {
  const wanted = logFilter(options);
  const { lines, end } = readLogFile(nodeFs, runDir, { ...wanted, last });
  const item = (line: LogLine): Item => ({ kind: 'log', timestampMs: line.timestampMs, line });
  return concat(from(lines), followLog(nodeFs, runDir, { from: end }).pipe(filter(lineFilter(wanted)))).pipe(
    map(item),
  );
}

function print(item: Item, { json }: TailOptions, terminal: Terminal, metrics?: readonly string[]): void {
  if (item.kind === 'log') {
    if (json === true) terminal.jsonLine({ kind: 'log', ...item.line });
    else terminal.print(lineText(item.line, terminal));
    return;
  }
  const { step, timestamp } = item.row;
  const entries = Object.entries(item.row.values).filter(([name]) => metrics?.includes(name) ?? true);
  if (entries.length === 0) return;
  if (json === true) terminal.jsonLine({ kind: 'row', step, timestamp, values: Object.fromEntries(entries) });
  else
    terminal.print(
      `${terminal.style('dim', `${timeText(timestamp)} step ${step ?? '-'}`)}  ${valuesText(entries)}`,
    );
}

function valuesText(entries: readonly (readonly [string, MetricValue])[]): string {
  const shown = entries
    .slice(0, MAX_METRICS)
    .map(([name, value]) => `${printable(name)} ${valueText(value)}`);
  const left = entries.length - shown.length;
  return [...shown, ...(left > 0 ? [`… and ${count(left)} more; choose with --metrics`] : [])].join('  ');
}

function lineText({ timestampMs, level, message, meta }: LogLine, terminal: Terminal): string {
  const style = level === 'error' ? 'red' : level === 'warn' ? 'yellow' : 'bold';
  const beside = Object.keys(meta).length === 0 ? '' : ` ${JSON.stringify(meta)}`;
  return `${terminal.style('dim', timeText(timestampMs))} ${terminal.style(style, level.toUpperCase().padEnd(5))} ${printable(message + beside)}`;
}

const timeText = (ms: number): string =>
  Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString().slice(11, 23) : '-';
