import { withKinds } from '../../pure/kinds.js';

/** Points kept of a stretch: the first, least, greatest and last value. */
const KEPT = 4;
/**
 * Gaps that are kept with both their ends; when there are more, the longest ones are kept.
 *
 * @bound tells: a curve that is not exact says of how many values it is;
 * specs/dashboard/page/saved-charts.spec.ts "says that its lines are a sample, where they are, and
 * of how many values"
 */
const MAX_GAPS = 256;

/** A curve that can be drawn: `x` and `y` are equally long and ordered by x. */
export interface DrawnCurve {
  readonly x: number[];
  /** null if the value was not finite: `nonFinite` has it. */
  readonly y: (number | null)[];
  readonly nonFinite: [at: number, what: string][];
  /** The times given with the values; NaN where none was given. */
  readonly times: number[];
  /** The values of another metric given with the values; NaN where none was given. */
  readonly beside: number[];
  /**
   * The stretches of a thinned curve: the index where each ends, how many finite values it stands
   * for, and their mean.
   */
  readonly stretches: [at: number, count: number, mean: number][];
  /** Number of values added. */
  readonly values: number;
  /** True if the curve has all of them. */
  readonly isExact: boolean;
}

interface Stretch {
  readonly first: Place;
  least: Place;
  greatest: Place;
  last: Place;
  count: number;
  sum: number;
  /** One value of each non-finite kind. */
  odd: readonly Place[];
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly time: number;
  readonly beside: number;
  /** For the last place of a stretch: how many values the stretch stands for, and their mean. */
  readonly standsFor?: readonly [count: number, mean: number];
}

/** Consecutive non-finite values of one kind. */
interface Gap {
  readonly first: Place;
  last: Place;
  count: number;
}

/**
 * Thins a curve of any length, in one pass and bounded memory, to at most `points` (from 8 up).
 * Values are divided, in the order they come, into stretches of equal count; each keeps its first,
 * least, greatest and last finite value. A short curve is kept whole. NaN and infinities come on
 * top: one of each kind per stretch, and the first and last of up to 256 gaps, always including the
 * curve's first and last value.
 */
export class CurveBuilder {
  private readonly raw: Place[] = [];
  private gaps: Gap[] = [];
  /** The curve's first value if it is not finite. */
  private opening: Place | null = null;
  private readonly maxStretches: number;
  private stretches: Stretch[] = [];
  /** The last of them. */
  private current: Stretch | null = null;
  private perStretch = 1;
  private values = 0;
  private finite = 0;
  private isInGap = false;
  /** A place that is only the last of its stretch, and may be overwritten by the next value. */
  private passing = { x: NaN, y: NaN, time: NaN, beside: NaN };

  constructor(private readonly points: number) {
    // The stretches are merged in pairs when there are this many.
    this.maxStretches = Math.max(2, Math.floor(points / KEPT / 2) * 2);
  }

  add(x: number, y: number, time = NaN, beside = NaN): void {
    this.values++;
    if (!Number.isFinite(y)) {
      this.addToGap({ x, y, time, beside });
      return;
    }
    this.isInGap = false;
    this.finite++;
    const stretch = this.current;
    const isInside = stretch !== null && stretch.count < this.perStretch;
    if (isInside) {
      stretch.count++;
      stretch.sum += y;
      // Most values of a long curve are the last one only until the next: they share one place.
      if (stretch.last === this.passing && y >= stretch.least.y && y <= stretch.greatest.y) {
        this.passing.x = x;
        this.passing.y = y;
        this.passing.time = time;
        this.passing.beside = beside;
        return;
      }
    }
    const place = { x, y, time, beside };
    const isRaw = this.raw.length < this.points;
    if (isRaw) this.raw.push(place);
    if (!isInside) {
      this.begin(place);
      return;
    }
    stretch.last = place;
    if (y < stretch.least.y) stretch.least = place;
    else if (y > stretch.greatest.y) stretch.greatest = place;
    else if (!isRaw) this.passing = place;
  }

  drawn(): DrawnCurve {
    const isThinned = this.raw.length < this.finite;
    const marks = new Set([
      ...(this.opening === null ? [] : [this.opening]),
      ...this.stretches.flatMap(({ odd }) => odd),
      ...this.gaps.flatMap(({ first, last }) => [first, last]),
    ]);
    const places = [...(isThinned ? this.stretches.flatMap(placesOf) : this.raw), ...marks];
    // Late steps are drawn where they belong.
    places.sort((one, other) => one.x - other.x);
    return {
      x: places.map(({ x }) => x),
      y: places.map(({ y }) => (Number.isFinite(y) ? y : null)),
      nonFinite: places.flatMap(({ y }, at) => (Number.isFinite(y) ? [] : [[at, String(y)]])),
      stretches: places.flatMap(({ standsFor }, at) => (standsFor === undefined ? [] : [[at, ...standsFor]])),
      times: places.map(({ time }) => time),
      beside: places.map(({ beside }) => beside),
      values: this.values,
      isExact: places.length === this.values,
    };
  }

  private begin(place: Place): void {
    if (this.stretches.length === this.maxStretches) {
      this.stretches = pairs(this.stretches);
      this.perStretch *= 2;
    }
    this.current = {
      first: place,
      least: place,
      greatest: place,
      last: place,
      count: 1,
      sum: place.y,
      odd: [],
    };
    this.stretches.push(this.current);
  }

  private addToGap(place: Place): void {
    if (this.values === 1) this.opening = place;
    if (this.current !== null) this.current.odd = withKinds(this.current.odd, [place]);
    const last = this.gaps.at(-1);
    if (this.isInGap && last !== undefined && Object.is(last.last.y, place.y)) {
      last.last = place;
      last.count++;
      return;
    }
    this.isInGap = true;
    if (this.gaps.length === MAX_GAPS) this.gaps = longer(this.gaps);
    this.gaps.push({ first: place, last: place, count: 1 });
  }
}

function pairs(stretches: readonly Stretch[]): Stretch[] {
  const out: Stretch[] = [];
  for (let at = 0; at < stretches.length; at += 2) {
    const one = stretches[at];
    const other = stretches[at + 1];
    if (one === undefined || other === undefined) break;
    out.push({
      first: one.first,
      least: other.least.y < one.least.y ? other.least : one.least,
      greatest: other.greatest.y > one.greatest.y ? other.greatest : one.greatest,
      last: other.last,
      count: one.count + other.count,
      sum: one.sum + other.sum,
      odd: withKinds(one.odd, other.odd),
    });
  }
  return out;
}

/** The longer half of the gaps, in their order; among equally long ones, every other one. */
function longer(gaps: readonly Gap[]): Gap[] {
  const ranked = gaps.map((gap, at) => ({ gap, at, rank: gap.count - (at % 2) / 2 }));
  return ranked
    .sort((one, other) => other.rank - one.rank)
    .slice(0, gaps.length / 2)
    .sort((one, other) => one.at - other.at)
    .map(({ gap }) => gap);
}

function placesOf({ first, least, greatest, last, count, sum }: Stretch): Place[] {
  const mean = sum / count;
  // The sum of values near the largest double overflows.
  const standsFor = [count, Number.isFinite(mean) ? mean : least.y / 2 + greatest.y / 2] as const;
  const others = [first, least, greatest].filter((place) => place !== last);
  return [...new Set(others), { ...last, standsFor }];
}
