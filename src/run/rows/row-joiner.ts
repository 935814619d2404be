import { type RowShape, type RowSpan, wideStepsIn } from '../../channel/records.js';

/** The number of a session's last rows that a call may join. */
export const JOIN_WINDOW_ROWS = 1024;
const MASK = JOIN_WINDOW_ROWS - 1;
/**
 * The number of rows with rising steps after which the table of steps is dropped: per row it costs
 * more than the rest of joining.
 */
const QUIET_ROWS = 4 * JOIN_WINDOW_ROWS;
/**
 * The number of spans kept although no call can join their rows, so that many are dropped at a
 * time.
 *
 * @bound loses nothing: their rows are in the log and on their way into the file
 */
const MAX_PASSED = 256;

/** The metrics of a row of the window. */
export interface HeldMetrics {
  has(metric: string): boolean;
}

/** The last rows of a session in a file, for a joiner that continues after them. */
export interface JoinWindow {
  /** Their steps in order, NaN for none. At most {@link JOIN_WINDOW_ROWS}. */
  readonly steps: Float64Array;
  /** Steps beyond 2^53, by their place in `steps`. */
  readonly wideSteps: ReadonlyMap<number, bigint>;
  /** The timestamps given by callers, in microseconds; NaN for a row with the clock's. */
  readonly stamps: Float64Array;
  /** The metrics of the row at a place; read from the file on demand. */
  readonly held: (place: number) => HeldMetrics;
  /** Reads the metrics of all rows, so that the file may be closed. */
  readonly readAll: () => void;
}

/** The state of a session when a joiner begins. */
export interface SessionStart {
  /** The number of rows of the session so far. */
  readonly rows: number;
  /** An upper bound of the steps of those rows; -Infinity if no row has a step. */
  readonly greatestStep: number;
  /** Called at most once, and only when a step occurs that may be one of theirs. */
  readonly window: () => JoinWindow | null;
}

const NOTHING: SessionStart = { rows: 0, greatestStep: -Infinity, window: () => null };

/**
 * Decides to which row every call of a session belongs.
 *
 * A call joins the latest row of its step if that row is among the last {@link JOIN_WINDOW_ROWS}
 * rows, holds none of the call's metrics, and was begun with the same explicit timestamp as the
 * call, or with none if the call has none. Every other call begins a row. The outcome depends only
 * on the calls, not on batches, row groups, publishes or readers.
 */
export class RowJoiner {
  /** The number of rows of the session so far. */
  rows: number;
  private greatest: number;
  /** The number of rows of the session in the file when the joiner began. */
  private readonly begun: number;
  private loadWindow: SessionStart['window'] | null;
  private window: JoinWindow | null = null;
  private readonly steps = new Float64Array(JOIN_WINDOW_ROWS);
  private readonly stamps = new Float64Array(JOIN_WINDOW_ROWS);
  private readonly held = new Array<RowShape | HeldMetrics | null>(JOIN_WINDOW_ROWS).fill(null);
  /** Exact steps beyond 2^53, by row; few runs have one. */
  private readonly wide = new Map<number, bigint>();
  /** The latest row of each step in the window; null while steps only rise. */
  private latest: Map<number | bigint, number> | null = null;
  private quietRows = 0;
  /** The spans of the last rows, which are put into the window once a call may join one of them. */
  private recent: RowSpan[] = [];
  private recentRows = 0;
  /** The number of spans at the front of `recent` whose rows have left the window. */
  private passed = 0;

  /** @param joins - false for a copy of another run's rows, in which each call is a row */
  constructor(
    start: SessionStart = NOTHING,
    private readonly joins = true,
  ) {
    this.rows = this.begun = start.rows;
    this.greatest = start.greatestStep;
    this.loadWindow = start.rows > 0 ? start.window : null;
  }

  /** Sets the span's `row`, `begun` and `targets`. */
  place(span: RowSpan): void {
    span.row = this.rows;
    span.begun = span.rows;
    span.targets = null;
    if (!this.joins) this.rows += span.rows;
    else if (!span.wide && this.onlyRises(span)) this.appendAll(span);
    else {
      this.catchUp();
      this.placeEach(span);
    }
  }

