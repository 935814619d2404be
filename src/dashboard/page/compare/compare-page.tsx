import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import { answerOf } from '../api/use-api.js';
import { colourAt } from '../chart/palette.js';
import { type Column, runId, STATISTICS, type Statistic } from '../facts/run-values.js';
import { To } from '../parts/link.js';
import { Select } from '../parts/select.js';
import { Broken, Empty, Loading } from '../parts/states.js';
import { useFacts } from '../runs/use-facts.js';
import { useNews } from '../runs/use-news.js';
import { choose, route } from '../state/navigation.js';
import { theme } from '../state/theme.js';
import { CompareTable } from './compare-table.js';
import { ImportanceList } from './importance-list.js';
import { Parallel } from './parallel.js';
import { Scatter } from './scatter.js';
import { comparedRuns, metricNames, paramNames } from './value-rows.js';

const MOST_AXES = 8;

/** The selected runs beside each other. */
export function ComparePage(): JSX.Element {
  const ids = route.value.query.getAll('run');
  const [asked, again] = useFacts(ids);
  const news = useNews(ids, again);
  const read = answerOf(asked);
  const runs = useMemo(() => read?.map((each) => news.get(runId(each)) ?? each), [read, news]);
  if (ids.length === 0)
    return (
      <Empty title="No runs are selected">
        Tick some <To place={{ page: 'runs' }}>runs</To> and come back: they are set beside each other here.
      </Empty>
    );
  if (asked.state === 'failed') return <Broken failure={asked.failure} again={again} />;
  if (runs === undefined) return <Loading what="runs" />;
  return runs.length === 0 ? <Empty title="These runs are gone" /> : <Compare runs={runs} />;
}

function Compare({ runs }: { readonly runs: readonly RunFactsAnswer[] }): JSX.Element {
  const { query } = route.value;
  const statistic: Statistic = STATISTICS.find((name) => name === query.get('stat')) ?? 'last';
  const params = useMemo(() => paramNames(runs), [runs]);
  const metrics = useMemo(() => metricNames(runs), [runs]);
  const rows = useRows(runs, [...params.differ, ...params.same], metrics, statistic);
  const metric = metrics.find((name) => name === query.get('metric')) ?? metrics[0] ?? '';
  const names = [...params.differ, ...metrics, ...params.same];
  const x = names.find((name) => name === query.get('sx')) ?? names[0] ?? '';
  const y = names.find((name) => name === query.get('sy')) ?? metric;
  return (
    <div class="page">
      <section aria-label="Parameters">
        <h2>Parameters</h2>
        <CompareTable {...{ rows }} names={[...params.differ, ...params.same]} differ={params.differ} />
      </section>
      <section aria-label="Metrics">
        <div class="bar">
          <h2>Metrics</h2>
          <Select label="of each" value={statistic} names={STATISTICS} choose={(stat) => choose({ stat })} />
        </div>
        <CompareTable {...{ rows }} names={metrics} differ={[]} />
      </section>
      <div class="charts">
        <section aria-label="Scatter">
          <div class="bar">
            <h2>Scatter</h2>
            <Select label="x" value={x} names={names} choose={(sx) => choose({ sx })} />
            <Select label="y" value={y} names={names} choose={(sy) => choose({ sy })} />
          </div>
          <Scatter {...{ rows, x, y }} />
        </section>
        <section aria-label="Importance">
          <div class="bar">
            <h2>Parameter importance</h2>
            <Select label="for" value={metric} names={metrics} choose={(name) => choose({ metric: name })} />
          </div>
          <ImportanceList {...{ rows, metric }} params={params.differ} />
        </section>
      </div>
      <section aria-label="Parallel coordinates">
        <h2>Parallel coordinates</h2>
        <Parallel
          rows={rows}
          names={[...params.differ.slice(0, MOST_AXES), ...(metric === '' ? [] : [metric])]}
        />
      </section>
    </div>
  );
}

function useRows(
  runs: readonly RunFactsAnswer[],
  params: readonly string[],
  metrics: readonly string[],
  statistic: Statistic,
): ReturnType<typeof comparedRuns> {
  const colours = theme.value;
  return useMemo(() => {
    const columns = [
      ...params.map((name) => ({ name, column: { kind: 'param', name } satisfies Column })),
      ...metrics.map((name) => ({ name, column: { kind: 'metric', name, statistic } satisfies Column })),
    ];
    return comparedRuns(runs, columns, (index) => colourAt(index, colours));
  }, [runs, params.join('\n'), metrics, statistic, colours]);
}
