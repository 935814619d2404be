import type { RunFacts } from '../model/run-facts.js';
import { compareNumbers } from '../pure/compare-numbers.js';
import { type Goal, definedIn } from '../pure/metric-definition.js';
import { type Field, valueOf } from '../reader/where/fields.js';
import { fieldIn } from '../reader/where/parse-field.js';
import { UsageError, numberOption } from './command.js';

interface BestOptions {
  readonly keepBest: string | undefined;
  readonly by: string | undefined;
  readonly goal: string | undefined;
}

/** Which runs of an experiment are the best. */
export interface BestRule {
  readonly keep: number;
  /** The field as it was given. */
  readonly by: string;
  /** Returns the best runs of one experiment, the best first. */
  readonly bestOf: (runs: readonly RunFacts[]) => readonly RunFacts[];
  /** Returns the figure of a run; undefined if it has none to compare. */
  readonly figureOf: (facts: RunFacts) => number | undefined;
}

/**
 * Reads `--keep-best`, `--by` and `--goal`; null without them.
 *
 * @throws {@link UsageError}; {@link ExpmanError} `INVALID_FILTER`
 */
export function bestRule(options: BestOptions): BestRule | null {
  const { by, goal } = options;
  const keep = numberOption(options, 'keepBest', { min: 0 });
  if (keep === undefined) {
    if (by !== undefined || goal !== undefined)
      throw new UsageError('--by and --goal say which runs are the best; add --keep-best');
    return null;
  }
  if (by === undefined) throw new UsageError('--keep-best needs a field: --by metrics.val_loss.min');
  if (goal !== undefined && goal !== 'min' && goal !== 'max')
    throw new UsageError(`--goal must be min or max; got ${JSON.stringify(goal)}`);
  const field = fieldIn(by);
  const figureOf = (facts: RunFacts): number | undefined => {
    const value = valueOf(field, facts);
    const isFigure = typeof value === 'number' || typeof value === 'bigint';
    return isFigure && !Number.isNaN(Number(value)) ? Number(value) : undefined;
  };
  const bestOf = (runs: readonly RunFacts[]): readonly RunFacts[] => {
    const ranked = runs.flatMap((facts) => {
      const figure = figureOf(facts);
      return figure === undefined ? [] : [{ facts, figure }];
    });
    if (ranked.length === 0) return [];
    const sign = (goal ?? goalOf(field, by, runs)) === 'min' ? 1 : -1;
    return ranked
      .sort(
        (one, other) =>
          sign * compareNumbers(one.figure, other.figure) || newestFirst(one.facts, other.facts),
      )
      .slice(0, keep)
      .map(({ facts }) => facts);
  };
  return { keep, by, bestOf, figureOf };
}

/** Orders runs by start, the newest first. */
export const newestFirst = (one: RunFacts, other: RunFacts): number =>
  other.startedAt.localeCompare(one.startedAt) || other.run.localeCompare(one.run);

/** The direction by the definition of the metric or summary value, else by the statistic's name. */
function goalOf(field: Field, by: string, runs: readonly RunFacts[]): Goal {
  if (field.kind === 'metric' || field.kind === 'summary') {
    const whole = field.path.join('.');
    const isName = runs.some(({ metrics, summary }) => metrics.has(whole) || Object.hasOwn(summary, whole));
    const name = isName || field.kind === 'summary' ? whole : field.path.slice(0, -1).join('.');
    const defined = definedIn('goal', runs, name);
    if (defined !== undefined) return defined;
    const statistic = isName ? undefined : field.path.at(-1);
    if (statistic === 'min' || statistic === 'max') return statistic;
  }
  throw new UsageError(
    `whether a low or a high ${by} is better is not defined: add --goal min or --goal max`,
  );
}
