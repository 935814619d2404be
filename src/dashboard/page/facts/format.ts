import { byteSize } from '../../../pure/byte-size.js';
import { localTime } from '../../../pure/local-time.js';

/** The number of significant digits that writes a number exactly. */
export const ALL_DIGITS = 17;

/**
 * Writes a number in few characters without rounding its integer part: integers in full with thin
 * spaces between thousands, others to `digits` significant digits. Titles have the exact number.
 */
export function numberText(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', '∞');
  if (Number.isSafeInteger(value)) return countText(value);
  const size = Math.abs(value);
  const whole = Math.floor(Math.log10(size)) + 1;
  if ((size >= 1e6 && digits < whole) || size >= 1e21 || size < 1e-3)
    return value
      .toExponential(digits >= ALL_DIGITS ? undefined : digits - 2)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  return digits >= ALL_DIGITS ? String(value) : String(Number(value.toPrecision(Math.max(digits, whole))));
}

/** Writes a whole number with separators between thousands. */
export function countText(value: number | string): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

/**
 * Writes any value of a parameter or metric on one line; numbers to `digits` significant digits, by
 * default all.
 */
export function valueText(value: unknown, digits = ALL_DIGITS): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return numberText(value, digits);
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

/** The number of significant digits that distinguish values shown side by side; at least five. */
export function digitsFor(values: readonly unknown[]): number {
  const numbers = [...new Set(values)].filter((value) => typeof value === 'number');
  const isTold = (digits: number): boolean =>
    new Set(numbers.map((value) => numberText(value, digits))).size === numbers.length;
  let digits = 5;
  while (digits < ALL_DIGITS && !isTold(digits)) digits++;
  return digits;
}

/** The number of significant digits that matter on an axis of this length; at least five. */
export function digitsOn(length: number, value: number): number {
  const digits = Math.ceil(Math.log10(Math.abs(value) / length)) + 4;
  return Math.max(5, Math.min(Number.isFinite(digits) ? digits : 5, ALL_DIGITS));
}

/** Returns text that no two values share, for names of groups and categories. */
export function distinctText(value: unknown): string {
  // 1 and "1" are different values of a parameter.
  if (typeof value === 'string') return isBare(value) ? value : JSON.stringify(value);
  return value === undefined ? '' : JSON.stringify(value);
}

/** True if a text cannot be mistaken for JSON. */
function isBare(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch {
    return text !== '';
  }
}

/** Writes a number exactly, for a title or an attribute. */
export function exactText(value: unknown): string {
  return typeof value === 'number' ? String(value) : valueText(value);
}

/** Writes a duration: `3m 20s`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.floor(seconds)}\u202fs`;
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [Math.floor(seconds) % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}

/** Writes bytes in units of a thousand. */
export function bytesText(bytes: number): string {
  const { size, unit } = byteSize(bytes);
  return `${unit === 'B' ? size : size.toFixed(size < 10 ? 1 : 0)}\u202f${unit}`;
}

/** Writes a time on the reader's clock, to the second: `2026-03-01 12:00:05`. */
export const momentText = (iso: string): string => localTime(iso, 'second') ?? iso;

/** Writes how long ago a time was: `3 h ago`. */
export function agoText(iso: string, nowMs: number): string {
  const seconds = (nowMs - Date.parse(iso)) / 1000;
  if (!(seconds >= 0)) return momentText(iso);
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  // @bound loses nothing: the day of a moment that is named in full beside it
  return seconds < 30 * 86_400 ? `${Math.floor(seconds / 86_400)} d ago` : momentText(iso).slice(0, 10);
}