  /**
   * True if no step of the span can be that of an earlier row; this check is the cost of joining
   * for a training loop.
   */
  private onlyRises({ views, start, rows, length, shape }: RowSpan): boolean {
    const { doubles, words } = views;
    let last = this.greatest;
    if (shape.hasStrings) {
      for (let row = 0, at = start; row < rows; row++, at += words[at >> 2] ?? 8) {
        const step = doubles[(at >> 3) + 1] ?? NaN;
        if (step <= last) return false;
        if (step > last) last = step;
      }
    } else {
      const stride = length / rows / 8;
      for (let row = 0, at = (start >> 3) + 1; row < rows; row++, at += stride) {
        const step = doubles[at] ?? NaN;
        if (step <= last) return false;
        if (step > last) last = step;
      }
    }
    this.greatest = last;
    return true;
  }

  private appendAll(span: RowSpan): void {
    if (this.latest !== null && (this.quietRows += span.rows) > QUIET_ROWS) this.latest = null;
    if (this.latest !== null) {
      this.appendEach(span);
      return;
    }
    this.rows += span.rows;
    this.recent.push(span);
    this.recentRows += span.rows;
    for (let first = this.recent[this.passed]; first !== undefined; first = this.recent[this.passed]) {
      if (this.recentRows - first.rows < JOIN_WINDOW_ROWS) break;
      this.recentRows -= first.rows;
      this.passed++;
    }
    if (this.passed <= MAX_PASSED) return;
    this.recent = this.recent.slice(this.passed);
    this.passed = 0;
  }

  /** Puts the rows of recent spans into the window. */
  private catchUp(): void {
    const { recent, passed } = this;
    if (recent.length === 0) return;
    this.rows -= this.recentRows;
    this.recent = [];
    this.recentRows = this.passed = 0;
    for (const span of recent.slice(passed)) this.appendEach(span);
  }

  private appendEach(span: RowSpan): void {
    const { views, start, rows, shape } = span;
    const { doubles, words } = views;
    let at = start;
    for (let row = 0; row < rows; row++, at += words[at >> 2] ?? 8) {
      const slot = (at >> 3) + 1;
      this.append(doubles[slot] ?? NaN, null, span.stamped ? (doubles[slot + 1] ?? NaN) : NaN, shape);
    }
  }

  private placeEach(span: RowSpan): void {
    const { views, start, rows, shape, stamped, wide, row: first } = span;
    const { doubles, words } = views;
    const integers = wide ? wideStepsIn(views) : null;
    const targets = new Int32Array(rows);
    let joined = 0;
    this.quietRows = 0;
    for (let call = 0, at = start; call < rows; call++, at += words[at >> 2] ?? 8) {
      const slot = (at >> 3) + 1;
      const exact = integers?.[slot] ?? null;
      const step = exact === null ? (doubles[slot] ?? NaN) : Number(exact);
      const stamp = stamped ? (doubles[slot + 1] ?? NaN) : NaN;
      const row = this.latestOf(step, exact);
      if (row !== undefined && this.takes(row, stamp, shape)) {
        this.join(row, shape);
        targets[call] = row - first;
        joined++;
        continue;
      }
      targets[call] = this.rows - first;
      if (step > this.greatest) this.greatest = step;
      this.append(step, exact, stamp, shape);
    }
    if (joined === 0) return;
    span.begun = rows - joined;
    span.targets = targets;
  }

  /** The latest row of a step, if it is in the window. */
  private latestOf(step: number, exact: bigint | null): number | undefined {
    if (step !== step || step > this.greatest) return undefined;
    this.restore();
    // The calls of a step mostly follow one another.
    const last = this.rows - 1;
    if (exact === null && this.steps[last & MASK] === step && this.knows(last)) return last;
    this.latest ??= this.stepTable();
    return this.latest.get(exact ?? step);
  }

  /** True if the window has the row; rows of the file may be missing. */
  private knows(row: number): boolean {
    return row >= 0 && this.held[row & MASK] !== null;
  }

