import type { JSX } from 'preact';
import type { RunAnswer } from '../../api.js';
import { countText, durationText, momentText } from '../facts/format.js';
import { flatParams, tookMs } from '../facts/run-values.js';
import { ValueTable } from '../parts/value-table.js';
import { reasonOf } from '../runs/run-row.js';
import { MetricTable } from './metric-table.js';
import { NotesEditor } from './notes-editor.js';

/** How the run is doing, what it was given and what came of it. */
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
      {facts.status === 'UNREADABLE' ? null : <NotesEditor {...{ id, facts, again }} />}
      <div class="columns">
        <section aria-label="Metrics">
          <h2>Metrics</h2>
          <MetricTable metrics={facts.metrics ?? {}} />
        </section>
        <section aria-label="Parameters">
          <h2>Parameters</h2>
          <ValueTable rows={params} empty="The run has no parameters." />
        </section>
      </div>
    </div>
  );
}

/** `12 calls, at most (wal-0-1.log)`; undefined where nothing is lost. */
function lostText(losses: RunAnswer['losses']): string | undefined {
  if (losses.length === 0) return undefined;
  const calls = losses.reduce((sum, loss) => sum + loss.calls, 0);
  const others = losses.reduce((sum, loss) => sum + loss.others, 0);
  const files = [...new Set(losses.map(({ file }) => file))].filter((file) => file !== '');
  const parts = [
    `${countText(calls)} calls${losses.some(({ isAtMost }) => isAtMost) ? ' at most' : ''}`,
    ...(others > 0 ? [`${countText(others)} lines or other records`] : []),
    ...(files.length > 0 ? [`seen in ${files.slice(0, 3).join(', ')}${files.length > 3 ? ', …' : ''}`] : []),
  ];
  return parts.join(', ');
}

function factRows({ facts, losses }: RunAnswer): readonly (readonly [string, string])[] {
  const { startedAt, endedAt, rows, group, rank, uuid } = facts;
  const took = tookMs(facts, Date.now());
  return (
    [
      ['Started', startedAt === undefined ? undefined : momentText(startedAt)],
      ['Ended', endedAt === undefined ? undefined : momentText(endedAt)],
      ['Took', took === undefined ? undefined : durationText(took)],
      ['Rows', rows === undefined ? undefined : countText(rows)],
      ['Lost', lostText(losses)],
      ['Group', group ?? undefined],
      ['Rank', rank === undefined ? undefined : String(rank)],
      ['UUID', uuid],
    ] as const
  ).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}
