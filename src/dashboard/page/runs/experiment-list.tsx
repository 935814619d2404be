import type { ComponentChildren, JSX } from 'preact';
import type { ExperimentFacts } from '../../api.js';
import { answerOf, useAsked, usePage } from '../api/use-api.js';
import { countText } from '../facts/format.js';
import { projectFilter } from '../facts/run-values.js';
import { To } from '../parts/link.js';
import { route } from '../state/navigation.js';
import { listTurn } from '../state/news.js';
import { changedQuery } from '../state/route.js';

/** Lists the experiments at the side, below their projects, with the number of runs of each. */
export function ExperimentList({
  current,
  page = 'runs',
}: {
  readonly current: string | undefined;
  /** The page on which an experiment is shown. */
  readonly page?: 'runs' | 'history';
}): JSX.Element {
  const [asked] = useAsked(`experiments ${listTurn.value}`, (api) => api.experiments());
  const experiments = answerOf(asked) ?? [];
  const all = experiments.reduce((sum, { runs }) => sum + runs, 0);
  const projects = [...new Set(experiments.flatMap(({ project }) => project ?? []))].sort();
  const others = experiments.filter(({ project }) => project === null);
  const item = (experiment: ExperimentFacts): JSX.Element => (
    <Item key={experiment.name} {...{ experiment, page }} isCurrent={experiment.name === current} />
  );
  return (
    <nav class="side" aria-label="Experiments">
      <h2>Experiments</h2>
      <ul>
        <li>
          <To
            place={{ page }}
            query={queryFor(null)}
            aria-current={current === undefined ? 'true' : undefined}
          >
            <span class="side-name">All</span> <span class="count">{countText(all)}</span>
          </To>
        </li>
        {projects.length === 0 ? experiments.map(item) : null}
      </ul>
      {projects.map((project) => (
        <Project key={project} {...{ project, page }}>
          {experiments.filter((each) => each.project === project).map(item)}
        </Project>
      ))}
      {projects.length === 0 || others.length === 0 ? null : (
        <section class="side-project" aria-label="Without a project">
          <span>without a project</span>
          <ul>{others.map(item)}</ul>
        </section>
      )}
      {asked.state === 'failed' ? <p class="dim">{asked.failure.answer.message}</p> : null}
    </nav>
  );
}

/** The experiments of a project; its name filters the runs. */
function Project({
  project,
  page,
  children,
}: {
  readonly project: string;
  readonly page: 'runs' | 'history';
  readonly children: ComponentChildren;
}): JSX.Element {
  const { api } = usePage();
  const where = projectFilter(project);
  return (
    <section class="side-project" aria-label={`Project ${project}`}>
      {/* A report has no language of filters. */}
      {!api.isLive ? (
        <span>{project}</span>
      ) : (
        <To
          place={{ page }}
          query={changedQuery(queryFor(null), { where })}
          title={`Runs of the project ${project}`}
          aria-current={route.value.query.get('where') === where ? 'true' : undefined}
        >
          {project}
        </To>
      )}
      <ul>{children}</ul>
    </section>
  );
}

function Item({
  experiment: { name, runs, running, failed, unreadable, hasSweep },
  page,
  isCurrent,
}: {
  readonly experiment: ExperimentFacts;
  readonly page: 'runs' | 'history';
  readonly isCurrent: boolean;
}): JSX.Element {
  const notes = [
    ...(running > 0 ? [`${running} running`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
  ];
  return (
    <li>
      <To place={{ page }} query={queryFor(name)} title={name} aria-current={isCurrent ? 'true' : undefined}>
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
