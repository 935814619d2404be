import { jsonText } from '../../model/json-text.js';
import type { RunFacts } from '../../model/run-facts.js';
import { numberIn, usualFigure } from '../../pure/history.js';
import { definedIn } from '../../pure/metric-definition.js';
import { figureNames } from '../../reader/groups.js';
import { historyOf } from '../../reader/history.js';
import { runValue } from '../../reader/run-value.js';
import type { HistoryAnswer, HistoryRequest } from '../api.js';

/**
 * @bound tells: the answer and the page say how many more; specs/dashboard/server/history.spec.ts
 * "names 1,000 figures, and counts the others"
 */
const MAX_FIGURES = 1000;

/** The names that a history of some runs may be of. */
interface Names {
  readonly paramKeys: readonly string[];
  /** The number of parameters beyond those. */
  readonly leftOut: number;
}

/**
 * Makes the history of a figure as JSON of a `HistoryAnswer`.
 *
 * @param runs - the newest first
 * @throws ExpmanError `INVALID_FILTER` if `by` is not a field, `INVALID_OPTION` if it has no order
 */
export function readHistory(
  runs: readonly RunFacts[],
  { metric: wanted, by, last }: HistoryRequest,
  { paramKeys, leftOut }: Names,
): string {
  const { names, left } = figuresOf(runs);
  const metric = wanted ?? usualFigure(runs, (metrics) => metrics) ?? null;
  const { points, axis, total } = historyOf(metric === null ? [] : runs, metric ?? '', { by, last });
  const answer: Omit<HistoryAnswer, 'points'> = {
    ...{ metric, by, axis, runs: runs.length, total },
    goal: (metric === null ? undefined : definedIn('goal', runs, metric)) ?? null,
    figures: names,
    paramKeys: [...paramKeys],
    namesLeftOut: left + leftOut,
  };
  const shown = points.map(({ facts: { experiment, run, status, owner, startedAt }, x, value }) => ({
    ...{ experiment, run, status, startedAt, x, value },
    ...(owner !== undefined && { owner }),
  }));
  return jsonText({ ...answer, points: shown });
}

/** The figures that are a number in some run, and the number of names that were not looked at. */
function figuresOf(runs: readonly RunFacts[]): { readonly names: string[]; readonly left: number } {
  const names: string[] = [];
  const all = figureNames(runs);
  for (const [at, name] of all.entries()) {
    if (names.length === MAX_FIGURES) return { names, left: all.length - at };
    const valueOf = runValue(name);
    if (runs.some((facts) => numberIn(valueOf(facts)) !== undefined)) names.push(name);
  }
  return { names, left: 0 };
}
