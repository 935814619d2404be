import { RunStatus } from '../../model/run-status.js';

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['nan', NaN],
  ['infinity', Infinity],
  ['+infinity', Infinity],
  ['-infinity', -Infinity],
]);

/** The number a word is, upper and lower case of its letters aside; an integer that a double cannot hold is a bigint. */
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

/** The milliseconds of a duration such as `90s`, `2h30m` or `1.5d`. */
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

/** The milliseconds since the epoch of an ISO date, of `now`, or of a duration ago (`-7d`); without a zone it is UTC. */
export function dateIn(word: string, nowMs: number): number | undefined {
  if (word.toLowerCase() === 'now') return nowMs;
  const ago = word.startsWith('-') ? durationIn(word.slice(1)) : undefined;
  if (ago !== undefined) return ago <= LONGEST_MS ? nowMs - ago : undefined;
  const [, day, time = '00:00', zone = 'Z'] = DATE.exec(word) ?? [];
  const ms = day === undefined ? NaN : Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The words of {@link RunStatus}. */
export const STATUS_WORDS: readonly string[] = Object.values(RunStatus);

/** The status a word means, upper and lower case aside. */
export function statusIn(word: string): RunStatus | undefined {
  return Object.values(RunStatus).find((status) => status === word.toUpperCase());
}
