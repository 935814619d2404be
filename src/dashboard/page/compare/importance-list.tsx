import type { JSX } from 'preact';
import { importanceOf } from '../facts/importance.js';
import type { Compared, Dimension } from './value-rows.js';

/** How much each parameter goes along with a metric. */
export function ImportanceList({
  rows,
  params,
  metric,
}: {
  readonly rows: readonly Compared[];
  readonly params: readonly Dimension[];
  readonly metric: Dimension | undefined;
}): JSX.Element {
  const columns = Object.fromEntries(
    params.map(({ name, key }) => [name, rows.map(({ values }) => values.get(key))] as const),
  );
  const results = rows.map(({ values }) => {
    const value = metric === undefined ? undefined : values.get(metric.key);
    return typeof value === 'number' ? value : undefined;
  });
  const found = importanceOf(columns, results);
  if (found.length === 0)
    return (
      <p class="dim">
        This takes at least three runs with {metric?.name ?? 'a metric'} that differ in a parameter.
      </p>
    );
  return (
    <>
      <p class="dim">
        Rank correlation (Spearman) for numbers, from −1 to 1; correlation ratio (η) for anything else, from 0
        to 1. Neither says that one makes the other.
      </p>
      <ul class="bars">
        {found.map(({ param, measure, value, runs }) => (
          <li key={param}>
            <span class="bar-name">{param}</span>
            <span class="bar-track" aria-hidden="true">
              <i style={barOf(value, measure === 'rank correlation')} />
            </span>
            <span class="number">{value.toFixed(2)}</span>
            <span class="dim">
              {measure}, {runs} runs
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** From the middle to either side for what can be negative, from the left for what cannot. */
function barOf(value: number, isSigned: boolean): { left: string; width: string } {
  if (!isSigned) return { left: '0', width: `${value * 100}%` };
  return { left: `${50 + Math.min(0, value) * 50}%`, width: `${Math.abs(value) * 50}%` };
}
