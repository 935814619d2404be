import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import { colourAt } from '../chart/palette.js';
import { STATISTICS, type Statistic } from '../facts/run-values.js';
import { firstOf } from '../parts/first-of.js';
import { Left } from '../parts/left.js';
import { To } from '../parts/link.js';
import { Select } from '../parts/select.js';
import { Answered, Empty } from '../parts/states.js';
import { useLiveFacts } from '../runs/use-facts.js';
import { choose, route } from '../state/navigation.js';
import { theme } from '../state/theme.js';
import { CompareTable } from './compare-table.js';
import { ImportanceList } from './importance-list.js';
import { Parallel } from './parallel.js';
import { Scatter } from './scatter.js';
import { comparedRuns, type Dimension, dimensionsOf, metricNames, paramNames } from './value-rows.js';

/**
 * @bound tells: a line below the axes says how many more; specs/dashboard/browser/left-out.spec.ts
 * "is counted: metrics in the menu and beyond the charts, parameters beyond the axes, columns,
 * runs"
 */
const MOST_AXES = 8;

/** Shows the selected runs side by side. */
export function ComparePage(): JSX.Element {
  const ids = route.value.query.getAll('run');
  const [asked, again] = useLiveFacts(ids);
  if (ids.length === 0)
    return (
      <Empty title="No runs are selected">
        Tick some <To place={{ page: 'runs' }}>runs</To> and come back to see them side by side.
      </Empty>
    );
  return (
    <Answered asked={asked} again={again} what="runs">
      {(runs) => (runs.length === 0 ? <Empty title="These runs are gone" /> : <Compare runs={runs} />)}
    </Answered>
  );
}

function Compare({ runs }: { readonly runs: readonly RunFactsAnswer[] }): JSX.Element {
  const { query } = route.value;
  const statistic: Statistic = STATISTICS.find((name) => name === query.get('stat')) ?? 'last';
  const { differ, same, metrics } = useMemo(() => splitDimensions(runs), [runs]);
  const axes = firstOf(differ, MOST_AXES);
  const dimensions = useMemo(() => [...differ, ...metrics, ...same], [differ, metrics, same]);
  const rows = useRows(runs, dimensions, statistic);
  const metric = metrics.find(({ name }) => name === query.get('metric')) ?? metrics[0];
  const x = dimensions.find(({ key }) => key === query.get('sx')) ?? dimensions[0];
  const y = dimensions.find(({ key }) => key === query.get('sy')) ?? metric ?? x;
  const select = (label: string, one: Dimension | undefined, to: (key: string) => void): JSX.Element => (
    <Select
      {...{ label, value: one?.key ?? '', names: dimensions.map(({ key }) => key), choose: to }}
      titleOf={(key) => dimensions.find((each) => each.key === key)?.title ?? key}
    />
  );
  return (
    <div class="page">
      <section aria-label="Parameters">
        <h2>Parameters</h2>
        <CompareTable {...{ rows }} dimensions={[...differ, ...same]} differ={differ} />
      </section>
      <section aria-label="Metrics">
        <div class="bar">
          <h2>Metrics</h2>
          <Select label="of each" value={statistic} names={STATISTICS} choose={(stat) => choose({ stat })} />
        </div>
        <CompareTable {...{ rows }} dimensions={metrics} differ={[]} />
      </section>
      <div class="charts">
        <section aria-label="Scatter">
          <div class="bar">
            <h2>Scatter</h2>
            {select('x', x, (sx) => choose({ sx }))}
            {select('y', y, (sy) => choose({ sy }))}
          </div>
          {x === undefined || y === undefined ? null : <Scatter {...{ rows, x, y }} />}
        </section>
        <section aria-label="Importance">
          <div class="bar">
            <h2>Parameter importance</h2>
            <Select
              {...{ label: 'for', value: metric?.name ?? '', names: metrics.map(({ name }) => name) }}
              choose={(name) => choose({ metric: name })}
            />
          </div>
          <ImportanceList {...{ rows, metric }} params={differ} />
        </section>
      </div>
      <section aria-label="Parallel coordinates">
        <h2>Parallel coordinates</h2>
        <Parallel rows={rows} dimensions={[...axes.shown, ...(metric === undefined ? [] : [metric])]} />
        <Left left={axes.left} what="parameters without an axis" />
      </section>
    </div>
  );
}

function splitDimensions(
  runs: readonly RunFactsAnswer[],
): Readonly<Record<'differ' | 'same' | 'metrics', Dimension[]>> {
  const { differ, same } = paramNames(runs);
  const { params, metrics } = dimensionsOf([...differ, ...same], metricNames(runs));
  return { differ: params.slice(0, differ.length), same: params.slice(differ.length), metrics };
}

function useRows(
  runs: readonly RunFactsAnswer[],
  dimensions: readonly Dimension[],
  statistic: Statistic,
): ReturnType<typeof comparedRuns> {
  const colours = theme.value;
  return useMemo(
    () => comparedRuns(runs, { dimensions, statistic }, (index) => colourAt(index, colours)),
    [runs, dimensions, statistic, colours],
  );
}
