import type { LiveSnapshot, LiveStatus } from '../../model/live.js';
import { printable } from '../../model/printable.js';
import { shortDuration, shortNumber, shortValue } from './figures.js';
import { sparkline } from './sparkline.js';

const BAR_CELLS = 20;
const SPARK_CELLS = 12;
const SPARK_POINTS = 120;
const METRICS_SHOWN = 3;
/** How much of the old rate is left after a second. */
const RATE_MEMORY = 0.7;

/** What a line of progress shows of a run. */
export interface LineOptions {
  /** How many steps (or rows without a step) the run will have; null when nobody knows. */
  readonly total: number | null;
  /** The metrics to show; null for the first three numbers that come. */
  readonly metrics: readonly string[] | null;
}

/** A run at one moment as the words of its line, and the part of it that is done. */
export interface ProgressLine {
  /** 0 to 1; null when the total is not known. */
  readonly fraction: number | null;
  readonly status: LiveStatus['kind'];
  /** What stands in the line, the most important first; the line may end after any of them. */
  readonly words: readonly string[];
}

/** What is known of one run's progress: its live snapshots and its status, folded. Holds 120 points of one metric. */
export class RunProgress {
  status: LiveStatus = { kind: 'running' };
  private latest: LiveSnapshot | null = null;
  private rate = NaN;
  private lookedAt = { done: 0, elapsedMs: 0 };
  private readonly curve: number[] = [];

  constructor(
    private readonly name: string,
    private readonly options: LineOptions,
  ) {}

  /** The run takes no more rows. */
  get isOver(): boolean {
    return this.status.kind === 'closed' || this.status.kind === 'unwritten';
  }

  add(snapshot: LiveSnapshot): void {
    this.latest = snapshot;
    const done = this.done();
    const seconds = (snapshot.elapsedMs - this.lookedAt.elapsedMs) / 1000;
    if (seconds > 0) {
      const now = Math.max(0, done - this.lookedAt.done) / seconds;
      const kept = RATE_MEMORY ** seconds;
      this.rate = Number.isNaN(this.rate) ? now : kept * this.rate + (1 - kept) * now;
      this.lookedAt = { done, elapsedMs: snapshot.elapsedMs };
    }
    const [first] = this.metricsShown();
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
    return {
      fraction,
      status: this.status.kind,
      words: [printable(this.name), count, rate, this.timeWord(done), ...this.metricWords()].filter(
        (word) => word !== '',
      ),
    };
  }

  private timeWord(done: number): string {
    const { total } = this.options;
    const elapsed = shortDuration(this.latest?.elapsedMs ?? 0);
    if (this.isOver || total === null) return elapsed;
    return `ETA ${shortDuration(done >= total ? 0 : ((total - done) / this.rate) * 1000)}`;
  }

  private metricWords(): string[] {
    const words = this.metricsShown().map((metric) => {
      const value = this.latest?.values[metric];
      return `${printable(metric)} ${value === undefined ? '-' : shortValue(value)}`;
    });
    if (words.length > 0 && this.curve.length > 1) words.splice(1, 0, sparkline(this.curve, SPARK_CELLS));
    return words;
  }

  private metricsShown(): readonly string[] {
    const { metrics } = this.options;
    if (metrics !== null) return metrics;
    const values = Object.entries(this.latest?.values ?? {});
    return values
      .filter(([, value]) => typeof value === 'number')
      .slice(0, METRICS_SHOWN)
      .map(([metric]) => metric);
  }

  private done(): number {
    const { step, rows } = this.latest ?? { step: null, rows: 0 };
    return step === null ? rows : step + 1;
  }
}

/** A line as it stands on a terminal of `columns`: a bar where the total is known, and as many words as there is room for. */
export function drawn({ fraction, words }: ProgressLine, columns: number): string {
  const [name = '', ...rest] = words;
  const filled = Math.round((fraction ?? 0) * BAR_CELLS);
  const bar = fraction === null ? [] : [`${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}`];
  let line = name.slice(0, Math.max(8, columns - 1));
  for (const word of [...bar, ...rest]) {
    if (line.length + 2 + word.length >= columns) break;
    line += `  ${word}`;
  }
  return line;
}
