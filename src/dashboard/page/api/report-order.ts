import type { RunFactsAnswer } from '../../api.js';
import { valueText } from '../facts/format.js';
import { STATISTICS, valueOf } from '../facts/run-values.js';

/**
 * The order in which a server would sort, for the fields of the table; missing values come last.
 */
export function orderOf(sort: string): (one: RunFactsAnswer, other: RunFactsAnswer) => number {
  const keys = sort
    .split(',')
    .map((key) => ({ sign: key.startsWith('-') ? -1 : 1, field: key.replace(/^-/, '') }));
  return (one, other) => {
    for (const { sign, field } of keys) {
      const order = compare(valueAt(one, field), valueAt(other, field), sign);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function valueAt(facts: RunFactsAnswer, field: string): unknown {
  const name = field.replaceAll('"', '');
  if (name.startsWith('params.')) return valueOf(facts, { kind: 'param', name: name.slice(7) });
  if (name.startsWith('metrics.')) {
    const statistic = STATISTICS.find((each) => name.endsWith(`.${each}`)) ?? 'last';
    const metric = name.slice(8).replace(new RegExp(`\\.${statistic}$`), '');
    return valueOf(facts, { kind: 'metric', name: metric, statistic });
  }
  if (name === 'duration') return facts.durationMs;
  return Reflect.get(facts, name);
}

function compare(one: unknown, other: unknown, sign: number): number {
  if (one === other) return 0;
  if (one === undefined || one === null) return 1;
  if (other === undefined || other === null) return -1;
  if (typeof one === 'number' && typeof other === 'number') return sign * (one - other);
  return sign * valueText(one).localeCompare(valueText(other));
}
