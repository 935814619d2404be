import type { MetricRow } from '../../model/metric.js';
import { bareObject } from '../../model/param-value.js';
import type { SummaryValues } from '../../model/summary-values.js';
import { quantity } from '../../pure/quantity.js';
import { numberOf } from '../csv/cells.js';
import type { Findings } from '../exchange/findings.js';
import { filesBelow } from '../source/files-below.js';
import { PointRows } from '../exchange/points.js';
import { wholeLinesOf } from '../text/lines.js';

/** A value of a metric, as MLflow keeps it. */
export interface MetricEntry {
  readonly ms: number;
  readonly value: number;
  readonly step: number;
}

/** A metric, and where its values are. */
export interface MetricSeries {
  readonly metric: string;
  /** Reads the values; may be called again. */
  readonly entries: () => readonly MetricEntry[];
}

/**
 * Lists the metrics of a run in a file store; one with slashes in its name is a file in nested
 * folders.
 */
export const metricFilesIn = (folder: string, findings: Findings): MetricSeries[] =>
  filesBelow(folder).map(([metric, path]) => ({
    metric,
    entries: () => entriesIn(path, metric, findings),
  }));

/** Yields the rows of a run: values of one step form one row. */
export function* rowsOfMetrics(series: readonly MetricSeries[], path: string): Generator<MetricRow, void> {
  const points = new PointRows(path);
  for (const { metric, entries: read } of series) {
    const entries = read();
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
 */
export function figuresOf(series: readonly MetricSeries[]): SummaryValues {
  return bareObject(
    series.flatMap(({ metric, entries }): [string, number][] => {
      const [entry, other] = entries();
      return entry?.step === 0 && other === undefined ? [[metric, entry.value]] : [];
    }),
  );
}

/**
 * Reads the lines of a metric, `timestamp value step`, in new versions with a data set. Lines that
 * are not whole are left out and told.
 */
function entriesIn(path: string, metric: string, findings: Findings): MetricEntry[] {
  const entries: MetricEntry[] = [];
  const bare: MetricEntry[] = [];
  const wrong: number[] = [];
  for (const { text, number } of wholeLinesOf(path, `metrics/${metric}`, findings)) {
    if (text.trim() === '') continue;
    const [ms, value, step] = text.trim().split(/\s+/);
    const entry = { ms: wholeOf(ms), value: numberOf(value ?? ''), step: wholeOf(step ?? '0') };
    if (entry.ms === undefined || entry.value === undefined || entry.step === undefined) wrong.push(number);
    else {
      const read = { ms: entry.ms, value: entry.value, step: entry.step };
      if (step === undefined) bare.push(read);
      else entries.push(read);
    }
  }
  // The first versions had no steps: then no line has one. Else such a line was cut off.
  const isOld = entries.length === 0;
  const lost = wrong.length + (isOld ? 0 : bare.length);
  if (lost > 0)
    findings.add('damaged', quantity(lost, `lines of metrics/${metric} that are not "timestamp value step"`));
  return isOld ? bare : entries;
}

function wholeOf(text: string | undefined): number | undefined {
  const number = /^-?\d{1,16}$/.test(text ?? '') ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}