  private stepTable(): Map<number | bigint, number> {
    const table = new Map<number | bigint, number>();
    for (let row = Math.max(0, this.rows - JOIN_WINDOW_ROWS); row < this.rows; row++)
      if (this.knows(row)) table.set(this.keyOf(row), row);
    table.delete(NaN);
    return table;
  }

  private keyOf(row: number): number | bigint {
    return this.wide.get(row) ?? this.steps[row & MASK] ?? NaN;
  }

  private takes(row: number, stamp: number, shape: RowShape): boolean {
    const begun = this.stamps[row & MASK] ?? NaN;
    if (begun !== stamp && (begun === begun || stamp === stamp)) return false;
    const held = this.held[row & MASK] ?? null;
    if (held === null) return false;
    if (held === shape) return shape.metrics.length === 0;
    const metrics = metricsOf(held);
    return !shape.metrics.some((metric) => metrics.has(metric));
  }

  private join(row: number, { metrics }: RowShape): void {
    const held = this.held[row & MASK] ?? null;
    if (held === null) return;
    const joined = held instanceof JoinedMetrics ? held : new JoinedMetrics(metricsOf(held));
    joined.add(metrics);
    this.held[row & MASK] = joined;
  }

  private append(step: number, exact: bigint | null, stamp: number, held: RowShape | HeldMetrics): void {
    const row = this.rows++;
    const slot = row & MASK;
    if (this.latest !== null) this.replace(row, exact ?? step);
    if (this.wide.size > 0) this.wide.delete(row - JOIN_WINDOW_ROWS);
    if (exact !== null) this.wide.set(row, exact);
    this.steps[slot] = step;
    this.stamps[slot] = stamp;
    this.held[slot] = held;
  }

  /** Loads the window from the file, so that the file may be closed. */
  settle(): void {
    this.catchUp();
    this.restore();
    this.window?.readAll();
  }

  /** True if a row of the window holds a metric; false for a row that is no longer in it. */
  holds(row: number, metric: string): boolean {
    if (row < this.rows - JOIN_WINDOW_ROWS) return false;
    this.catchUp();
    const held = this.held[row & MASK] ?? null;
    return held !== null && metricsOf(held).has(metric);
  }

  /** Updates the table of steps, which covers only the window. */
  private replace(row: number, step: number | bigint): void {
    const { latest } = this;
    const left = row - JOIN_WINDOW_ROWS;
    if (left >= 0) {
      const gone = this.keyOf(left);
      if (latest?.get(gone) === left) latest.delete(gone);
    }
    if (step === step) latest?.set(step, row);
  }

  /** Loads the rows of the file into the window, before the rows added since. */
  private restore(): void {
    if (this.loadWindow === null) return;
    const window = (this.window = this.loadWindow());
    this.loadWindow = null;
    if (window === null) return;
    const { steps, stamps, wideSteps, held } = window;
    const first = this.begun - steps.length;
    for (let place = 0; place < steps.length; place++) {
      const row = first + place;
      // Rows added since are more recent.
      if (row < this.rows - JOIN_WINDOW_ROWS) continue;
      const slot = row & MASK;
      this.steps[slot] = steps[place] ?? NaN;
      this.stamps[slot] = stamps[place] ?? NaN;
      this.held[slot] = held(place);
      const exact = wideSteps.get(place);
      if (exact !== undefined) this.wide.set(row, exact);
    }
    this.latest = null;
  }
}

/** The metrics of a row after calls have joined it. */
class JoinedMetrics implements HeldMetrics {
  private readonly joined = new Set<string>();

  constructor(private readonly begun: HeldMetrics) {}

  has(metric: string): boolean {
    return this.joined.has(metric) || this.begun.has(metric);
  }

  add(metrics: readonly string[]): void {
    for (const metric of metrics) this.joined.add(metric);
  }
}

const sets = new WeakMap<RowShape, ReadonlySet<string>>();

/** The metrics of a row; those of its shape as long as only one call made it. */
function metricsOf(held: RowShape | HeldMetrics): HeldMetrics {
  if (!('metrics' in held)) return held;
  let set = sets.get(held);
  if (set === undefined) sets.set(held, (set = new Set(held.metrics)));
  return set;
}
