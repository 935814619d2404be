import type { MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import type { SummaryValues } from '../../model/summary-values.js';
import { FieldScan } from '../exchange/metric-fields.js';
import type { SessionFacts } from './hparams.js';
import type { Meaning } from './meaning.js';
import type { Moment } from './moments.js';
import type { RunRecord } from './run-tag.js';

/** The facts of a run after all its events have been read; keeps one entry per metric. */
export class RunSurvey {
  readonly types = new FieldScan();
  session: SessionFacts = {};
  record: RunRecord | null = null;
  lineCount = 0;
  /** Milliseconds since the epoch; null before the first event. */
  firstMs: number | null = null;
  lastMs: number | null = null;
  private readonly leftOut = new Map<string, number>();
  /** The number of each metric that has had no other value so far, else null. */
  private readonly onlyNumbers = new Map<string, Exclude<MetricValue, string> | null>();

  add({ timestampMs, meanings }: Moment): void {
    this.firstMs = Math.min(this.firstMs ?? timestampMs, timestampMs);
    this.lastMs = Math.max(this.lastMs ?? timestampMs, timestampMs);
    for (const meaning of meanings) this.note(meaning);
  }

  /** The kinds of values that were left out, with their counts: `12 images`. */
  get omissions(): readonly string[] {
    return [...this.leftOut].map(([what, count]) => `${count} ${what}`);
  }

  /**
   * Returns the metrics that the session is judged by, as far as they have one value: `add_hparams`
   * of PyTorch writes its `metric_dict` in this way.
   */
  get figures(): SummaryValues {
    const named = this.session.metrics ?? [];
    return bareObject(
      named.flatMap((metric): [string, MetricValue][] => {
        const value = this.onlyNumbers.get(metric) ?? null;
        return value === null ? [] : [[metric, value]];
      }),
    );
  }

  private noteOnly(metric: string, value: MetricValue): void {
    const isOnly = typeof value !== 'string' && !this.onlyNumbers.has(metric);
    this.onlyNumbers.set(metric, isOnly ? value : null);
  }

  private note(meaning: Meaning): void {
    switch (meaning.kind) {
      case 'metric':
        this.types.add(meaning.name, meaning.value);
        this.noteOnly(meaning.name, meaning.value);
        return;
      case 'session':
        this.session = { ...this.session, ...meaning.facts };
        return;
      case 'run':
        this.record = meaning.record;
        return;
      case 'line':
        this.lineCount++;
        return;
      case 'left out':
        this.leftOut.set(meaning.what, (this.leftOut.get(meaning.what) ?? 0) + 1);
        return;
      default:
        meaning satisfies never;
    }
  }
}
