import type { ColumnField, ColumnType } from '../../columnar/column.js';
import { widerType } from '../../columnar/widen.js';
import type { MetricValue } from '../../model/metric.js';
import type { SessionFacts } from './hparams.js';
import type { Meaning } from './meaning.js';
import type { Moment } from './moments.js';
import type { RunRecord } from './run-record.js';

/** What is known of a run once all its events went by; holds one entry for each metric. */
export class RunSurvey {
  readonly types = new MetricTypes();
  session: SessionFacts = {};
  record: RunRecord | null = null;
  lineCount = 0;
  /** Milliseconds since the epoch; null while nothing went by. */
  firstMs: number | null = null;
  lastMs: number | null = null;
  private readonly leftOut = new Map<string, number>();

  add({ timestampMs, meanings }: Moment): void {
    this.firstMs = Math.min(this.firstMs ?? timestampMs, timestampMs);
    this.lastMs = Math.max(this.lastMs ?? timestampMs, timestampMs);
    for (const meaning of meanings) this.note(meaning);
  }

  /** What was left out, each kind once: `12 images`. */
  get omissions(): readonly string[] {
    return [...this.leftOut].map(([what, count]) => `${count} ${what}`);
  }

  private note(meaning: Meaning): void {
    switch (meaning.kind) {
      case 'metric':
        this.types.add(meaning.name, meaning.value);
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

/** The type that holds all values of each metric, as `metrics.parquet` would widen it. */
export class MetricTypes {
  private readonly metrics = new Map<string, { type: ColumnType; exact: boolean }>();

  add(name: string, value: MetricValue): void {
    const type = typeOf(value);
    const exact = typeof value !== 'bigint' || BigInt(Number(value)) === value;
    const known = this.metrics.get(name);
    if (known === undefined) {
      this.metrics.set(name, { type, exact });
      return;
    }
    known.exact &&= exact;
    known.type = widerType(known.type, type, known.exact);
  }

  get fields(): readonly ColumnField[] {
    return [...this.metrics].map(([name, { type }]) => ({ name, type }));
  }
}

function typeOf(value: MetricValue): ColumnType {
  switch (typeof value) {
    case 'number':
      return 'DOUBLE';
    case 'bigint':
      return 'INT64';
    case 'boolean':
      return 'BOOLEAN';
    default:
      return 'UTF8';
  }
}
