import type { JSX } from 'preact';
import { type ImportanceTrial, paramImportance } from '../../../pure/param-importance.js';
import type { Goal } from '../../../pure/metric-definition.js';
import { goalText } from '../facts/figures.js';

/** Shows how much of a metric or summary value each parameter decides. */
export function ImportanceList({
  space,
  trials,
  metric,
  goal,
}: {
  /** The description of the space, as in `sweep.yaml`. */
  readonly space: unknown;
  readonly trials: readonly ImportanceTrial[];
  readonly metric: string;
  readonly goal?: Goal | undefined;
}): JSX.Element {
  const found = paramImportance(space, trials);
  if (found.length === 0)
    return (
      <p class="dim">This needs at least four finished runs with {metric} that differ in a parameter.</p>
    );
  return (
    <>
      <p class="dim">
        The share of the variance that each parameter explains by itself (functional ANOVA, Hutter et al.
        2014), from finished runs. What is missing to 1 is due to several parameters together.
        {goal === undefined ? null : ` Of ${metric}, ${goalText(goal)}.`}
      </p>
      <ul class="bars">
        {found.map(({ param, importance, trials: count }) => (
          <li key={param}>
            <span class="bar-name">{param}</span>
            <span class="bar-track" aria-hidden="true">
              <i style={{ left: '0', width: `${importance * 100}%` }} />
            </span>
            <span class="number">{importance.toFixed(2)}</span>
            <span class="dim">{count} runs</span>
          </li>
        ))}
      </ul>
    </>
  );
}
