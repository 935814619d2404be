/** An interval of an axis. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The shortest interval shown, relative to its ends: 64 times the distance between neighbouring
 * doubles.
 */
const LEAST_PART = 2 ** -46;
/** The shortest interval near 0: the pixels of a shorter one would not be numbers any more. */
const LEAST_LENGTH = 1e-300;

/**
 * Clamps ends that are beyond the doubles, and widens an interval that is too short to have
 * positions within it.
 */
export function shownSpan(span: Span): Span {
  const [from, to] = [withinDoubles(span.from), withinDoubles(span.to)];
  const least = leastLength({ from, to });
  // Some of the length is lost as ends are rounded.
  if (to - from >= 0.9 * least) return { from, to };
  const middle = Math.max(
    Math.min(from / 2 + to / 2, Number.MAX_VALUE - least / 2),
    least / 2 - Number.MAX_VALUE,
  );
  return { from: middle - least / 2, to: middle + least / 2 };
}

/** The position of a value in an interval, as a share from 0 to 1. */
export function shareOf({ from, to }: Span, value: number): number {
  const length = to - from;
  return length === Infinity ? (value / 2 - from / 2) / (to / 2 - from / 2) : (value - from) / length;
}

/** The same as a function for many values; on a logarithmic axis by their logarithms. */
export function shares(span: Span, isLog: boolean): (value: number) => number {
  if (!isLog) return (value) => shareOf(span, value);
  const levels = { from: Math.log10(span.from), to: Math.log10(span.to) };
  return (value) => shareOf(levels, Math.log10(value));
}

/** The value at a share of an interval. */
export function valueOf({ from, to }: Span, share: number): number {
  const by = share * halfOf({ from, to });
  return from + by + by;
}

/** The interval moved by a share of its length. */
export function moved(span: Span, share: number): Span {
  return shownSpan({ from: valueOf(span, share), to: valueOf(span, 1 + share) });
}

/**
 * The interval made longer, or shorter down to the shortest one shown, by a factor; the value at a
 * share of it stays in place.
 */
export function zoomed(span: Span, share: number, factor: number): Span {
  const half = withinDoubles(Math.max(halfOf(span) * factor, leastLength(span) / 2));
  const held = valueOf(span, share);
  const [before, after] = [share * half, (1 - share) * half];
  return shownSpan({ from: held - before - before, to: held + after + after });
}

/** The difference of two doubles may be infinite, that of their halves is not. */
const halfOf = ({ from, to }: Span): number => (to - from === Infinity ? to / 2 - from / 2 : (to - from) / 2);

const leastLength = ({ from, to }: Span): number =>
  Math.max(Math.max(Math.abs(from), Math.abs(to)) * LEAST_PART, LEAST_LENGTH);

const withinDoubles = (value: number): number =>
  Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);
