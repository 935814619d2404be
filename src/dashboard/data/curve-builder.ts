/** First, least, greatest and last. */
const KEPT = 4;
/**
 * The most gaps that are kept with both their ends; of more, the longest ones.
 *
 * @bound tells: a curve that is not exact says of how many values it is; specs/dashboard/page/saved-charts.spec.ts "says that its lines are a sample, where they are, and of how many values"
 */
const MAX_GAPS = 256;

/** A curve that can be drawn: as many x as y, in the order of x. */
export interface DrawnCurve {
  readonly x: number[];
  /** null where `nonFinite` says what was there. */
  readonly y: (number | null)[];
  readonly nonFinite: [at: number, what: string][];
  /** What was given as their time; NaN where nothing was. */
  readonly times: number[];
  /** Of a thinned curve: at which index a stretch of it ends, of how many finite values it is, and their mean. */
  readonly stretches: [at: number, count: number, mean: number][];
  /** How many values there were. */
  readonly values: number;
  /** Whether all of them are here. */
  readonly isExact: boolean;
}

interface Stretch {
  readonly first: Place;
  least: Place;
  greatest: Place;
  last: Place;
  count: number;
  sum: number;
  /** One value of each kind that is not a finite number. */
  odd: readonly Place[];
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly time: number;
  /** Of the last one of a stretch: how many values that is of, and their mean. */
  readonly behind?: readonly [count: number, mean: number];
}

/** Values one after the other that are no finite numbers, all of one kind. */
interface Gap {
  readonly first: Place;
  last: Place;
  count: number;
}

/**
 * Thins a curve of any length, in one pass and bounded memory, to at most `points` (from 8 up): of each stretch of as many values, in the
 * order they came, its first, least, greatest and last finite one. A short one stays as it is. NaN and infinities come on top: one of each
 * kind of a stretch, and the first and last of up to 256 gaps, the curve's first and last value always among them.
 */
export class Curve {
  private readonly raw: Place[] = [];
  private gaps: Gap[] = [];
  /** The curve's first value, where it is not a finite number. */
  private opening: Place | null = null;
  private readonly maxStretches: number;
  private stretches: Stretch[] = [];
  /** The last one. */
  private current: Stretch | null = null;
  private perStretch = 1;
  private values = 0;
  private finite = 0;
  private isInGap = false;
  /** A place that is the last one of a stretch and nothing else. */
  private passing: { x: number; y: number; time: number } = { x: NaN, y: NaN, time: NaN };

  constructor(private readonly points: number) {
    // Twice as many before they are put together in pairs.
    this.maxStretches = Math.max(2, Math.floor(points / KEPT / 2) * 2);
  }

  add(x: number, y: number, time = NaN): void {
    this.values++;
    if (!Number.isFinite(y)) {
      this.addToGap({ x, y, time });
      return;
    }
    this.isInGap = false;
    this.finite++;
    const stretch = this.current;
    const isInside = stretch !== null && stretch.count < this.perStretch;
    if (isInside) {
      stretch.count++;
      stretch.sum += y;
      // Most values of a long curve are but the last one for a moment: they need no place of their own.
      if (stretch.last === this.passing && y >= stretch.least.y && y <= stretch.greatest.y) {
        this.passing.x = x;
        this.passing.y = y;
        this.passing.time = time;
        return;
      }
    }
    const place = { x, y, time };
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
      stretches: places.flatMap(({ behind }, at) => (behind === undefined ? [] : [[at, ...behind]])),
      times: places.map(({ time }) => time),
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

/** Places with those of others whose kind of value is not among them. */
function withKinds(odd: readonly Place[], others: readonly Place[]): readonly Place[] {
  const more = others.filter(({ y }) => !odd.some((place) => Object.is(place.y, y)));
  return more.length === 0 ? odd : [...odd, ...more];
}

/** The longer half, in their order; of those as long as each other every other one. */
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
  // The sum of numbers near the largest one is too large for one.
  const behind = [count, Number.isFinite(mean) ? mean : least.y / 2 + greatest.y / 2] as const;
  const others = [first, least, greatest].filter((place) => place !== last);
  return [...new Set(others), { ...last, behind }];
}
