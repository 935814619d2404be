/** First, least, greatest and last. */
const KEPT = 4;
const [FIRST, LEAST, GREATEST, LAST] = [0, 1, 2, 3] as const;
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

interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * Thins a curve of any length, in one pass and bounded memory, to at most `points`: of each stretch of as many values, in the
 * order they came, its first, least, greatest and last. A short one stays as it is.
 */
export class Curve {
  private readonly rawX: number[] = [];
  private readonly rawY: number[] = [];
  private readonly marks: Place[] = [];
  private readonly maxStretches: number;
  // Four places a stretch, in columns: an object for each value took five times as long.
  private readonly x: Float64Array;
  private readonly y: Float64Array;
  private readonly number: Float64Array;
  private stretches = 0;
  private perStretch = 1;
  private inLast = 1;
  private values = 0;

  constructor(private readonly points: number) {
    // An even number of them, to be put together in pairs; or one that takes all.
    this.maxStretches = Math.max(1, Math.floor(points / KEPT / 2) * 2);
    const places = this.maxStretches * KEPT;
    this.x = new Float64Array(places);
    this.y = new Float64Array(places);
    this.number = new Float64Array(places);
  }

  add(x: number, y: number): void {
    this.values++;
    if (!Number.isFinite(y)) {
      if (this.marks.length < MAX_NON_FINITE) this.marks.push({ x, y });
      return;
    }
    if (this.rawX.length < this.points) {
      this.rawX.push(x);
      this.rawY.push(y);
    }
    if (this.inLast === this.perStretch) {
      this.begin(x, y);
      return;
    }
    this.inLast++;
    const place = (this.stretches - 1) * KEPT;
    this.put(place + LAST, x, y);
    if (y < (this.y[place + LEAST] ?? 0)) this.put(place + LEAST, x, y);
    if (y > (this.y[place + GREATEST] ?? 0)) this.put(place + GREATEST, x, y);
  }

  drawn(): DrawnCurve {
    const isExact = this.rawX.length + this.marks.length === this.values;
    const raw = (): Place[] => this.rawX.map((x, at) => ({ x, y: this.rawY[at] ?? 0 }));
    const places = [...(isExact ? raw() : this.thinned()), ...this.marks];
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

  private put(place: number, x: number, y: number): void {
    this.x[place] = x;
    this.y[place] = y;
    this.number[place] = this.values;
  }

  private begin(x: number, y: number): void {
    if (this.stretches === this.maxStretches) this.pair();
    const place = this.stretches++ * KEPT;
    for (let at = FIRST; at <= LAST; at++) this.put(place + at, x, y);
    this.inLast = 1;
    if (this.maxStretches === 1) this.perStretch = Infinity;
  }

  private pair(): void {
    this.perStretch *= 2;
    this.stretches /= 2;
    for (let to = 0; to < this.stretches * KEPT; to += KEPT) {
      const [one, other] = [2 * to, 2 * to + KEPT];
      const isLess = (this.y[other + LEAST] ?? 0) < (this.y[one + LEAST] ?? 0);
      const isGreater = (this.y[other + GREATEST] ?? 0) > (this.y[one + GREATEST] ?? 0);
      this.move(one + FIRST, to + FIRST);
      this.move((isLess ? other : one) + LEAST, to + LEAST);
      this.move((isGreater ? other : one) + GREATEST, to + GREATEST);
      this.move(other + LAST, to + LAST);
    }
  }

  private move(from: number, to: number): void {
    for (const column of [this.x, this.y, this.number]) column[to] = column[from] ?? 0;
  }

  /** What is kept of the stretches, each value once, in the order they came. */
  private thinned(): Place[] {
    const byNumber = new Map<number, Place>();
    for (let at = 0; at < this.stretches * KEPT; at++)
      byNumber.set(this.number[at] ?? 0, { x: this.x[at] ?? 0, y: this.y[at] ?? 0 });
    return [...byNumber].sort(([one], [other]) => one - other).map(([, place]) => place);
  }
}
