import type { MetricValue } from '../../model/metric.js';
import { cut, printable } from '../../model/printable.js';

/** @bound tells: the text ends in an ellipsis; specs/model/printable.spec.ts "ends in an ellipsis where it is longer than there is room for" */
const LONGEST_TEXT = 20;

/**
 * Formats a value in few characters: four significant digits of a number, the beginning of a text.
 */
export function shortValue(value: MetricValue): string {
  if (typeof value === 'number') return shortNumber(value);
  return cut(printable(String(value)), LONGEST_TEXT);
}

/**
 * Formats a number in four significant digits, without insignificant zeros: `0.1235`, `1.2e-7`,
 * `12345`.
 */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const rounded = Number(value.toPrecision(4));
  const size = Math.abs(rounded);
  return size >= 1e-4 && size < 1e9 ? String(rounded) : rounded.toExponential().replace('e+', 'e');
}

/** Formats milliseconds as `m:ss`, or `h:mm:ss` from an hour on; `-:--` if unknown. */
export function shortDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '-:--';
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}
