import type { ComponentChildren, JSX } from 'preact';
import type { RunAnswer, RunFactsAnswer } from '../../api.js';
import { usePage } from '../api/use-api.js';
import { countText, durationText, momentText } from '../facts/format.js';
import { summaryNames } from '../../../pure/metric-definition.js';
import { flatParams, lostText, projectFilter, valueOf } from '../facts/run-values.js';
import { To } from '../parts/link.js';
import { ValueTable } from '../parts/value-table.js';
import { reasonOf } from '../runs/run-row.js';
import { AlertList } from './alert-list.js';
import { CheckpointList } from './checkpoint-list.js';
import { LineageLine } from './lineage-line.js';
import { MetricTable } from './metric-table.js';
import { NotesEditor } from './notes-editor.js';

/** Shows the status, parameters and results of the run. */
export function OverviewTab({
  id,
  run,
  again,
}: {
  readonly id: string;
  readonly run: RunAnswer;
  readonly again: () => void;
}): JSX.Element {
  const { facts } = run;
  const params = flatParams(facts.params ?? {});
  return (
    <div class="overview">
      {facts.error === undefined || facts.error === null ? null : (
        <p class="run-error" role="alert">
          {reasonOf(facts.error)}
        </p>
      )}
      <dl class="facts card">
        {factRows(run).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <AlertList facts={facts} />
      {facts.status === 'UNREADABLE' ? null : <NotesEditor {...{ id, facts, again }} />}
      <SummarySection facts={facts} />
      <CheckpointList run={run} />
      <div class="columns">
        <section aria-label="Metrics">
          <h2>Metrics</h2>
          <MetricTable facts={facts} />
        </section>
        <section aria-label="Parameters">
          <h2>Parameters</h2>
          <ValueTable rows={params} empty="The run has no parameters." />
        </section>
      </div>
    </div>
  );
}

/** The summary values of the run, the headline first; nothing if it has none. */
function SummarySection({ facts }: { readonly facts: RunFactsAnswer }): JSX.Element | null {
  const rows = summaryNames(facts).map((name) => [name, valueOf(facts, { kind: 'summary', name })] as const);
  if (rows.length === 0) return null;
  return (
    <section aria-label="Summary">
      <h2>Summary</h2>
      <ValueTable rows={rows} first={facts.headline ?? []} />
    </section>
  );
}

/** A project, which leads to its runs; a report has no filter for them. */
function ProjectLink({ project }: { readonly project: string }): JSX.Element {
  const { api } = usePage();
  if (!api.isLive) return <>{project}</>;
  return (
    <To place={{ page: 'runs' }} query={new URLSearchParams({ where: projectFilter(project) })}>
      {project}
    </To>
  );
}

function factRows({ facts, losses, lineage }: RunAnswer): readonly (readonly [string, ComponentChildren])[] {
  const { startedAt, endedAt, durationMs, rows, group, rank, uuid, project } = facts;
  return (
    [
      ['Started', startedAt === undefined ? undefined : momentText(startedAt)],
      ['Ended', endedAt === undefined ? undefined : momentText(endedAt)],
      ['Took', durationMs === undefined ? undefined : durationText(durationMs)],
      ['Rows', rows === undefined ? undefined : countText(rows)],
      ['Lost', lostText(losses)],
      ['Project', project ? <ProjectLink project={project} /> : undefined],
      ['Group', group ?? undefined],
      ['Rank', rank === undefined ? undefined : String(rank)],
      ['Forked from', lineage.length === 0 ? undefined : <LineageLine lineage={lineage} />],
      ['UUID', uuid],
    ] as const
  ).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}
