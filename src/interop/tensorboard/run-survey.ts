import type { MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import type { SummaryValues } from '../../model/summary-values.js';
import { quantity } from '../../pure/quantity.js';
import { FieldScan } from '../exchange/metric-fields.js';
import { someNames } from '../exchange/some-names.js';
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
  mediaCount = 0;
  /** Milliseconds since the epoch; null before the first event. */
  firstMs: number | null = null;
  lastMs: number | null = null;
  private readonly leftOut = new Map<string, { count: number; readonly tags: Set<string> }>();
  /** The number of each metric that has had no other value so far, else null. */
  private readonly onlyNumbers = new Map<string, Exclude<MetricValue, string> | null>();

  add({ timestampMs, meanings }: Moment): void {
    if (meanings.length === 0) return;
    this.firstMs = Math.min(this.firstMs ?? timestampMs, timestampMs);
    this.lastMs = Math.max(this.lastMs ?? timestampMs, timestampMs);
    for (const meaning of meanings) this.note(meaning);
  }

  /** The kinds of values that were left out, with their counts and tags: `12 tensors (pr_curve)`. */
  get omissions(): readonly string[] {
    return [...this.leftOut].map(
      ([what, { count, tags }]) => `${quantity(count, what)} (${someNames(tags)})`,
    );
  }

  /** True if nothing was found that a run could have. */
  get isEmpty(): boolean {
    const found = this.types.fields.length + this.lineCount + this.mediaCount + this.leftOut.size;
    return found === 0 && this.record === null && this.session.params === undefined;
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

  /** True if a metric has had one value, a number. */
  hasOne(metric: string): boolean {
    return (this.onlyNumbers.get(metric) ?? null) !== null;
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
      case 'media':
        this.mediaCount += meaning.media.length;
        return;
      case 'left out': {
        const known = this.leftOut.get(meaning.what) ?? { count: 0, tags: new Set() };
        known.count++;
        known.tags.add(meaning.tag);
        this.leftOut.set(meaning.what, known);
        return;
      }
      default:
        meaning satisfies never;
    }
  }
}
