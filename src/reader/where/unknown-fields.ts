import { nearestWord } from '../../model/nearest-word.js';
import { paramLeaves } from '../../model/param-value.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { Expression } from './expression.js';
import { type Field, PATH_WORDS, STATISTIC_WORDS, valueOf } from './fields.js';
import { parseExpression } from './parse-expression.js';
import { keysOf } from './parse-sort.js';
import { fieldIn } from './parse-field.js';

/** A field that no run has, as written in a filter, and a suggestion. */
export interface UnknownField {
  readonly field: string;
  readonly hint: string;
}

/** Texts that name fields of runs. */
export interface FieldTexts {
  readonly where?: string | undefined;
  readonly sort?: string | undefined;
  readonly columns?: readonly string[] | undefined;
}

/**
 * Finds the metrics, parameters and summary values that texts name but no run has: to a filter they
 * are absent, to an order equal, so a misspelling would go unnoticed. Fields that are only tested
 * for presence are left out.
 *
 * @throws ExpmanError `INVALID_FILTER` for a text that cannot be parsed
 */
export function unknownFields(
  { where, sort, columns = [] }: FieldTexts,
  runs: readonly RunFacts[],
): UnknownField[] {
  if (runs.length === 0) return [];
  const fields = [
    ...(where === undefined ? [] : fieldsOf(parseExpression(where, 0))),
    ...(sort === undefined ? [] : keysOf(sort).map(({ field }) => field)),
    ...columns.map(fieldIn),
  ];
  const unknown = new Map<string, UnknownField>();
  for (const field of fields)
    if (field.kind !== 'fact' && runs.every((facts) => valueOf(field, facts) === undefined)) {
      const name = `${PATH_WORDS[field.kind]}.${field.path.join('.')}`;
      const hint = HINTS[field.kind](field.path, runs);
      unknown.set(name, { field: name, hint });
    }
  return [...unknown.values()];
}

function fieldsOf(expression: Expression): Field[] {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.terms.flatMap(fieldsOf);
    case 'not':
      return fieldsOf(expression.term);
    case 'absent':
      return [];
    default:
      return [expression.field];
  }
}

/** Suggests a metric, or a statistic of an existing metric. */
function metricHint(path: readonly string[], runs: readonly RunFacts[]): string {
  const names = new Set(runs.flatMap(({ metrics }) => [...metrics.keys()]));
  const [name, statistic] = [path.slice(0, -1).join('.'), path.at(-1) ?? ''];
  if (names.has(name)) {
    const near = nearestWord(statistic, STATISTIC_WORDS);
    return near === undefined
      ? `metrics.${name} has ${STATISTIC_WORDS.join(', ')}`
      : didYouMean(`metrics.${name}.${near}`);
  }
  const whole = nearestWord(path.join('.'), [...names]);
  if (whole !== undefined || !STATISTIC_WORDS.includes(statistic))
    return didYouMean(whole && `metrics.${whole}`);
  const near = nearestWord(name, [...names]);
  return didYouMean(near && `metrics.${near}.${statistic}`);
}

function paramHint(path: readonly string[], runs: readonly RunFacts[]): string {
  const keys = new Set(runs.flatMap(({ params }) => [...paramLeaves(params)].map(([key]) => key)));
  const near = nearestWord(path.join('.'), [...keys]);
  return didYouMean(near && `params.${near}`);
}

function summaryHint(path: readonly string[], runs: readonly RunFacts[]): string {
  const names = new Set(runs.flatMap(({ summary }) => Object.keys(summary)));
  const near = nearestWord(path.join('.'), [...names]);
  return didYouMean(near && `summary.${near}`);
}

const HINTS = { metric: metricHint, param: paramHint, summary: summaryHint };

const didYouMean = (near: string | undefined): string => (near === undefined ? '' : `did you mean ${near}?`);
