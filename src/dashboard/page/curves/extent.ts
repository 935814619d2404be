import { shownSpan, type Span } from '../../../pure/span.js';
import { firstFrom } from './curve.js';

/** A line that must fit on the chart. */
export interface Line {
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
}

/** The least factor between the ends of a logarithmic axis: closer ends have the same logarithm. */
const LEAST_FACTOR = 1 + 1e-9;

/** The span of `x` over all lines; null if they have no points. */
export function extentOfX(lines: readonly Line[]): Span | null {
  let [from, to] = [Infinity, -Infinity];
  for (const { x } of lines) {
    from = Math.min(from, x[0] ?? Infinity);
    to = Math.max(to, x.at(-1) ?? -Infinity);
  }
  if (from > to) return null;
  return shownSpan(from === to ? { from: from - 0.5, to: to + 0.5 } : { from, to });
}

/**
 * The span of the `y` that are seen, with some room; on a logarithmic axis only values above zero
 * count.
 */
export function extentOfY(lines: readonly Line[], { from, to }: Span, isLog: boolean): Span {
  let [least, greatest] = [Infinity, -Infinity];
  for (const { x, y } of lines) {
    const [first, end] = seen(x, { from, to });
    for (let index = first; index < end; index++) {
      const value = y[index] ?? null;
      if (value === null || (isLog && value <= 0)) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
  }
  return isLog ? paddedLog(least, greatest) : padded(least, greatest);
}

/**
 * The range of indices of the points within a stretch, and one more beyond each edge, where the
 * line continues.
 */
export function seen(x: readonly number[], { from, to }: Span): readonly [first: number, end: number] {
  let end = firstFrom(x, to);
  // Points may share an x: the trials of a sweep, the steps of an epoch.
  while (x[end] === to) end++;
  return [Math.max(0, firstFrom(x, from) - 1), Math.min(x.length, end + 1)];
}

function padded(least: number, greatest: number): Span {
  if (least > greatest) return { from: 0, to: 1 };
  const room = least === greatest ? Math.abs(least) * 0.05 || 0.5 : greatest * 0.06 - least * 0.06;
  return shownSpan({ from: least - room, to: greatest + room });
}

function paddedLog(least: number, greatest: number): Span {
  if (least > greatest) return { from: 0.1, to: 1 };
  const factor = 10 ** (0.05 * (Math.log10(greatest) - Math.log10(least)));
  const room = least === greatest ? 2 : Math.max(LEAST_FACTOR, factor);
  return { from: Math.max(least / room, Number.MIN_VALUE), to: Math.min(greatest * room, Number.MAX_VALUE) };
}
