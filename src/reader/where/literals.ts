import { RunStatus } from '../../model/run-status.js';

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['nan', NaN],
  ['infinity', Infinity],
  ['+infinity', Infinity],
  ['-infinity', -Infinity],
]);

/** Parses a number, ignoring case; an integer that a double cannot hold becomes a bigint. */
export function numberIn(word: string): number | bigint | undefined {
  if (!NUMBER.test(word)) return SPECIAL.get(word.toLowerCase());
  const number = Number(word);
  return /^[+-]?\d+$/.test(word) && !Number.isSafeInteger(number) ? BigInt(word.replace('+', '')) : number;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
]);
const SPAN = /(\d+(?:\.\d+)?)(ms|min|s|m|h|d|w)/gy;

/** Parses a duration such as `90s`, `2h30m` or `1.5d` into milliseconds. */
export function durationIn(word: string): number | undefined {
  let ms = 0;
  let end = 0;
  for (const [whole, count, unit] of word.toLowerCase().matchAll(SPAN)) {
    ms += Number(count) * (UNITS.get(unit ?? '') ?? NaN);
    end += whole.length;
  }
  return end > 0 && end === word.length ? ms : undefined;
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s?(Z|[+-]\d\d:\d\d)?)?$/i;
/** @bound refuses: INVALID_FILTER */
const LONGEST_MS = 100 * 366 * 86_400_000;

/**
 * Parses an ISO date, `now`, or a duration ago (`-7d`) into milliseconds since the epoch; UTC if
 * there is no time zone.
 */
export function dateIn(word: string, nowMs: number): number | undefined {
  if (word.toLowerCase() === 'now') return nowMs;
  const ago = word.startsWith('-') ? durationIn(word.slice(1)) : undefined;
  if (ago !== undefined) return ago <= LONGEST_MS ? nowMs - ago : undefined;
  const [, day, time = '00:00', zone = 'Z'] = DATE.exec(word) ?? [];
  const ms = day === undefined ? NaN : Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The names of {@link RunStatus}. */
export const STATUS_WORDS: readonly string[] = Object.values(RunStatus);

/** Returns the status that a word names, ignoring case. */
export function statusIn(word: string): RunStatus | undefined {
  return Object.values(RunStatus).find((status) => status === word.toUpperCase());
}
