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

  add({ timestampMs, meanings }: Moment): void {
    this.firstMs = Math.min(this.firstMs ?? timestampMs, timestampMs);
    this.lastMs = Math.max(this.lastMs ?? timestampMs, timestampMs);
    for (const meaning of meanings) this.note(meaning);
  }

  /** The kinds of values that were left out, with their counts: `12 images`. */
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
