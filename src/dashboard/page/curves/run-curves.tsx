import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import { ChartGrid } from '../chart/chart-grid.js';
import { colourAt } from '../chart/palette.js';
import { axisIn } from '../chart/use-view.js';
import { distinctText } from '../facts/format.js';
import { drawnMetrics, flatParams, valueOf } from '../facts/run-values.js';
import { firstOf } from '../parts/first-of.js';
import { Left } from '../parts/left.js';
import { Broken, Empty, Loading } from '../parts/states.js';
import { route } from '../state/navigation.js';
import { numberIn, viewIn } from '../state/route.js';
import { theme } from '../state/theme.js';
import { type Axes, axesOf } from './axes.js';
import { CurveChoices } from './curve-choices.js';
import { RunLegend } from './run-legend.js';
import { type CurvesView, factsById, useCurves } from './use-curves.js';

/**
 * @bound tells: the button of the menu says how many of how many;
 * specs/dashboard/browser/left-out.spec.ts "is counted: metrics in the menu and beyond the charts,
 * parameters beyond the axes, columns, runs"
 */
const STANDARD_METRICS = 6;
/**
 * @bound tells: a line above the charts says how many more;
 * specs/dashboard/browser/left-out.spec.ts "is counted: metrics in the menu and beyond the charts,
 * parameters beyond the axes, columns, runs"
 */
const MOST_METRICS = 50;

/** Overlays the curves of runs, one chart per metric, with the options in the address. */
export function RunCurves({
  ids,
  facts,
  hasLegend = false,
}: {
  readonly ids: readonly string[];
  readonly facts: readonly RunFactsAnswer[];
  /** True if the runs are listed at the side and can be grouped. */
  readonly hasLegend?: boolean;
}): JSX.Element {
  const { query } = route.value;
  const known = useMemo(() => factsById(facts), [facts]);
  const hidden = query.getAll('hide');
  const metricKeys = useMemo(() => drawnMetrics(facts), [facts]);
  const { shown: chosen, left } = firstOf(query.getAll('metric'), MOST_METRICS);
  const metrics = chosen.length > 0 ? chosen : metricKeys.slice(0, STANDARD_METRICS);
  const x = query.get('x');
  const axes = useAxes(facts, metrics, { chosen: x, known: metricKeys });
  const isDefined = useMemo(
    () =>
      [...axesOf(facts, metrics, { chosen: null, known: metricKeys }).values()].some(
        (axis) => axis !== 'step',
      ),
    [facts, metrics.join('\n'), metricKeys],
  );
  const span = viewIn(query);
  const view = span === null ? null : { axis: axisIn(query, axes.usual), span };
  const curves = useCurves({ runs: ids, metrics, axes, view, facts: known });
  const shown = useMemo(
    () => curves.curves.filter(({ run }) => !hidden.includes(run)),
    [curves.curves, hidden.join('\n')],
  );
  const options = useFigureOptions(ids, known);
  const params = useMemo(() => paramsOf(facts), [facts]);
  const charts = (
    <section class="curves" aria-label="Curves">
      <CurveChoices {...{ metricKeys, metrics, x, isDefined }} {...(hasLegend ? { params } : {})} />
      <CurvesState curves={curves} hasMetrics={metrics.length > 0} />
      <Left left={left} what="metrics that are not drawn" />
      <ChartGrid curves={shown} {...{ metrics, axes, options }} />
    </section>
  );
  if (!hasLegend) return charts;
  return (
    <div class="with-side">
      <RunLegend {...{ ids, known, hidden }} colourOf={options.colourOf} />
      {charts}
    </div>
  );
}

/** The axes of metrics, the same object as long as they are the same. */
function useAxes(
  facts: readonly RunFactsAnswer[],
  metrics: readonly string[],
  choice: Parameters<typeof axesOf>[2],
): Axes {
  const axes = axesOf(facts, metrics, choice);
  const usual = choice.chosen ?? 'step';
  return useMemo(
    () => ({ usual, of: (metric: string) => axes.get(metric) ?? usual }),
    [JSON.stringify([...axes]), usual],
  );
}

/** Options for turning curves into lines, from the address. */
function useFigureOptions(
  ids: readonly string[],
  known: ReadonlyMap<string, RunFactsAnswer>,
): Parameters<typeof ChartGrid>[0]['options'] {
  const { query } = route.value;
  const by = query.get('by');
  const smoothing = Math.max(0, Math.min(0.999, numberIn(query, 'smooth', 0)));
  const isLog = query.get('log') === '1';
  const colours = theme.value;
  return useMemo(
    () => ({
      ...{ smoothing, isLog },
      colourOf: (run) => colourAt(ids.indexOf(run), colours),
      groupOf:
        by === null
          ? undefined
          : (run) => {
              const facts = known.get(run);
              const value = facts === undefined ? undefined : valueOf(facts, { kind: 'param', name: by });
              return value === undefined || value === null ? '' : `${by} = ${distinctText(value)}`;
            },
    }),
    // Without groups, news every second must not make new lines.
    [ids.join('\n'), by === null ? null : known, by, smoothing, isLog, colours],
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

const paramsOf = (facts: readonly RunFactsAnswer[]): string[] =>
  [...new Set(facts.flatMap(({ params = {} }) => flatParams(params).map(([name]) => name)))].sort();
