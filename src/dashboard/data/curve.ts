/** First, least, greatest and last. */
const KEPT = 4;
/** So many places of values that are no finite numbers are told; they are marks on an axis. */
const MAX_NON_FINITE = 200;

/** A curve that can be drawn: as many x as y, in the order of x. */
export interface DrawnCurve {
  readonly x: readonly number[];
  /** null where `nonFinite` says what was there. */
  readonly y: readonly (number | null)[];
  readonly nonFinite: readonly (readonly [at: number, what: string])[];
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
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * Thins a curve of any length, in one pass and bounded memory, to at most `points` (from 8 up): of each stretch of as many values, in the
 * order they came, its first, least, greatest and last. A short one stays as it is.
 */
export class Curve {
  private readonly raw: Place[] = [];
  private readonly marks: Place[] = [];
  private readonly maxStretches: number;
  private stretches: Stretch[] = [];
  private perStretch = 1;
  private inLast = 0;
  private values = 0;

  constructor(private readonly points: number) {
    // Twice as many before they are put together in pairs.
    this.maxStretches = Math.max(2, Math.floor(points / KEPT / 2) * 2);
  }

  add(x: number, y: number): void {
    this.values++;
    if (!Number.isFinite(y)) {
      if (this.marks.length < MAX_NON_FINITE) this.marks.push({ x, y });
      return;
    }
    const place = { x, y };
    if (this.raw.length < this.points) this.raw.push(place);
    const last = this.stretches.at(-1);
    if (last === undefined || this.inLast === this.perStretch) {
      this.begin(place);
      return;
    }
    this.inLast++;
    last.last = place;
    if (y < last.least.y) last.least = place;
    if (y > last.greatest.y) last.greatest = place;
  }

  drawn(): DrawnCurve {
    const isExact = this.raw.length + this.marks.length === this.values;
    const places = [...(isExact ? this.raw : this.stretches.flatMap(placesOf)), ...this.marks];
    // Late steps are drawn where they belong.
    places.sort((one, other) => one.x - other.x);
    const nonFinite = places.flatMap(({ y }, at) => (Number.isFinite(y) ? [] : [[at, String(y)] as const]));
    return {
      x: places.map(({ x }) => x),
      y: places.map(({ y }) => (Number.isFinite(y) ? y : null)),
      nonFinite,
      values: this.values,
      isExact,
    };
  }

  private begin(place: Place): void {
    if (this.stretches.length === this.maxStretches) {
      this.stretches = pairs(this.stretches);
      this.perStretch *= 2;
    }
    this.stretches.push({ first: place, least: place, greatest: place, last: place });
    this.inLast = 1;
  }
}

function pairs(stretches: readonly Stretch[]): Stretch[] {
  const out: Stretch[] = [];
  for (let at = 0; at < stretches.length; at += 2) {
    const one = stretches[at];
    const other = stretches[at + 1] ?? one;
    if (one === undefined || other === undefined) break;
    out.push({
      first: one.first,
      least: other.least.y < one.least.y ? other.least : one.least,
      greatest: other.greatest.y > one.greatest.y ? other.greatest : one.greatest,
      last: other.last,
    });
  }
  return out;
}

const placesOf = ({ first, least, greatest, last }: Stretch): Place[] => [
  ...new Set([first, least, greatest, last]),
];
