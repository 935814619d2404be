import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import { answerOf } from '../api/use-api.js';
import { ChartGrid } from '../chart/chart-grid.js';
import { colourAt } from '../chart/palette.js';
import { flatParams, valueOf } from '../facts/run-values.js';
import { valueText } from '../facts/format.js';
import { To } from '../parts/link.js';
import { Broken, Empty, Loading } from '../parts/states.js';
import { Status } from '../parts/status.js';
import { useFacts } from '../runs/use-facts.js';
import { choose, route } from '../state/navigation.js';
import { numberIn, runPlace } from '../state/route.js';
import { theme } from '../state/theme.js';
import { CurveChoices } from './curve-choices.js';
import { type CurvesView, factsById, useCurves } from './use-curves.js';

/** What the server reads at once. */
const MOST_RUNS = 100;
const STANDARD_METRICS = 6;
const MOST_METRICS = 50;

/** Curves of the selected runs over each other, one chart a metric. */
export function CurvesPage(): JSX.Element {
  const { query } = route.value;
  const ids = query.getAll('run').slice(0, MOST_RUNS);
  const [asked, again] = useFacts(ids);
  if (ids.length === 0)
    return (
      <Empty title="No runs are selected">
        Tick some <To place={{ page: 'runs' }}>runs</To> and come back: their curves are drawn over each other
        here.
      </Empty>
    );
  if (asked.state === 'failed') return <Broken failure={asked.failure} again={again} />;
  const facts = answerOf(asked);
  return facts === undefined ? <Loading what="runs" /> : <Curves ids={ids} facts={facts} />;
}

function Curves({
  ids,
  facts,
}: {
  readonly ids: readonly string[];
  readonly facts: readonly RunFactsAnswer[];
}): JSX.Element {
  const { query } = route.value;
  const known = useMemo(() => factsById(facts), [facts]);
  const hidden = query.getAll('hide');
  const metricKeys = useMemo(() => metricsOf(facts), [facts]);
  const chosen = query.getAll('metric').slice(0, MOST_METRICS);
  const metrics = chosen.length > 0 ? chosen : metricKeys.slice(0, STANDARD_METRICS);
  const x = query.get('x') ?? 'step';
  const [from, to] = [numberIn(query, 'from', null), numberIn(query, 'to', null)];
  const view = from === null || to === null || from >= to ? null : { from, to };
  const curves = useCurves({ runs: ids, metrics, x, view, facts: known });
  const shown = useMemo(
    () => curves.curves.filter(({ run }) => !hidden.includes(run)),
    [curves.curves, hidden.join('\n')],
  );
  const options = useFigureOptions(ids, known, x);
  const params = useMemo(() => paramsOf(facts), [facts]);
  return (
    <div class="with-side">
      <RunLegend {...{ ids, known, hidden }} colourOf={options.colourOf} />
      <section class="curves" aria-label="Curves">
        <CurveChoices {...{ metricKeys, metrics, x, params }} />
        <CurvesState curves={curves} hasMetrics={metrics.length > 0} />
        <ChartGrid curves={shown} {...{ metrics, options, view }} />
      </section>
    </div>
  );
}

/** How curves become lines, as the address says it. */
function useFigureOptions(
  ids: readonly string[],
  known: ReadonlyMap<string, RunFactsAnswer>,
  x: string,
): Parameters<typeof ChartGrid>[0]['options'] {
  const { query } = route.value;
  const by = query.get('by');
  const smoothing = Math.max(0, Math.min(0.999, numberIn(query, 'smooth', 0)));
  const isLog = query.get('log') === '1';
  const colours = theme.value;
  return useMemo(
    () => ({
      ...{ smoothing, isLog },
      xTitle: x === 'time' ? 'time (s)' : x.replace(/^metric:/, ''),
      colourOf: (run) => colourAt(ids.indexOf(run), colours),
      groupOf:
        by === null
          ? undefined
          : (run) => {
              const facts = known.get(run);
              const value = facts === undefined ? undefined : valueOf(facts, { kind: 'param', name: by });
              return value === undefined ? '' : `${by} = ${valueText(value)}`;
            },
    }),
    [ids.join('\n'), known, x, by, smoothing, isLog, colours],
  );
}

function CurvesState({
  curves: { state, failure, failed, again },
  hasMetrics,
}: {
  readonly curves: CurvesView;
  readonly hasMetrics: boolean;
}): JSX.Element | null {
  if (!hasMetrics) return <Empty title="These runs have no metrics yet" />;
  if (failure !== null) return <Broken failure={failure} again={again} />;
  if (state === 'loading') return <Loading what="curves" />;
  return failed.length === 0 ? null : (
    <ul class="failed" role="alert">
      {failed.map(({ run, code, message }) => (
        <li key={run}>
          <strong>{run}</strong> <code>{code}</code> {message}
        </li>
      ))}
    </ul>
  );
}

/** The runs and their colours; each can be taken out of the charts. */
function RunLegend({
  ids,
  known,
  hidden,
  colourOf,
}: {
  readonly ids: readonly string[];
  readonly known: ReadonlyMap<string, RunFactsAnswer>;
  readonly hidden: readonly string[];
  readonly colourOf: (run: string) => string;
}): JSX.Element {
  const toggle = (id: string): void =>
    choose({ hide: hidden.includes(id) ? hidden.filter((each) => each !== id) : [...hidden, id] }, 'replace');
  return (
    <div class="side legend" role="region" aria-label="Runs shown">
      <h2>Runs</h2>
      <ul>
        {ids.map((id) => (
          <li key={id}>
            <label title={id}>
              <input type="checkbox" checked={!hidden.includes(id)} onChange={() => toggle(id)} />
              <i class="swatch" style={{ background: colourOf(id) }} />
              <span class="hidden">Show {id}</span>
            </label>
            <To place={runPlace(id)} title={id}>
              {id.slice(id.indexOf('/') + 1)}
            </To>
            <Status status={known.get(id)?.status ?? 'gone'} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** All metrics that are numbers, those that most runs have first. */
function metricsOf(facts: readonly RunFactsAnswer[]): string[] {
  const counts = new Map<string, number>();
  for (const { metrics = {} } of facts)
    for (const [name, summary] of Object.entries(metrics))
      if (summary['min'] !== undefined || typeof summary['last'] === 'number' || summary['nan'] !== undefined)
        counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one).map(([name]) => name);
}

const paramsOf = (facts: readonly RunFactsAnswer[]): string[] =>
  [...new Set(facts.flatMap(({ params = {} }) => flatParams(params).map(([name]) => name)))].sort();
