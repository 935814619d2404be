import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { type Column, fieldOf, parseColumn } from '../facts/run-values.js';
import { To } from '../parts/link.js';
import { Broken, Empty, Loading } from '../parts/states.js';
import { choose, route } from '../state/navigation.js';
import { listTurn } from '../state/news.js';
import { changedQuery } from '../state/route.js';
import { ColumnsMenu } from './columns-menu.js';
import { ExperimentList } from './experiment-list.js';
import { FilterBox } from './filter-box.js';
import { RunsTable } from './runs-table.js';
import { SelectionBar } from './selection-bar.js';
import { useBaseline } from './use-baseline.js';
import { type RunsWindow, useRuns } from './use-runs.js';

const PAGE_SIZE = 100;
/**
 * Groups have headings between their runs, and the places of headings are only known once all runs
 * are.
 */
const GROUPED_PAGE_SIZE = 1000;
/** @bound loses nothing: the columns that are shown until others are chosen from the menu of all */
const STANDARD_COLUMNS = 3;
/** @bound loses nothing: the columns that are shown until others are chosen from the menu of all */
const STANDARD_HEADLINES = 6;

/** The table of all runs, or of those in an experiment. */
export function RunsPage(): JSX.Element {
  const { query } = route.value;
  const experiment = query.get('experiment') ?? undefined;
  const where = query.get('where') ?? undefined;
  const sort = query.get('sort') ?? undefined;
  const group = query.get('by');
  const groupColumn: Column | null = group === null ? null : { kind: 'param', name: group };
  const sortText = [...(groupColumn === null ? [] : [fieldOf(groupColumn)]), sort ?? '-startedAt'].join(',');
  const runs = useRuns(
    {
      ...(experiment !== undefined && { experiment }),
      ...(where !== undefined && { where }),
      sort: sortText,
    },
    group === null ? PAGE_SIZE : GROUPED_PAGE_SIZE,
  );
  const columns = useColumns(query.getAll('col'), runs);
  const baseline = useBaseline(query.get('base'));
  const selected = query.getAll('run');
  useReloads(runs.reload);
  return (
    <div class="with-side">
      <ExperimentList current={experiment} />
      <section class="runs" aria-label="Runs">
        <div class="bar">
          <FilterBox value={where ?? ''} failure={runs.failure} />
          <GroupChoice keys={runs.paramKeys} value={group} />
          <ColumnsMenu {...{ columns, runs }} />
          <To
            place={{ page: 'history' }}
            query={changedQuery(new URLSearchParams(), {
              experiment: experiment ?? null,
              where: where ?? null,
            })}
            class="button"
          >
            History
          </To>
        </div>
        <SelectionBar selected={selected} total={runs.total} baseline={query.get('base')} />
        {contents(runs, where, () => (
          <RunsTable
            {...{ runs, columns, sort: sort ?? '-startedAt', groupColumn, selected }}
            baseline={baseline}
          />
        ))}
      </section>
    </div>
  );
}

function contents(runs: RunsWindow, where: string | undefined, table: () => JSX.Element): JSX.Element {
  if (runs.state === 'failed' && runs.failure !== null && runs.total === 0)
    return <Broken failure={runs.failure} again={runs.reload} />;
  if (runs.state === 'loading') return <Loading what="runs" />;
  if (runs.total > 0) return table();
  return where === undefined ? (
    <Empty title="There are no runs yet">
      A run appears here as soon as a program starts one: <code>new LoggingEngine(config)</code>.
    </Empty>
  ) : (
    <Empty title="No runs match the filter">
      <button type="button" onClick={() => choose({ where: null })}>
        Show all runs
      </button>
    </Empty>
  );
}

/** The chosen columns; the headline and the first few of each kind if none were chosen. */
function useColumns(
  texts: readonly string[],
  { paramKeys, metricKeys, headlineKeys }: RunsWindow,
): readonly Column[] {
  return useMemo(() => {
    const chosen = texts.flatMap((text) => parseColumn(text) ?? []);
    if (texts.length > 0) return chosen;
    return [
      ...headlineKeys.slice(0, STANDARD_HEADLINES).map((name): Column => ({ kind: 'summary', name })),
      ...metricKeys
        .slice(0, STANDARD_COLUMNS)
        .map((name): Column => ({ kind: 'metric', name, statistic: 'figure' })),
      ...paramKeys.slice(0, STANDARD_COLUMNS).map((name): Column => ({ kind: 'param', name })),
    ];
  }, [texts.join('\n'), paramKeys.join('\n'), metricKeys.join('\n'), headlineKeys.join('\n')]);
}

/** Reads the list again when it has changed. */
function useReloads(reload: () => void): void {
  const turn = listTurn.value;
  const seen = useRef(turn);
  useEffect(() => {
    if (seen.current !== turn) reload();
    seen.current = turn;
  }, [turn, reload]);
}

function GroupChoice({
  keys,
  value,
}: {
  readonly keys: readonly string[];
  readonly value: string | null;
}): JSX.Element {
  const names = value !== null && !keys.includes(value) ? [value, ...keys] : keys;
  return (
    <label class="choice">
      Group by
      <select
        value={value ?? ''}
        onChange={({ currentTarget }) => choose({ by: currentTarget.value || null })}
      >
        <option value="">nothing</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
