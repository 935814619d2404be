import { attempt } from '../model/attempt.js';
import { figureOf } from '../model/figure.js';
import type { RunFacts } from '../model/run-facts.js';
import type { FieldValue } from './where/fields.js';
import { parseField } from './where/parse-field.js';

/**
 * Returns what a name stands for in a run: its summary value, else the statistic of its metric (see
 * `figureOf`), else a field as filters have it, such as `metrics.loss.min`, `params.lr` or
 * `duration`; undefined if the run has nothing of that name.
 */
export function runValue(name: string): (facts: RunFacts) => FieldValue {
  let fieldOf: ((facts: RunFacts) => FieldValue) | undefined;
  attempt(() => (fieldOf = parseField(name)));
  return (facts) =>
    (Object.hasOwn(facts.summary, name) ? facts.summary[name] : figureOf(facts, name)) ?? fieldOf?.(facts);
}
