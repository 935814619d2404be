import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { bestAmong } from '../../../pure/metric-definition.js';
import type { HistoryAnswer, HistoryRequest } from '../../api.js';
import { answerOf, useAsked } from '../api/use-api.js';
import { colourAt } from '../chart/palette.js';
import { goalText } from '../facts/figures.js';
import { fieldOf } from '../facts/run-values.js';
import { firstOf } from '../parts/first-of.js';
import { Left } from '../parts/left.js';
import { To } from '../parts/link.js';
import { Select } from '../parts/select.js';
import { Answered, Empty } from '../parts/states.js';
import { ExperimentList } from '../runs/experiment-list.js';
import { FilterBox } from '../runs/filter-box.js';
import { choose, route } from '../state/navigation.js';
import { listTurn } from '../state/news.js';
import { changedQuery, numberIn } from '../state/route.js';
import { theme } from '../state/theme.js';
import { type DrawnPoint, HistoryChart } from './history-chart.js';
import { HistoryTable } from './history-table.js';
import { gapsIn, historyText } from './history-words.js';

const STANDARD_LAST = 100;
/** @bound loses nothing: no more can be chosen, and a line says how many earlier runs are not shown */
const MOST_RUNS = 1000;
const COUNTS = [10, 30, STANDARD_LAST, 300, MOST_RUNS];
/** The facts of a run that order a history. */
const FACTS = ['startedAt', 'duration', 'rows', 'lastStep', 'run', 'group'];
/**
 * @bound tells: a line below the names says how many more; specs/dashboard/browser/history.spec.ts
 * "is as wide as a telephone, and names 12 experiments and counts the others"
 */
const MOST_IN_LEGEND = 12;

/** Shows one figure of many runs, a point for each. */
export function HistoryPage(): JSX.Element {
  const { query } = route.value;
  const request = requestIn(query);
  // A run that is new, or has logged, changes the list.
  const [asked, again] = useAsked(`${JSON.stringify(request)} ${listTurn.value}`, (api, signal) =>
    api.history(request, signal),
  );
  const failure = asked.state === 'failed' ? asked.failure : null;
  return (
    <div class="with-side">
      <ExperimentList current={request.experiment} page="history" />
      <section class="runs" aria-label="History">
        <div class="bar">
          <FilterBox value={request.where ?? ''} failure={failure} />
          <Choices answer={answerOf(asked)} request={request} />
        </div>
        <div class="history">
          <Answered asked={asked} again={again} what="the history">
            {(answer) => <Shown history={answer} />}
          </Answered>
        </div>
      </section>
    </div>
  );
}

/** Reads the choices of an address; others than a server takes are as if they were absent. */
function requestIn(query: URLSearchParams): HistoryRequest {
  const textIn = (key: string): string => query.get(key) ?? '';
  const [experiment, where, metric] = [textIn('experiment'), textIn('where'), textIn('metric')];
  const last = numberIn(query, 'last', STANDARD_LAST);
  return {
    ...(experiment !== '' && { experiment }),
    ...(where !== '' && { where }),
    ...(metric !== '' && { metric }),
    by: textIn('by') || 'startedAt',
    last: Number.isInteger(last) && last >= 1 && last <= MOST_RUNS ? last : STANDARD_LAST,
  };
}

function Choices({
  answer,
  request: { metric: wanted, by, last },
}: {
  readonly answer: HistoryAnswer | undefined;
  readonly request: HistoryRequest;
}): JSX.Element {
  const metric = wanted ?? answer?.metric ?? '';
  const { figures = [], paramKeys = [] } = answer ?? {};
  const fields = [...FACTS, ...paramKeys.map((name) => fieldOf({ kind: 'param', name }))];
  return (
    <>
      <Select
        {...{ label: 'Figure', value: metric, names: withOne(figures, metric) }}
        choose={(name) => choose({ metric: name })}
      />
      <Select
        {...{ label: 'by', value: by, names: withOne(fields, by) }}
        choose={(name) => choose({ by: name === 'startedAt' ? null : name })}
      />
      <Select
        {...{ label: 'last', value: String(last), names: withOne(COUNTS.map(String), String(last)) }}
        titleOf={(count) => `${count} runs`}
        choose={(count) => choose({ last: count === String(STANDARD_LAST) ? null : count })}
      />
    </>
  );
}

/** A name that was chosen is among the choices, whatever these are. */
const withOne = (names: readonly string[], one: string): readonly string[] =>
  one === '' || names.includes(one) ? names : [one, ...names];

function Shown({ history }: { readonly history: HistoryAnswer }): JSX.Element {
  const { metric, by, goal, points, namesLeftOut } = history;
  const drawn = useDrawn(history);
  if (history.runs === 0) return <Empty title="There are no such runs" />;
  if (points.length === 0)
    return (
      <Empty
        title={metric === null ? 'No run has a figure yet' : `No run has a number of ${metric}, and ${by}`}
      >
        Choose another figure or field above.
      </Empty>
    );
  const text = historyText(history);
  const gaps = gapsIn(history);
  return (
    <>
      <div class="history-head">
        <h2>
          {metric} <span class="dim">by {by}</span>
        </h2>
        <p class="dim">
          {[text.slice(text.indexOf(': ') + 2), ...(goal === null ? [] : [goalText(goal)])].join('; ')}.
        </p>
        {gaps.length === 0 ? null : (
          <p class="dim" data-testid="history-gaps">
            {gaps.join(' · ')}
          </p>
        )}
      </div>
      <HistoryChart {...{ history, drawn }} label={text} />
      <Legend drawn={drawn} />
      <HistoryTable {...{ history, drawn }} />
      <Left left={namesLeftOut} what="names of figures and parameters, usable in the address only" />
    </>
  );
}

/** Gives each experiment a colour, and finds the best of the runs that are shown. */
function useDrawn({ points, goal }: HistoryAnswer): readonly DrawnPoint[] {
  const colours = theme.value;
  return useMemo(() => {
    const experiments = [...new Set(points.map(({ experiment }) => experiment))].sort();
    const places = new Map(experiments.map((name, index) => [name, index]));
    const values = points.map(({ value }) => value);
    const isBest = goal === null ? () => false : bestAmong(values, goal);
    return points.map((point) => ({
      point,
      colour: colourAt(places.get(point.experiment) ?? 0, colours),
      isBest: isBest(point.value),
    }));
  }, [points, goal, colours]);
}

/** The experiments and their colours, if there are several. */
function Legend({ drawn }: { readonly drawn: readonly DrawnPoint[] }): JSX.Element | null {
  const colours = new Map(drawn.map(({ point, colour }) => [point.experiment, colour]));
  if (colours.size < 2) return null;
  const { shown, left } = firstOf(
    [...colours].sort(([one], [other]) => (one < other ? -1 : 1)),
    MOST_IN_LEGEND,
  );
  return (
    <div>
      <ul class="history-legend" aria-label="Experiments">
        {shown.map(([experiment, colour]) => (
          <li key={experiment}>
            <span class="swatch" style={{ background: colour }} />
            <To place={{ page: 'history' }} query={changedQuery(route.value.query, { experiment })}>
              {experiment}
            </To>
          </li>
        ))}
      </ul>
      <Left left={left} what="experiments" />
    </div>
  );
}
