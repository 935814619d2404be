import { invalidOption } from '../../model/option-rules.js';
import type { RunFacts } from '../../model/run-facts.js';
import { evaluate } from './evaluate.js';
import { parseExpression } from './parse-expression.js';
import { printExpression } from './print-expression.js';

/** A condition on runs. */
export interface Filter {
  /** The filter as it was understood: keywords in full, dates and durations resolved. */
  readonly text: string;
  /**
   * True if a run matches; a condition on a value that the run does not have never matches, and
   * neither does its negation.
   */
  matches(facts: RunFacts): boolean;
}

/**
 * Parses a filter such as `params.lr < 0.01 AND metrics.loss.min < 0.2 AND tags HAS 'baseline' AND
 * status = FINISHED`.
 *
 * Fields are `params.<path>`, `summary.<name>`, `metrics.<name>` followed by `.last`, `.min`,
 * `.max`, `.best` (by the goal given to `defineMetric`), `.mean`, `.count`, `.stepOfMin`,
 * `.stepOfMax`, `.nan` or `.texts` (alone it is the statistic given to `defineMetric`, otherwise
 * the last value), and `experiment`, `run` (or `name`), `uuid`, `status`, `startedAt`, `endedAt`,
 * `duration`, `rows`, `accepted`, `rewound`, `lastStep`, `dropped`, `invalid`, `lost`, `tags`,
 * `logged`, `used`, `notes`, `group`, `rank`, `parent`, `error`, `project`. If names contain dots themselves,
 * the longest existing one is used; a part with spaces or special characters is quoted: `params."my key".x`.
 *
 * Operators are `= == != <> < <= > >=`, `IN (a, b)`, `HAS` (a list has the item), `LIKE` (the whole
 * text, with `*` or `%` for any characters, `?` for one), `~` (contains the text), `IS NULL`, `IS
 * NOT NULL`, `EXISTS`, `AND`, `OR`, `NOT` and parentheses. `LIKE` and `~` ignore case, and test
 * each item of a list. Text with spaces or special characters is quoted with `'` or `"`; a quote
 * inside is doubled. A duration is `90s` or `2h30m`; a date is ISO text (UTC if it has no time
 * zone), `now`, or `-7d` for seven days ago.
 *
 * An absent value is like NULL in SQL: no comparison with it matches, not even `!=` or with `NOT`.
 * Numbers are compared by value whatever their type; NaN equals NaN, and is neither less nor
 * greater than anything; values of different kinds are neither equal nor ordered.
 *
 * @param nowMs the time that relative dates count from, in milliseconds since the epoch
 * @throws ExpmanError `INVALID_FILTER`, with the place, if it cannot be parsed; `INVALID_OPTION` if
 * it is not text
 * @example
 * const filter = parseWhere("status = FINISHED AND startedAt > -7d AND NOT tags HAS 'broken'");
 * runs.filter((run) => filter.matches(run));
 */
export function parseWhere(text: string, nowMs = Date.now()): Filter {
  if (typeof text !== 'string') throw invalidOption('text', 'a filter, such as "status = FINISHED"', text);
  const expression = parseExpression(text, nowMs);
  return {
    text: printExpression(expression),
    matches: (facts) => evaluate(expression, facts) === true,
  };
}
