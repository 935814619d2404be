import type { Column } from '../columnar/column.js';
import { stepReader, valueAt } from '../columnar/column-values.js';
import type { MetricPoint } from '../model/metric.js';
import { flag, integer } from '../model/option-rules.js';
import { optionsTable } from '../model/options-table.js';
import type { OpenRows } from './read-rows.js';
import { SELECTION, selectRows, timestampAt } from './select-rows.js';

/** The points of a metric to read; all by default. */
export interface PointSelection {
  /** The first step; rows without a step are left out if `fromStep` or `toStep` is given. */
  readonly fromStep?: number | bigint | undefined;
  /** The last step. */
  readonly toStep?: number | bigint | undefined;
  /**
   * False to leave out the points of the runs from which this one was forked, which come before its
   * own by default.
   */
  readonly inherited?: boolean | undefined;
  /** Keeps only this many points, the last that were logged. */
  readonly last?: number | undefined;
}

/** The rules of {@link PointSelection}. */
export const POINT_RULES = {
  fromStep: SELECTION.rules.fromStep,
  toStep: SELECTION.rules.toStep,
  inherited: flag().byDefault(true),
  last: integer(0),
};

const OPTIONS = optionsTable<PointSelection>()(POINT_RULES);

/**
 * Reads the numbers of a metric, in the order they were logged.
 *
 * @throws ExpmanError `INVALID_OPTION`, before the rows are opened
 */
export function pointsReader(
  metric: string,
  selection: PointSelection,
): { readonly inherited: boolean; readonly read: (rows: OpenRows) => MetricPoint[] } {
  const { fromStep, toStep, inherited, last = Infinity } = OPTIONS.resolve(selection);
  const wanted = SELECTION.resolve({ columns: [metric], fromStep, toStep });
  const read = (rows: OpenRows): MetricPoint[] => {
    const points: MetricPoint[] = [];
    for (const [steps, timestamps, values] of selectRows(rows, wanted))
      if (steps !== undefined && timestamps !== undefined && values !== undefined)
        addPoints(points, steps, timestamps, values);
    return last < points.length ? points.slice(points.length - last) : points;
  };
  return { inherited, read };
}

function addPoints(points: MetricPoint[], steps: Column, timestamps: Column, values: Column): void {
  const stepOf = stepReader(steps);
  for (let row = 0; row < values.length; row++) {
    const value = valueAt(values, row);
    if (value === null || typeof value === 'string') continue;
    points.push({ step: stepOf(row), value: Number(value), timestamp: timestampAt(timestamps, row) });
  }
}
