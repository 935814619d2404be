/** The rules by which runs become the points of a history. */
export interface HistorySource<Facts> {
  /** Returns the figure of a run. */
  readonly valueOf: (facts: Facts) => unknown;
  /** Returns the value of the field that orders the runs. */
  readonly placeOf: (facts: Facts) => unknown;
  /** True if the field is a date, ISO 8601. */
  readonly isDate: boolean;
}

/** One run in a history. */
export interface HistoryPoint<Facts> {
  readonly facts: Facts;
  /** The value of the field; for a date, milliseconds since the epoch. */
  readonly x: number | string;
  readonly value: number;
}

/** The kind of axis on which a history is drawn. */
export type HistoryAxis = 'date' | 'number' | 'text';

/**
 * Makes one point of each run that has a number as its figure, and the field; ordered by the field,
 * numbers before texts and NaN last.
 */
export function historyPoints<Facts>(
  runs: readonly Facts[],
  { valueOf, placeOf, isDate }: HistorySource<Facts>,
): HistoryPoint<Facts>[] {
  return runs
    .flatMap((facts) => {
      const value = numberIn(valueOf(facts));
      const place = placeOf(facts);
      if (value === undefined || place === undefined || place === null) return [];
      if (typeof place === 'string') return [{ facts, x: isDate ? Date.parse(place) : place, value }];
      return [{ facts, x: numberIn(place) ?? JSON.stringify(place), value }];
    })
    .sort((one, other) => comparePlaces(one.x, other.x));
}

/** Keeps the `last` points whose runs started last, in their order; all of them for undefined. */
export function lastStarted<Facts extends { readonly startedAt?: string | undefined }>(
  points: readonly HistoryPoint<Facts>[],
  last: number | undefined,
): HistoryPoint<Facts>[] {
  if (last === undefined) return [...points];
  const startOf = ({ facts: { startedAt = '' } }: HistoryPoint<Facts>): string => startedAt;
  const byStart = [...points].sort((one, other) => startOf(one).localeCompare(startOf(other)));
  const kept = new Set(byStart.slice(Math.max(0, byStart.length - last)));
  return points.filter((point) => kept.has(point));
}

/** Tells on what kind of axis points are drawn: each has a place of its own if not all are numbers. */
export function axisOfHistory(
  points: readonly Pick<HistoryPoint<never>, 'x'>[],
  isDate: boolean,
): HistoryAxis {
  if (!points.every(({ x }) => typeof x === 'number' && Number.isFinite(x))) return 'text';
  return isDate ? 'date' : 'number';
}

/** A run, as far as it says which of its figures is shown first. */
interface Headed<Metrics> {
  readonly headline?: readonly string[] | undefined;
  readonly metrics?: Metrics | undefined;
}

/**
 * Returns the figure that is shown of runs if no other is asked for: the first headline, else the
 * first metric with numbers, else one that is NaN throughout, so that this is what is told.
 */
export function usualFigure<Metrics>(
  runs: readonly Headed<Metrics>[],
  entriesOf: (
    metrics: Metrics,
  ) => Iterable<readonly [string, { readonly min?: unknown; readonly nan?: unknown }]>,
): string | undefined {
  for (const { headline = [] } of runs) if (headline[0] !== undefined) return headline[0];
  const all = runs.flatMap(({ metrics }) => (metrics === undefined ? [] : [...entriesOf(metrics)]));
  const found =
    all.find(([, { min }]) => min !== undefined) ?? all.find(([, { nan }]) => Number(nan ?? 0) > 0);
  return found?.[0];
}

/** Returns a value as a number, a boolean as 0 or 1; undefined for any other. */
export const numberIn = (value: unknown): number | undefined =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
    ? Number(value)
    : undefined;

function comparePlaces(one: number | string, other: number | string): number {
  const [rank, otherRank] = [rankOf(one), rankOf(other)];
  return rank !== otherRank ? rank - otherRank : one < other ? -1 : one > other ? 1 : 0;
}

const rankOf = (place: number | string): number =>
  typeof place === 'string' ? 1 : Number.isNaN(place) ? 2 : 0;
