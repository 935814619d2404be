import type { RunFactsAnswer } from '../../api.js';
import { valueText } from '../facts/format.js';
import { STATISTICS, valueOf } from '../facts/run-values.js';

/** A key of an order: a field in which quoted parts may hold commas. */
const KEY = /(-?)((?:"(?:[^"]|"")*"|[^,"])+)/g;

/**
 * The order in which a server would sort, for the fields of the table; missing values come last.
 */
export function orderOf(sort: string): (one: RunFactsAnswer, other: RunFactsAnswer) => number {
  const keys = [...sort.matchAll(KEY)].map(([, minus, field = '']) => ({
    sign: minus === '-' ? -1 : 1,
    name: fieldName(field),
  }));
  return (one, other) => {
    for (const { sign, name } of keys) {
      const order = compare(valueAt(one, name), valueAt(other, name), sign);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** Returns a field with its quoted parts as they are: `params.my key` of `params."my key"`. */
export const fieldName = (field: string): string =>
  field.replaceAll(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"'));

/** Returns the value of a field, by its name; undefined if the run has none. */
export function valueAt(facts: RunFactsAnswer, name: string): unknown {
  const [, kind, path = ''] = /^(params|summary|metrics)\.(.+)$/s.exec(name) ?? [];
  switch (kind) {
    case 'params':
      return valueOf(facts, { kind: 'param', name: path });
    case 'summary':
      return valueOf(facts, { kind: 'summary', name: path });
    case 'metrics':
      return metricAt(facts, path);
    default:
      return name === 'duration' ? facts.durationMs : own(facts, name);
  }
}

const own = (facts: RunFactsAnswer, name: string): unknown =>
  Object.hasOwn(facts, name) ? Reflect.get(facts, name) : undefined;

/** A metric of that name counts before a statistic of a metric with a shorter one. */
function metricAt(facts: RunFactsAnswer, path: string): unknown {
  const figure = valueOf(facts, { kind: 'metric', name: path, statistic: 'figure' });
  const statistic = STATISTICS.find((each) => path.endsWith(`.${each}`));
  if (figure !== undefined || statistic === undefined) return figure;
  return valueOf(facts, { kind: 'metric', name: path.slice(0, -statistic.length - 1), statistic });
}

function compare(one: unknown, other: unknown, sign: number): number {
  if (one === other) return 0;
  if (one === undefined || one === null) return 1;
  if (other === undefined || other === null) return -1;
  if (typeof one === 'number' && typeof other === 'number') return sign * (one - other);
  return sign * valueText(one).localeCompare(valueText(other));
}
