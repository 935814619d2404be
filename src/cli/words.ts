import { lossText } from '../model/losses.js';
import type { MetricValue } from '../model/metric.js';
import type { ParamValue } from '../model/param-value.js';
import { cut, printable } from '../model/printable.js';
import { histogramWords } from '../model/short-text.js';
import type { RunFacts } from '../model/run-facts.js';
import type { Loss } from '../model/run-file.js';
import { RunStatus } from '../model/run-status.js';
import { byteSize } from '../pure/byte-size.js';
import { localTime } from '../pure/local-time.js';
import { count, quantity } from '../pure/quantity.js';
import type { Cell } from './terminal.js';

export { count, cut, quantity };

/**
 * The number of characters of a text that a table shows.
 *
 * @bound tells: the cell ends in an ellipsis, --json has all; specs/model/printable.spec.ts "ends
 * in an ellipsis where it is longer than there is room for"
 */
export const MAX_TEXT = 32;
/**
 * The number of files that a line names.
 *
 * @bound tells: the line says how many more; specs/model/losses.spec.ts "names some files of a
 * loss, and counts the others"
 */
const MAX_FILES = 5;

/** Formats a value for a table: six digits of a fraction, text cut. */
export function valueText(value: MetricValue): string {
  if (typeof value === 'string') return histogramWords(value) ?? printable(cut(value, MAX_TEXT));
  if (typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value))
    return String(Number(value.toPrecision(6)));
  return String(value);
}

/** Formats any parameter for a table. */
export function paramText(value: unknown): string {
  if (typeof value === 'object' && value !== null) return wholeText(value as ParamValue, MAX_TEXT);
  return value === null ? 'null' : valueText(value as MetricValue);
}

/** Formats any parameter with all its digits; it is cut only if longer than `most` characters. */
export function wholeText(value: ParamValue, most: number): string {
  if (typeof value === 'object')
    return printable(
      cut(
        JSON.stringify(value, (_key, inner: unknown) => plain(inner)),
        most,
      ),
    );
  if (value === '') return '""';
  return Object.is(value, -0) ? '-0' : printable(cut(String(value), most));
}

const plain = (value: unknown): unknown =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value;

/** Formats a duration. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/**
 * Formats the duration of a run, summed over its sessions; `-` if it was cut off before it was
 * known.
 */
export function tookText({ status, durationMs }: Pick<RunFacts, 'status' | 'durationMs'>): string {
  return status === RunStatus.Crashed && durationMs === 0 ? '-' : duration(durationMs);
}

/** Formats bytes in the most readable unit. */
export function bytesText(bytes: number): string {
  const { size, unit } = byteSize(bytes);
  return `${unit === 'B' ? size : size.toFixed(1)} ${unit}`;
}

/** Describes the losses of a run and the files they were found in: `12 calls (wal-0-1.log)`. */
export function lossWithPlace(losses: readonly Loss[]): string {
  const files = [...new Set(losses.map(({ file }) => file))].filter((file) => file !== '');
  const shown = files.slice(0, MAX_FILES).map(printable).join(', ');
  const more = files.length > MAX_FILES ? ` and ${count(files.length - MAX_FILES)} more` : '';
  return `${lossText(losses)}${files.length > 0 ? ` (${shown}${more})` : ''}`;
}

/** Formats a time on the reader's clock, to the minute. */
export const moment = (iso: string): string => localTime(iso, 'minute') ?? printable(cut(iso, 16));

/** Colours a status; a question mark is added if only run.yaml says that the run is running. */
export function statusCell(status: RunStatus, owner?: string): Cell {
  if (owner === 'unsure') return { text: `${status}?`, style: 'yellow' };
  switch (status) {
    case RunStatus.Finished:
      return { text: status, style: 'green' };
    case RunStatus.Running:
      return { text: status, style: 'bold' };
    case RunStatus.Interrupted:
      return { text: status, style: 'yellow' };
    case RunStatus.Failed:
    case RunStatus.Crashed:
      return { text: status, style: 'red' };
  }
}

/** Joins the first names of a list and says how many more there are: `a, b, … and 3 more`. */
export function firstOf(names: readonly string[], most: number): string {
  const left = names.length - most;
  return [...names.slice(0, most), ...(left > 0 ? [`… and ${count(left)} more`] : [])].join(', ');
}

/** Twelve digits of a hash, as git shows them, and an ellipsis. */
const HASH_LENGTH = 13;

/** Writes the beginning of a hash. */
export const hashText = (hash: string): string => printable(cut(hash, HASH_LENGTH));
