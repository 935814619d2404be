import { axisOfHistory, historyPoints, lastStarted, numberIn, usualFigure } from '../../../pure/history.js';
import type { HistoryAnswer, HistoryRequest, RunFactsAnswer, RunsAnswer } from '../../api.js';
import { definedOver } from '../facts/figures.js';
import { valueOf } from '../facts/run-values.js';
import { fieldName, valueAt } from './report-order.js';

const DATES: readonly string[] = ['startedAt', 'endedAt'];

/** Makes the history of a figure from the runs of a report, the newest first, as a server would. */
export function reportHistory(
  { runs, summaryKeys, headlineKeys, metricKeys, paramKeys }: RunsAnswer,
  { metric: wanted, by, last }: HistoryRequest,
): HistoryAnswer {
  const metric = wanted ?? usualFigure(runs, Object.entries<Readonly<Record<string, unknown>>>) ?? null;
  const field = fieldName(by);
  const isDate = DATES.includes(field);
  const all = historyPoints(metric === null ? [] : runs, {
    valueOf: (facts) => figureOf(facts, metric ?? ''),
    placeOf: (facts) => valueAt(facts, field),
    isDate,
  });
  const points = lastStarted(all, last);
  return {
    ...{ metric, by, axis: axisOfHistory(points, isDate), paramKeys, namesLeftOut: 0 },
    goal: (metric === null ? undefined : definedOver(runs)('goal', metric)) ?? null,
    runs: runs.length,
    total: all.length,
    points: points.map(({ facts: { experiment, run, status, owner, startedAt }, x, value }) => ({
      ...{ experiment, run, status, x: inJson(x), value: inJson(value) },
      ...(startedAt !== undefined && { startedAt }),
      ...(owner !== undefined && { owner }),
    })),
    figures: [...new Set([...headlineKeys, ...summaryKeys, ...metricKeys])].filter((name) =>
      runs.some((facts) => numberIn(figureOf(facts, name)) !== undefined),
    ),
  };
}

/** A number as an answer has it, which is JSON. */
const inJson = (value: number | string): number | string => (Number.isFinite(value) ? value : String(value));

/** The value that a name stands for, as for a server: a summary value, a metric, else a field. */
function figureOf(facts: RunFactsAnswer, name: string): unknown {
  const own =
    valueOf(facts, { kind: 'summary', name }) ??
    valueOf(facts, { kind: 'metric', name, statistic: 'figure' });
  const value = own ?? valueAt(facts, fieldName(name));
  // JSON has such numbers as text.
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value;
}
