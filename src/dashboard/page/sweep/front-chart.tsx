import type { JSX } from 'preact';
import { type Mark, Scatter } from '../compare/scatter.js';
import type { Compared, Dimension } from '../compare/value-rows.js';
import { countText } from '../facts/format.js';
import { Select } from '../parts/select.js';
import { choose, route } from '../state/navigation.js';
import type { Sweep } from './trials.js';

const FRONT: Mark = { look: 'ringed', what: 'on the Pareto front' };
const BROKEN: Mark = { look: 'hollow', what: 'breaking a constraint' };

/** Plots two metrics of a sweep of several against each other, with the trials on the front marked. */
export function FrontChart({
  sweep: { trials, front, constraints },
  rows,
  metrics,
}: {
  readonly sweep: Sweep;
  /** The trials, in their order. */
  readonly rows: readonly Compared[];
  readonly metrics: readonly Dimension[];
}): JSX.Element | null {
  const { query } = route.value;
  const x = metrics.find(({ key }) => key === query.get('sx')) ?? metrics[0];
  const y = metrics.find(({ key }) => key === query.get('sy')) ?? metrics[1];
  if (x === undefined || y === undefined) return null;
  const ended = rows.flatMap((row, at) => {
    const trial = trials[at];
    return trial?.status === 'finished' && trial.values.length > 0 ? [{ row, trial }] : [];
  });
  const marks = new Map(
    ended.flatMap(({ row: { id }, trial }) => {
      if (front.has(trial.number)) return [[id, FRONT] as const];
      return trial.keepsBounds ? [] : [[id, BROKEN] as const];
    }),
  );
  const select = (label: string, value: string, to: (key: string) => void): JSX.Element => (
    <Select
      {...{ label, value, names: metrics.map(({ key }) => key), choose: to }}
      titleOf={(key) => metrics.find((each) => each.key === key)?.title ?? key}
    />
  );
  return (
    <section aria-label="Pareto front">
      <div class="bar">
        <h2>Pareto front</h2>
        {select('x', x.key, (sx) => choose({ sx }))}
        {select('y', y.key, (sy) => choose({ sy }))}
      </div>
      <p class="dim">
        Ringed: {countText(front.size)} of {countText(ended.length)} finished trials, which no other surpasses
        in all {metrics.length} metrics.
        {constraints.length > 0 ? ' Hollow: those that break a constraint.' : ''}
      </p>
      <Scatter rows={ended.map(({ row }) => row)} {...{ x, y, marks }} />
    </section>
  );
}
