import { type Subscription, timer } from 'rxjs';
import type { LoggingEngine } from '../engine/logging-engine.js';
import { jsonOrText } from '../model/json-text.js';
import { cut } from '../model/printable.js';
import type { CaseRecord } from './case-result.js';

/** The name of the tables. */
const NAME = 'cases';
/**
 * The rows of one table.
 *
 * @bound loses nothing: further cases are in the next table
 */
const ROWS = 100;
/** The time after which a smaller table is written. */
const WAIT_MS = 1000;
/**
 * The characters of an input, an output and an expected value that are kept.
 *
 * @bound tells: the cell ends in an ellipsis; specs/evaluate/evaluate.spec.ts "keeps inputs and
 * outputs in tables, within bounds"
 */
const MAX_TEXT = 4000;
/**
 * The cases whose inputs and outputs are kept.
 *
 * @bound tells: run.log says so; specs/evaluate/evaluate.spec.ts "keeps inputs and outputs in
 * tables, within bounds"
 */
const MAX_KEPT = 10_000;

/** Keeps inputs and outputs of cases as logged tables, some hundred at a time. */
export class CaseTable {
  private waiting: object[] = [];
  private first = 0;
  private kept = 0;
  private soon: Subscription | null = null;

  constructor(private readonly run: Pick<LoggingEngine, 'logTable' | 'logger'>) {}

  /** Adds a case; `texts` are its input and output, and what was expected. */
  add(
    { index, id, passed, latencyMs, error, scores }: CaseRecord,
    texts: Readonly<Record<string, unknown>>,
  ): void {
    if (this.kept === MAX_KEPT)
      this.run.logger.warn(`inputs and outputs are kept of the first ${MAX_KEPT} cases only`);
    if (this.kept++ >= MAX_KEPT) return;
    if (this.waiting.length === 0) this.first = index;
    this.waiting.push({
      ...{ index, case: id, passed, latency_ms: latencyMs },
      ...Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, textOf(value)])),
      error,
      ...scores,
    });
    if (this.waiting.length >= ROWS) this.flush();
    else this.soon ??= timer(WAIT_MS).subscribe({ complete: () => this.flush(), error: () => undefined });
  }

  /** Writes the cases that wait. */
  flush(): void {
    this.soon?.unsubscribe();
    this.soon = null;
    const rows = this.waiting;
    this.waiting = [];
    if (rows.length > 0) this.run.logTable(NAME, rows, this.first);
  }
}

function textOf(value: unknown): string | null {
  if (value === undefined) return null;
  return cut(typeof value === 'string' ? value : jsonOrText(value), MAX_TEXT);
}
