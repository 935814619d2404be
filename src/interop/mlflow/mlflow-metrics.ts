import type { MetricRow } from '../../model/metric.js';
import { isMistake } from '../../model/errors.js';
import { bareObject } from '../../model/param-value.js';
import type { SummaryValues } from '../../model/summary-values.js';
import { numberOf } from '../csv/cells.js';
import { filesBelow } from '../source/files-below.js';
import { PointRows } from '../exchange/points.js';
import { corruptAt } from '../source/source-files.js';
import { linesOf } from '../text/lines.js';

/** The file of a metric. */
export interface MetricFile {
  readonly metric: string;
  readonly path: string;
}

/** A line of such a file: `timestamp value step`, and in new versions the data set. */
interface Entry {
  readonly ms: number;
  readonly value: number;
  readonly step: number;
}

/**
 * Lists the files of a run's metrics; a metric with slashes in its name is a file in nested
 * folders.
 */
export const metricFilesIn = (folder: string): MetricFile[] =>
  filesBelow(folder).map(([metric, path]) => ({ metric, path }));

/** Yields the rows of a run: values logged at the same time for the same step form one row. */
export function* rowsOfMetrics(files: readonly MetricFile[], folder: string): Generator<MetricRow, void> {
  const points = new PointRows(folder);
  for (const { metric, path } of files) {
    const entries = [...entriesIn(path)];
    // A user who gives no step logs each value for step 0; as one step, all but the last value
    // would be lost.
    const hasSteps = entries.length < 2 || entries.some(({ step }) => step !== 0);
    for (const { ms, value, step } of entries) points.add(metric, hasSteps ? step : null, ms * 1000, value);
  }
  yield* points.rows();
}

/**
 * Returns the metrics that have exactly one value, at step 0, which is how MLflow logs a figure of
 * a run: `log_metric` without a step means step 0 (`runs/log-metric` of its REST API).
 *
 * A loop that ended after its first step has logged the same, so the values remain metrics as well.
 * A file that cannot be read is left to {@link rowsOfMetrics}.
 */
export function figuresOf(files: readonly MetricFile[]): SummaryValues {
  return bareObject(
    files.flatMap(({ metric, path }): [string, number][] => {
      const entry = onlyEntryIn(path);
      return entry?.step === 0 ? [[metric, entry.value]] : [];
    }),
  );
}

function onlyEntryIn(path: string): Entry | null {
  let only: Entry | null = null;
  try {
    for (const entry of entriesIn(path)) {
      if (only !== null) return null;
      only = entry;
    }
  } catch (error) {
    if (isMistake(error)) throw error;
    return null;
  }
  return only;
}

function* entriesIn(path: string): Generator<Entry, void> {
  for (const { text, number } of linesOf(path)) {
    if (text.trim() === '') continue;
    const [ms, value, step = '0'] = text.trim().split(/\s+/);
    const entry = { ms: wholeOf(ms), value: numberOf(value ?? ''), step: wholeOf(step) };
    if (entry.ms === undefined || entry.value === undefined || entry.step === undefined)
      throw corruptAt(path, 'expected "timestamp value step"', number);
    yield { ms: entry.ms, value: entry.value, step: entry.step };
  }
}

function wholeOf(text: string | undefined): number | undefined {
  const number = /^-?\d{1,16}$/.test(text ?? '') ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}
