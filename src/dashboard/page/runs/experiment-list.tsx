import type { JSX } from 'preact';
import type { ExperimentFacts } from '../../api.js';
import { answerOf, useAsked } from '../api/use-api.js';
import { countText } from '../facts/format.js';
import { To } from '../parts/link.js';
import { route } from '../state/navigation.js';
import { listTurn } from '../state/news.js';
import { changedQuery } from '../state/route.js';

/** Lists the experiments at the side, with the number of runs of each. */
export function ExperimentList({ current }: { readonly current: string | undefined }): JSX.Element {
  const [asked] = useAsked(`experiments ${listTurn.value}`, (api) => api.experiments());
  const experiments = answerOf(asked) ?? [];
  const all = experiments.reduce((sum, { runs }) => sum + runs, 0);
  return (
    <nav class="side" aria-label="Experiments">
      <h2>Experiments</h2>
      <ul>
        <li>
          <To
            place={{ page: 'runs' }}
            query={queryFor(null)}
            aria-current={current === undefined ? 'true' : undefined}
          >
            <span class="side-name">All</span> <span class="count">{countText(all)}</span>
          </To>
        </li>
        {experiments.map((experiment) => (
          <Item key={experiment.name} {...{ experiment }} isCurrent={experiment.name === current} />
        ))}
      </ul>
      {asked.state === 'failed' ? <p class="dim">{asked.failure.answer.message}</p> : null}
    </nav>
  );
}

function Item({
  experiment: { name, runs, running, failed, unreadable, hasSweep },
  isCurrent,
}: {
  readonly experiment: ExperimentFacts;
  readonly isCurrent: boolean;
}): JSX.Element {
  const notes = [
    ...(running > 0 ? [`${running} running`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
  ];
  return (
    <li>
      <To
        place={{ page: 'runs' }}
        query={queryFor(name)}
        title={name}
        aria-current={isCurrent ? 'true' : undefined}
      >
        <span class="side-name">
          {name}
          {notes.length === 0 ? null : <small>{notes.join(', ')}</small>}
        </span>
        <span class="count">{countText(runs)}</span>
      </To>
      {hasSweep ? (
        <To place={{ page: 'sweep', experiment: name }} class="side-sweep" title={`Sweep of ${name}`}>
          sweep
        </To>
      ) : null}
    </li>
  );
}

/**
 * Keeps the filter and columns for another experiment; its parameters differ, so the grouping is
 * dropped.
 */
const queryFor = (experiment: string | null): URLSearchParams =>
  changedQuery(route.value.query, { experiment, by: null });
