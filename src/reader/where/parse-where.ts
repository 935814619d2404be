import { invalidOption } from '../../model/option-rules.js';
import type { RunFacts } from '../../model/run-facts.js';
import { evaluate } from './evaluate.js';
import { parseExpression } from './parse-expression.js';
import { printExpression } from './print-expression.js';

/** A condition on runs. */
export interface Filter {
  /** The filter as it was understood: words in full, dates and durations worked out. */
  readonly text: string;
  /** Whether a run fulfils it; a condition on what the run does not have is not fulfilled, and neither is its opposite. */
  matches(facts: RunFacts): boolean;
}

/**
 * Reads a filter such as `params.lr < 0.01 AND metrics.loss.min < 0.2 AND tags HAS 'baseline' AND status = FINISHED`.
 *
 * Fields are `params.<path>`, `metrics.<name>` with `.last` (when none is named), `.min`, `.max`, `.mean`, `.count`, `.minStep`,
 * `.maxStep`, `.nan` or `.texts` behind it, and `experiment`, `run` (or `name`), `uuid`, `status`, `startedAt`, `endedAt`, `duration`,
 * `rows`, `accepted`, `rewound`, `lastStep`, `dropped`, `invalid`, `lost`, `tags`, `notes`, `group`, `rank`, `error`. Where names hold dots themselves the longest one that is there is
 * meant; a part with spaces or signs is quoted: `params."my key".x`.
 *
 * Operators are `= == != <> < <= > >=`, `IN (a, b)`, `HAS` (a list has the item), `LIKE` (the whole text, `*` or `%` for any
 * characters, `?` for one), `~` (the text holds it), `IS NULL`, `IS NOT NULL`, `EXISTS`, `AND`, `OR`, `NOT` and parentheses. `LIKE` and
 * `~` are blind to upper and lower case, and look at each item of a list. Text with spaces or signs stands in `'` or `"`, a quote in
 * it twice. A duration is `90s` or `2h30m`; a date is ISO text (UTC where it names no zone), `now`, or `-7d` for seven days ago.
 *
 * What is absent is as NULL in SQL: every comparison with it, `!=` and `NOT` included, is not fulfilled. Numbers are compared by
 * value whatever their type; NaN equals NaN, and is neither below nor above anything; values of two kinds are not equal, and not ordered.
 *
 * @param nowMs the moment that relative dates count from, in milliseconds since the epoch
 * @throws ExpmanError `INVALID_FILTER`, with the place, when it cannot be understood; `INVALID_OPTION` for what is no text
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
