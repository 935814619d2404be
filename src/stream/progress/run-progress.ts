import type { LiveSnapshot, LiveStatus } from '../../model/live.js';
import { printable } from '../../model/printable.js';
import type { Health } from '../../model/run-file.js';
import { shortDuration, shortNumber, shortValue } from './figures.js';
import { sparkline } from './sparkline.js';
import { endOf, widthOf } from './text-width.js';

const BAR_CELLS = 20;
const LEAST_BAR = 5;
const LEAST_NAME = 8;
const SPARK_CELLS = 12;
/** @bound loses nothing: a sparkline shows the shape of the latest values */
const SPARK_POINTS = 120;
/** @bound tells: the line says how many more; specs/stream/progress/progress.spec.ts "shows three metrics unless it is told which, and how many more there are" */
const METRICS_SHOWN = 3;
/** The share of the old rate that is left after a second. */
const RATE_MEMORY = 0.7;

/** Options of the progress line of a run. */
export interface LineOptions {
  /** The number of steps (or rows without a step) the run will have; null if unknown. */
  readonly total: number | null;
  /** The metrics to show; null for the first three with numbers. */
  readonly metrics: readonly string[] | null;
}

/** The losses of a run: rows for which there was no room, and values that cannot be logged. */
export type Losses = Pick<Health, 'dropped' | 'invalid'>;

/** The words of a run's line at one moment, and the part of the run that is done. */
export interface ProgressLine {
  /** The part done, 0 to 1; null if the total is unknown. */
  readonly fraction: number | null;
  readonly name: string;
  /** The words after the name, the most important first; the line may end after any of them. */
  readonly words: readonly string[];
  /** The word that is the sparkline; null if there is none. */
  readonly spark: string | null;
}

/**
 * The progress of one run, from its live snapshots and its status. Holds 120 points of one metric.
 */
export class RunProgress {
  status: LiveStatus = { kind: 'running' };
  /** The rows and values lost so far. */
  losses: Losses = { dropped: 0, invalid: 0 };
  private latest: LiveSnapshot | null = null;
  private rate = NaN;
  private lookedAt = { gained: 0, elapsedMs: 0 };
  private readonly curve: number[] = [];

  constructor(
    private readonly name: string,
    private readonly options: LineOptions,
  ) {}

  /** True if the run accepts no more rows. */
  get isOver(): boolean {
    return this.status.kind === 'closed' || this.status.kind === 'unwritten';
  }

  add(snapshot: LiveSnapshot): void {
    this.latest = snapshot;
    const gained = gainedIn(snapshot);
    const seconds = (snapshot.elapsedMs - this.lookedAt.elapsedMs) / 1000;
    if (seconds > 0) {
      const now = (gained - this.lookedAt.gained) / seconds;
      const kept = RATE_MEMORY ** seconds;
      this.rate = Number.isNaN(this.rate) ? now : kept * this.rate + (1 - kept) * now;
      this.lookedAt = { gained, elapsedMs: snapshot.elapsedMs };
    }
    const [first] = this.metricsShown().shown;
    const value = first === undefined ? undefined : snapshot.values[first];
    if (typeof value !== 'number') return;
    this.curve.push(value);
    if (this.curve.length > SPARK_POINTS) this.curve.shift();
  }

  line(): ProgressLine {
    const { total } = this.options;
    const done = this.done();
    const fraction = total === null ? null : Math.min(1, done / total);
    const count = total === null ? `${done}` : `${Math.floor((fraction ?? 0) * 100)}% ${done}/${total}`;
    const rate = Number.isNaN(this.rate) ? '' : `${shortNumber(this.rate)}/s`;
    const spark = this.curve.length > 1 ? sparkline(this.curve, SPARK_CELLS) : null;
    const words = [count, rate, this.timeWord(done), ...this.lossWords(), ...this.metricWords(spark)];
    return { name: printable(this.name), fraction, words: words.filter((word) => word !== ''), spark };
  }

  private timeWord(done: number): string {
    const { total } = this.options;
    const elapsed = shortDuration(this.latest?.elapsedMs ?? 0);
    if (this.isOver || total === null) return elapsed;
    return `ETA ${shortDuration(done >= total ? 0 : ((total - done) / this.rate) * 1000)}`;
  }

  private lossWords(): string[] {
    const { dropped, invalid } = this.losses;
    return [...(dropped > 0 ? [`${dropped} dropped`] : []), ...(invalid > 0 ? [`${invalid} invalid`] : [])];
  }

  private metricWords(spark: string | null): string[] {
    const { shown, left } = this.metricsShown();
    const words = shown.map((metric) => {
      const value = this.latest?.values[metric];
      return `${printable(metric)} ${value === undefined ? '-' : shortValue(value)}`;
    });
    if (words.length > 0 && spark !== null) words.splice(1, 0, spark);
    return left > 0 ? [...words, `+${left} more`] : words;
  }

  /** The metrics shown, and the number of others. */
  private metricsShown(): { readonly shown: readonly string[]; readonly left: number } {
    const { metrics } = this.options;
    if (metrics !== null) return { shown: metrics, left: 0 };
    const numbers = Object.entries(this.latest?.values ?? {}).filter(
      ([, value]) => typeof value === 'number',
    );
    const shown = numbers.slice(0, METRICS_SHOWN).map(([metric]) => metric);
    return { shown, left: numbers.length - shown.length };
  }

  private done(): number {
    const { lastStep, rows } = this.latest ?? { lastStep: null, rows: 0 };
    return lastStep === null ? rows : Number(lastStep) + 1;
  }
}

/**
 * The steps, or rows without a step, since the tap was opened: a resumed run has not done the steps
 * before.
 */
function gainedIn({ lastStep, firstStep, rows }: LiveSnapshot): number {
  return lastStep === null || firstStep === null ? rows : Number(lastStep) - Number(firstStep) + 1;
}

/**
 * Formats a line for a terminal of `columns`, in which a wide character takes two.
 *
 * Logged data has priority over appearance: if there is not enough room, first the name and the bar
 * get shorter, then the sparkline is left out, then the bar, then the last words.
 */
export function drawn({ name, fraction, words, spark }: ProgressLine, columns: number): string {
  const most = columns - 1;
  const wholeName = widthOf(name);
  const leastName = Math.min(wholeName, LEAST_NAME);
  const [wholeBar, leastBar] = fraction === null ? [0, 0] : [BAR_CELLS, LEAST_BAR];
  const plain = words.filter((word) => word !== spark);
  const layouts: (readonly [readonly string[], number])[] = [
    [words, leastBar],
    [plain, leastBar],
    ...plain.map((_, at) => [plain.slice(0, plain.length - at), 0] as const),
  ];
  const roomIn = (shown: readonly string[], cells: number): number =>
    most - lineWidth(leastName, cells, shown);
  const [shown, cells] = layouts.find((layout) => roomIn(...layout) >= 0) ?? [[], 0];
  const room = Math.max(0, roomIn(shown, cells));
  const moreName = Math.min(room, wholeName - leastName);
  const bar = cells === 0 ? '' : barOf(fraction ?? 0, Math.min(wholeBar, cells + room - moreName));
  return [endOf(name, leastName + moreName), bar, ...shown].filter((part) => part !== '').join('  ');
}

function lineWidth(name: number, cells: number, words: readonly string[]): number {
  return words.reduce((sum, word) => sum + 2 + widthOf(word), name + (cells > 0 ? 2 + cells : 0));
}

function barOf(fraction: number, cells: number): string {
  const filled = Math.round(fraction * cells);
  return '█'.repeat(filled) + '░'.repeat(cells - filled);
}
