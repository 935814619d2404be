import type { MetricRow, MetricValue } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import type { Step } from '../../model/step.js';
import { columnarRows, metricNames, rowsOf, type StoredRow } from '../../reader/select-rows.js';
import { Heads, inOrder } from './heads.js';
import type { MergeSource, SurveyedRows } from './merge-sources.js';
import type { StepRange } from './step-ranges.js';

/** A run that is merged, and its rows. */
export interface RowSource extends MergeSource {
  readonly survey: SurveyedRows;
}

/** What a merge has done with the rows of one run. */
export interface RowTally {
  /** Its rows that are in the new run, as rows or as a part of one. */
  rows: number;
  /** Its values that are not, because those of a later piece replace them. */
  replaced: number;
}

/** Yields the rows of one run, as far as they can be read. */
function* rowsFrom({ rows, survey, label }: RowSource, isPrefixed: boolean): Generator<StoredRow, void> {
  const metricOf = metricNames(rows);
  const nameOf = isPrefixed ? (column: string): string => `${label}/${metricOf(column)}` : metricOf;
  let left = survey.rows;
  if (left === 0) return;
  for (const batch of rows.batches()) {
    yield* rowsOf(columnarRows(batch, nameOf));
    left -= batch[0]?.length ?? 0;
    // What comes behind them is damaged.
    if (left <= 0) return;
  }
}

/**
 * Yields the rows of the pieces of one training in the order of their steps, those of an earlier
 * piece first.
 *
 * A value with a step is left out if a later piece has values of the same metric both at or before
 * and at or after that step; and so is a row, if nothing of it is left.
 *
 * @param tallies - one for each piece, filled while the rows are read
 * @param isKept - true to leave out nothing
 * @param onReplaced - called with each value that is left out
 */
export function* pieceRows(
  pieces: readonly RowSource[],
  tallies: readonly RowTally[],
  isKept: boolean,
  onReplaced: (piece: RowSource, metric: string, step: Step) => void,
): Generator<MetricRow, void> {
  const later = pieces.map((_, index) =>
    isKept ? new Map<string, StepRange[]>() : rangesOf(pieces.slice(index + 1)),
  );
  const sequences = pieces.map((piece) => rowsFrom(piece, false));
  for (const [row, index] of inOrder(sequences, ({ step }) => step)) {
    const [piece, tally, ranges] = [pieces[index], tallies[index], later[index]];
    if (piece === undefined || tally === undefined || ranges === undefined) continue;
    const { step, timestamp, values } = row;
    let kept: MetricRow['values'] | null = values;
    if (step !== null && ranges.size > 0) {
      const all = Object.entries(values);
      const left = all.filter(([metric]) => {
        if (ranges.get(metric)?.some(({ from, to }) => step >= from && step <= to) !== true) return true;
        onReplaced(piece, metric, step);
        return false;
      });
      tally.replaced += all.length - left.length;
      if (left.length < all.length) kept = left.length === 0 ? null : bareObject(left);
    }
    if (kept === null) continue;
    tally.rows++;
    yield { step, timestamp, values: kept };
  }
}

/** The ranges of steps that pieces have values of a metric in, by metric. */
function rangesOf(pieces: readonly RowSource[]): Map<string, StepRange[]> {
  const ranges = new Map<string, StepRange[]>();
  for (const { survey } of pieces)
    for (const metric of survey.ranges.metrics) {
      const range = survey.ranges.of(metric);
      if (range !== undefined) ranges.set(metric, [...(ranges.get(metric) ?? []), range]);
    }
  return ranges;
}

/**
 * Yields the rows of the ranks of one training in the order of their steps: one row for the first
 * row of each rank at a step, one for the second of each, and so on, at the earliest of their times.
 * A row without a step stays a row of its own.
 *
 * @param tallies - one for each rank, filled while the rows are read
 */
export function* rankRows(
  ranks: readonly RowSource[],
  tallies: readonly RowTally[],
): Generator<MetricRow, void> {
  const heads = new Heads(
    ranks.map((rank) => rowsFrom(rank, true)),
    ({ step }: StoredRow) => step,
  );
  const taken = (index: number): void => {
    const tally = tallies[index];
    if (tally !== undefined) tally.rows++;
    heads.take(index);
  };
  try {
    for (let first = heads.least(); first >= 0; first = heads.least()) {
      const head = heads.at(first);
      if (head === null) return;
      const { step, timestamp, values } = head.item;
      taken(first);
      if (step === null) {
        yield { step, timestamp, values };
        continue;
      }
      const joined: Record<string, MetricValue> = { ...values };
      let earliest = timestamp;
      for (let index = first + 1; index < ranks.length; index++) {
        const other = heads.at(index);
        if (other?.item.step !== step || other.key !== head.key) continue;
        Object.assign(joined, other.item.values);
        earliest = Math.min(earliest, other.item.timestamp);
        taken(index);
      }
      yield { step, timestamp: earliest, values: joined };
    }
  } finally {
    heads.close();
  }
}
