import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Goal } from '../../../pure/metric-definition.js';
import type { RunFactsAnswer } from '../../api.js';
import { colourAt } from '../chart/palette.js';
import { definedOver } from '../facts/figures.js';
import { STATISTICS, type Statistic } from '../facts/run-values.js';
import { seenSpace } from '../facts/seen-space.js';
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
import {
  type Compared,
  comparedRuns,
  type Dimension,
  dimensionsOf,
  metricNames,
  paramNames,
  summaryNamesOf,
} from './value-rows.js';

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
  const statistic: Statistic = STATISTICS.find((name) => name === query.get('stat')) ?? 'figure';
  const { differ, same, summaries, metrics } = useMemo(() => splitDimensions(runs), [runs]);
  const defined = useMemo(() => definedOver(runs), [runs]);
  const axes = firstOf(differ, MOST_AXES);
  const dimensions = useMemo(
    () => [...differ, ...summaries, ...metrics, ...same],
    [differ, summaries, metrics, same],
  );
  const rows = useRows(runs, dimensions, statistic);
  const results = resultsOf(summaries, metrics, rows);
  const wanted = query.get('metric');
  const result =
    results.find(({ key }) => key === wanted) ?? results.find(({ name }) => name === wanted) ?? results[0];
  const goal = result === undefined ? undefined : defined('goal', result.name);
  const x = dimensions.find(({ key }) => key === query.get('sx')) ?? dimensions[0];
  const y = dimensions.find(({ key }) => key === query.get('sy')) ?? result ?? x;
  const select = (
    label: string,
    [of, one]: readonly [of: readonly Dimension[], one: Dimension | undefined],
    to: (key: string) => void,
  ): JSX.Element => (
    <Select
      {...{ label, value: one?.key ?? '', names: of.map(({ key }) => key), choose: to }}
      titleOf={(key) => of.find((each) => each.key === key)?.title ?? key}
    />
  );
  return (
    <div class="page">
      {summaries.length === 0 ? null : (
        <section aria-label="Summary">
          <h2>Summary</h2>
          <CompareTable {...{ rows, defined }} dimensions={summaries} />
        </section>
      )}
      <section aria-label="Parameters">
        <h2>Parameters</h2>
        <CompareTable {...{ rows, differ }} dimensions={[...differ, ...same]} />
      </section>
      <section aria-label="Metrics">
        <div class="bar">
          <h2>Metrics</h2>
          <Select
            {...{ label: 'of each', value: statistic, names: STATISTICS }}
            titleOf={(name) => (name === 'figure' ? 'as defined' : name)}
            choose={(stat) => choose({ stat })}
          />
        </div>
        <CompareTable {...{ rows, defined }} dimensions={metrics} />
      </section>
      <div class="charts">
        <section aria-label="Scatter">
          <div class="bar">
            <h2>Scatter</h2>
            {select('x', [dimensions, x], (sx) => choose({ sx }))}
            {select('y', [dimensions, y], (sy) => choose({ sy }))}
          </div>
          {x === undefined || y === undefined ? null : <Scatter {...{ rows, x, y }} />}
        </section>
        <section aria-label="Importance">
          <div class="bar">
            <h2>Parameter importance</h2>
            {select('for', [results, result], (metric) => choose({ metric }))}
          </div>
          <ImportanceOf {...{ runs, rows, goal, result }} params={differ} />
        </section>
      </div>
      <section aria-label="Parallel coordinates">
        <h2>Parallel coordinates</h2>
        <Parallel
          {...{ rows, goal }}
          dimensions={[...axes.shown, ...(result === undefined ? [] : [result])]}
        />
        <Left left={axes.left} what="parameters without an axis" />
      </section>
    </div>
  );
}

/** Shows the importance of parameters in runs that are not of one sweep: their space is what is seen of it. */
function ImportanceOf({
  runs,
  rows,
  params,
  result,
  goal,
}: {
  readonly runs: readonly RunFactsAnswer[];
  readonly rows: readonly Compared[];
  readonly params: readonly Dimension[];
  readonly result: Dimension | undefined;
  readonly goal: Goal | undefined;
}): JSX.Element {
  const valuesOf = ({ key }: Dimension): unknown[] => rows.map(({ values }) => values.get(key));
  const space = seenSpace(Object.fromEntries(params.map((param) => [param.name, valuesOf(param)])));
  const trials = rows.map(({ values }, at) => {
    const value = result === undefined ? undefined : values.get(result.key);
    return {
      status: runs[at]?.status.toLowerCase() ?? '',
      params: Object.fromEntries(params.map(({ name, key }) => [name, values.get(key)])),
      value: typeof value === 'number' || typeof value === 'boolean' ? Number(value) : null,
    };
  });
  return <ImportanceList {...{ space, trials, goal }} metric={result?.title ?? 'a metric'} />;
}

/** The values that parameters are judged by: summary values that are numbers, and metrics. */
const resultsOf = (
  summaries: readonly Dimension[],
  metrics: readonly Dimension[],
  rows: readonly Compared[],
): Dimension[] => [
  ...summaries.filter(({ key }) =>
    rows.some(({ values }) => ['number', 'boolean'].includes(typeof values.get(key))),
  ),
  ...metrics,
];

function splitDimensions(
  runs: readonly RunFactsAnswer[],
): Readonly<Record<'differ' | 'same' | 'summaries' | 'metrics', Dimension[]>> {
  const { differ, same } = paramNames(runs);
  const { params, ...others } = dimensionsOf([...differ, ...same], metricNames(runs), summaryNamesOf(runs));
  return { differ: params.slice(0, differ.length), same: params.slice(differ.length), ...others };
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
