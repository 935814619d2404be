import type { RowSpan } from '../../channel/records.js';
import { JOIN_WINDOW_ROWS } from './row-joiner.js';

/**
 * Records which of a session's last rows have the caller's timestamp, which a joiner cannot see in
 * a file.
 */
export class StampRuns {
  private runs: { readonly stamped: boolean; rows: number }[] = [];
  private rows = 0;

  /** Adds the rows that a span begins. */
  add({ stamped, begun }: Pick<RowSpan, 'stamped' | 'begun'>): void {
    if (begun === 0) return;
    const last = this.runs.at(-1);
    if (last?.stamped === stamped) last.rows += begun;
    else this.runs.push({ stamped, rows: begun });
    this.rows += begun;
    while (this.rows - (this.runs[0]?.rows ?? Infinity) >= JOIN_WINDOW_ROWS)
      this.rows -= this.runs.shift()?.rows ?? 0;
  }

  /** Clears the runs, for another session. */
  clear(): void {
    this.runs = [];
    this.rows = 0;
  }

  /** The lengths in alternation, the clock's first; empty if all are the clock's. */
  toPlain(): number[] {
    if (this.runs.every(({ stamped }) => !stamped)) return [];
    const lengths = this.runs.map(({ rows }) => Math.min(rows, JOIN_WINDOW_ROWS));
    return this.runs[0]?.stamped === true ? [0, ...lengths] : lengths;
  }

  restore(lengths: readonly number[]): void {
    this.runs = lengths.map((rows, at) => ({ stamped: at % 2 === 1, rows })).filter(({ rows }) => rows > 0);
    this.rows = lengths.reduce((sum, rows) => sum + rows, 0);
  }
}
