import type { Rewind } from '../../channel/rewind.js';
import type { Column } from '../../columnar/column.js';
import type { NamedColumn } from '../../columnar/record-batch.js';
import { stepReader } from '../../columnar/column-values.js';
import type { Step } from '../../model/step.js';
import type { DecodedRows } from './decode-spans.js';
import type { TalliedRows } from '../summaries/metric-summaries.js';
import type { Session } from '../summaries/file-metadata.js';

/** The rows `from` to `to` of a batch, which belong to one session. */
export interface Stretch {
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  /** The step from which on they are removed; Infinity if all stay. */
  readonly end: Step;
}

/** The part of a rewind that says which rows it removes. */
export type Mark = Pick<Rewind, 'epoch' | 'fromStep'>;

/** The step from which on rewinds remove the rows of a session; Infinity if they remove none. */
export const endOf = (epoch: number, rewinds: readonly Mark[]): Step =>
  rewinds.reduce<Step>(
    (end, rewind) => (rewind.epoch > epoch && rewind.fromStep < end ? rewind.fromStep : end),
    Infinity,
  );

/** Splits `rows` rows from `firstRow` on by session. */
export function* stretchesOf(
  sessions: readonly Session[],
  rewinds: readonly Mark[],
  firstRow: number,
  rows: number,
): Generator<Stretch> {
  for (const [index, { epoch, firstRow: begin }] of sessions.entries()) {
    const next = sessions[index + 1]?.firstRow ?? Infinity;
    const from = Math.max(0, begin - firstRow);
    const to = Math.min(rows, next - firstRow);
    if (from < to) yield { epoch, from, to, end: endOf(epoch, rewinds) };
  }
}

/** The rows of a step column that rewinds leave, null if all stay; rows without a step stay. */
export function rowsLeft(step: Column, stretches: Iterable<Stretch>): Int32Array | null {
  const stepOf = stepReader(step);
  const kept = new Int32Array(step.length);
  let count = 0;
  for (const { from, to, end } of stretches)
    for (let row = from; row < to; row++) {
      const value = stepOf(row);
      if (value === null || value < end) kept[count++] = row;
    }
  return count === step.length ? null : kept.subarray(0, count);
}

/** The greatest step that rewinds leave of a step column and of the rows before it. */
export function greatestOf(step: Column, stretches: Iterable<Stretch>, before: Step | null): Step | null {
  const stepOf = stepReader(step);
  let greatest = before;
  for (const { from, to, end } of stretches)
    for (let row = from; row < to; row++) {
      const value = stepOf(row);
      if (value !== null && value < end && (greatest === null || value > greatest)) greatest = value;
    }
  return greatest;
}

/** The greatest step of some rows and those before; null if none has a step. */
export function greatestStep(
  { steps, wideSteps }: Pick<DecodedRows, 'steps' | 'wideSteps'>,
  before: Step | null,
): Step | null {
  let greatest: Step = before ?? -Infinity;
  const hasWide = wideSteps.size > 0;
  for (let row = 0; row < steps.length; row++) {
    const step = (hasWide ? wideSteps.get(row) : undefined) ?? steps[row] ?? NaN;
    if (step > greatest) greatest = step;
  }
  return greatest === -Infinity ? null : greatest;
}

/** Converts rows of a file to the form from which summaries are made. */
export function callsOf(
  [step, , ...metrics]: readonly NamedColumn[],
  metricOf: (name: string) => string,
): TalliedRows & Pick<DecodedRows, 'wideSteps'> {
  if (step === undefined) throw new TypeError('the rows have no steps');
  const stepOf = stepReader(step);
  const steps = new Float64Array(step.length).fill(NaN);
  const wideSteps = new Map<number, bigint>();
  for (let row = 0; row < step.length; row++) {
    const value = stepOf(row);
    if (value === null) continue;
    steps[row] = Number(value);
    if (typeof value === 'bigint') wideSteps.set(row, value);
  }
  const held = metrics.filter(({ nullCount, length }) => nullCount < length);
  return { steps, wideSteps, metrics: held.map((column) => ({ metric: metricOf(column.name), column })) };
}

/** Counts the rows left of each session, batch by batch of a run's rows. */
export class SessionCount {
  private readonly left = new Map<number, number>();

  constructor(private readonly sessions: readonly Session[]) {}

  /** Adds `rows` rows from `firstRow` on, of which those in `kept` are left; all if it is null. */
  add(firstRow: number, rows: number, kept: Int32Array | null): void {
    let at = 0;
    for (const { epoch, from, to } of stretchesOf(this.sessions, [], firstRow, rows)) {
      const begin = at;
      if (kept !== null) while (at < kept.length && (kept[at] ?? 0) < to) at++;
      this.left.set(epoch, (this.left.get(epoch) ?? 0) + (kept === null ? to - from : at - begin));
    }
  }

  /** The sessions that still have rows. */
  result(): Session[] {
    return sessionsLeft(this.sessions, (epoch) => this.left.get(epoch) ?? 0);
  }
}

/** The sessions that still have rows, given the number of rows of each. */
export function sessionsLeft(sessions: readonly Session[], rowsOf: (epoch: number) => number): Session[] {
  let firstRow = 0;
  return sessions.flatMap(({ epoch }) => {
    const rows = rowsOf(epoch);
    const session = { epoch, firstRow };
    firstRow += rows;
    return rows > 0 ? [session] : [];
  });
}
