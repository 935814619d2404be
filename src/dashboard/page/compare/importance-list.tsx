import type { JSX } from 'preact';
import type { Goal } from '../../../pure/metric-definition.js';
import { goalText } from '../facts/figures.js';
import { importanceOf } from '../facts/importance.js';
import type { Compared, Dimension } from './value-rows.js';

/** Shows how strongly each parameter correlates with a metric or summary value. */
export function ImportanceList({
  rows,
  params,
  metric,
  goal,
}: {
  readonly rows: readonly Compared[];
  readonly params: readonly Dimension[];
  readonly metric: Dimension | undefined;
  readonly goal?: Goal | undefined;
}): JSX.Element {
  const columns = Object.fromEntries(
    params.map(({ name, key }) => [name, rows.map(({ values }) => values.get(key))] as const),
  );
  const results = rows.map(({ values }) => {
    const value = metric === undefined ? undefined : values.get(metric.key);
    return typeof value === 'number' || typeof value === 'boolean' ? Number(value) : undefined;
  });
  const found = importanceOf(columns, results);
  if (found.length === 0)
    return (
      <p class="dim">
        This needs at least three runs with {metric?.name ?? 'a metric'} that differ in a parameter.
      </p>
    );
  return (
    <>
      <p class="dim">
        Rank correlation (Spearman) for numbers, from −1 to 1; correlation ratio (η) for other values, from 0
        to 1. Neither implies causation.
        {goal === undefined ? null : ` Of ${metric?.title ?? 'the metric'}, ${goalText(goal)}.`}
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

/** Bars of signed values start in the middle, those of unsigned values at the left. */
function barOf(value: number, isSigned: boolean): { left: string; width: string } {
  if (!isSigned) return { left: '0', width: `${value * 100}%` };
  return { left: `${50 + Math.min(0, value) * 50}%`, width: `${Math.abs(value) * 50}%` };
}
