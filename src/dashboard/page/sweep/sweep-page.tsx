import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { answerOf, useAsked, usePage } from '../api/use-api.js';
import { Chart } from '../chart/chart.js';
import type { Figure, Stroke } from '../chart/figure.js';
import { colourAt } from '../chart/palette.js';
import { useView } from '../chart/use-view.js';
import { ImportanceList } from '../compare/importance-list.js';
import { Parallel } from '../compare/parallel.js';
import { dimensionsOf } from '../compare/value-rows.js';
import { firstOf } from '../parts/first-of.js';
import { Left } from '../parts/left.js';
import { To } from '../parts/link.js';
import { Answered } from '../parts/states.js';
import { Status } from '../parts/status.js';
import { listTurn } from '../state/news.js';
import { theme } from '../state/theme.js';
import { FrontChart } from './front-chart.js';
import { TrialTable } from './trial-table.js';
import { bestSoFar, boundText, comparedTrials, type Sweep, sweepOf } from './trials.js';

/**
 * @bound tells: a line below the axes says how many more; specs/dashboard/browser/left-out.spec.ts
 * "is counted: metrics in the menu and beyond the charts, parameters beyond the axes, columns,
 * runs"
 */
const MOST_AXES = 8;

/** Shows the sweep of an experiment: its trials, and the best value over time. */
export function SweepPage({ experiment }: { readonly experiment: string }): JSX.Element {
  const [asked, again] = useAsked(`${experiment} ${listTurn.value}`, (api) => api.sweep(experiment));
  return (
    <Answered asked={asked} again={again} what="the sweep">
      {(answer) => <Shown experiment={experiment} answer={answer} />}
    </Answered>
  );
}

function Shown({
  experiment,
  answer,
}: {
  readonly experiment: string;
  readonly answer: Readonly<Record<string, unknown>>;
}): JSX.Element {
  const sweep = useMemo(() => sweepOf(answer), [answer]);
  const names = [...new Set(sweep.trials.flatMap((trial) => [...trial.params.keys()]))];
  const { params, metrics } = dimensionsOf(
    names,
    sweep.metrics.map(({ name }) => name),
  );
  // The last axis is the one that colours the lines.
  const [first, ...others] = metrics;
  const results = first === undefined ? others : [...others, first];
  const hasPage = usePages(experiment);
  const rows = useMemo(() => comparedTrials(experiment, sweep), [experiment, sweep]);
  const axes = firstOf(params, MOST_AXES);
  return (
    <div class="page">
      <Head {...{ experiment, sweep }} />
      <div class="charts">
        <BestChart sweep={sweep} />
        <section aria-label="Parameter importance">
          <h2>Parameter importance for {sweep.metric}</h2>
          <ImportanceList {...sweep.importance} metric={sweep.metric} goal={sweep.mode} />
        </section>
        <FrontChart {...{ sweep, rows, metrics }} />
      </div>
      <section aria-label="Parallel coordinates">
        <h2>Parallel coordinates</h2>
        <Parallel rows={rows} dimensions={[...axes.shown, ...results]} goal={sweep.mode} />
        <Left left={axes.left} what="parameters without an axis" />
      </section>
      <section aria-label="Trials">
        <h2>Trials</h2>
        <TrialTable {...{ experiment, sweep, hasPage }} params={names} />
      </section>
    </div>
  );
}

/**
 * Returns a function that is true if a run has a page; a report may hold the sweep and not all of
 * its runs.
 */
function usePages(experiment: string): (run: string) => boolean {
  const { api } = usePage();
  const [asked] = useAsked(experiment, async () =>
    api.isLive
      ? null
      : (await api.runs({ experiment, offset: 0, limit: Infinity })).runs.map(({ run }) => run),
  );
  const runs = answerOf(asked);
  return (run) => api.isLive || runs?.includes(run) === true;
}

function Head({ experiment, sweep }: { readonly experiment: string; readonly sweep: Sweep }): JSX.Element {
  const { status, metrics, constraints, searcher, scheduler, trials } = sweep;
  const stopped = trials.filter((trial) => trial.status === 'stopped').length;
  const rows = [
    [
      metrics.length > 1 ? 'Metrics' : 'Metric',
      metrics.map(({ name, mode }) => `${name}, ${mode === 'min' ? 'lowest' : 'highest'} is best`).join('; '),
    ],
    ...(constraints.length > 0 ? [['Constraints', constraints.map(boundText).join('; ')] as const] : []),
    ['Searcher', searcher],
    ['Scheduler', scheduler],
    ['Trials', String(trials.length)],
    ['Stopped early', String(stopped)],
    ['Best', sweep.best === null ? 'none yet' : `trial ${sweep.best}`],
  ] as const;
  return (
    <div>
      <div class="run-head flush">
        <h1 data-testid="run-title">
          <To place={{ page: 'runs' }} query={new URLSearchParams({ experiment })}>
            {experiment}
          </To>{' '}
          <span>sweep</span>
        </h1>
        <Status status={status} />
      </div>
      <dl class="facts card">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function BestChart({ sweep }: { readonly sweep: Sweep }): JSX.Element {
  const moves = useView();
  const colours = theme.value;
  const figure = useMemo((): Figure => {
    const x = sweep.trials.map(({ number }) => number);
    const thrice = x.flatMap((at) => [at, at, at]);
    const dotted = (status: string, isKept = true): (number | null)[] =>
      // Lines between trials mean nothing: each is a dot, between two gaps.
      sweep.trials.flatMap((trial) => [
        null,
        trial.status === status && (trial.keepsBounds || status !== 'finished') === isKept
          ? trial.value
          : null,
        null,
      ]);
    const broken = { name: 'breaks a constraint', x: thrice, y: dotted('finished', false) };
    const stroke = { marks: [] };
    const best = bestSoFar(sweep);
    return {
      ...{ title: `best ${sweep.metric} so far`, xTitle: 'trial', isLog: false },
      strokes: [
        { ...stroke, name: 'best so far', colour: colourAt(0, colours), ...steps(x, best) },
        { ...stroke, name: 'finished', colour: colourAt(2, colours), x: thrice, y: dotted('finished') },
        { ...stroke, name: 'stopped early', colour: colourAt(1, colours), x: thrice, y: dotted('stopped') },
        ...(sweep.constraints.length > 0 ? [{ ...stroke, ...broken, colour: colourAt(5, colours) }] : []),
      ],
    };
  }, [sweep, colours]);
  return <Chart {...{ figure, ...moves }} />;
}

/** Makes a step line: it stays level until the value changes. */
function steps(x: readonly number[], y: readonly (number | null)[]): Pick<Stroke, 'x' | 'y'> {
  return {
    x: x.flatMap((at) => [at, at]),
    y: y.flatMap((value, index) => [y[index - 1] ?? null, value]),
  };
}
