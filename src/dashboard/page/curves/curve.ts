import type { Span } from '../../../pure/span.js';
import type { Series } from '../../api.js';

/** A metric of a run as drawn: `x` and `y` are equally long and ordered by x. */
export type Curve = {
  readonly [Key in 'run' | 'metric' | 'values' | 'isExact']: Series[Key];
} & {
  readonly x: readonly number[];
  /** null if the value was not finite: `nonFinite` has it. */
  readonly y: readonly (number | null)[];
  /** Index and value: NaN, Infinity or -Infinity. */
  readonly nonFinite: readonly (readonly [index: number, value: string])[];
  /**
   * The stretches of a thinned curve: the index where each ends, how many finite values it stands
   * for, and their mean. Empty for a whole curve.
   */
  readonly stretches: readonly WholeStretch[];
};

type WholeStretch = readonly [index: number, count: number, mean: number];

/** The index of the first `x` that is not below a value; the length if all are below. */
export function firstFrom(x: readonly number[], value: number): number {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the `x` nearest to a value; -1 for a curve without points. */
export function nearestTo(x: readonly number[], value: number): number {
  const after = firstFrom(x, value);
  if (after === x.length) return x.length - 1;
  if (after === 0) return 0;
  return value - x[after - 1]! <= x[after]! - value ? after - 1 : after;
}

/** The stretches of a curve; for a whole one, each finite value by itself. */
export function stretchesOf({ y, stretches }: Pick<Curve, 'y' | 'stretches'>): readonly WholeStretch[] {
  if (stretches.length > 0) return stretches;
  return y.flatMap((value, index) => (value === null ? [] : [[index, 1, value] as const]));
}

/** Replaces a stretch of a curve by one that was read in more detail. */
export function withDetail(base: Curve, detail: Curve, { from, to }: Span): Curve {
  const end = Math.max(to, detail.x.at(-1) ?? to);
  const head = firstFrom(base.x, from);
  const found = base.x.findIndex((x) => x > end);
  const tail = found < 0 ? base.x.length : found;
  const shift = head + detail.x.length - tail;
  const isThinned = base.stretches.length > 0 || detail.stretches.length > 0;
  return {
    ...detail,
    x: [...base.x.slice(0, head), ...detail.x, ...base.x.slice(tail)],
    y: [...base.y.slice(0, head), ...detail.y, ...base.y.slice(tail)],
    nonFinite: [
      ...base.nonFinite.filter(([index]) => index < head),
      ...detail.nonFinite.map(([index, what]) => [index + head, what] as const),
      ...base.nonFinite.flatMap(([index, what]) => (index < tail ? [] : [[index + shift, what] as const])),
    ],
    stretches: !isThinned
      ? []
      : [
          ...stretchesOf(base).filter(([index]) => index < head),
          ...stretchesOf(detail).map(([index, ...rest]) => [index + head, ...rest] as const),
          ...stretchesOf(base).flatMap(([index, ...rest]) =>
            index < tail ? [] : [[index + shift, ...rest] as const],
          ),
        ],
  };
}
