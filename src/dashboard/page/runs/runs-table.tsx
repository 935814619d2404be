import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import { type Column, columnText, columnTitle, fieldOf, runId } from '../facts/run-values.js';
import { choose, go } from '../state/navigation.js';
import { runPlace } from '../state/route.js';
import { RunRow } from './run-row.js';
import { itemsOf } from './table-items.js';
import type { RunsView } from './use-runs.js';
import { ROW_HEIGHT, useRowFocus, useWindow } from './use-window.js';

export interface RunsTableProps {
  readonly runs: RunsView;
  readonly columns: readonly Column[];
  readonly sort: string;
  /** The parameter the runs are grouped by. */
  readonly groupColumn: Column | null;
  readonly selected: readonly string[];
  readonly baseline: RunFactsAnswer | null;
}

/** The runs as a table of which only those rows are made that are seen. */
export function RunsTable(props: RunsTableProps): JSX.Element {
  const { runs, columns, sort, groupColumn, selected, baseline } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const items = itemsOf(runs, groupColumn);
  const { from, to } = useWindow(scroller, items.count);
  useEffect(
    () => runs.look(items.indexAt(from), items.indexAt(to - 1) + 1),
    [runs.look, from, to, items.count],
  );
  const focus = useRowFocus(scroller, items.count);
  const toggle = (id: string): void =>
    choose(
      { run: selected.includes(id) ? selected.filter((each) => each !== id) : [...selected, id] },
      'replace',
    );
  const width = columns.length + 6;
  return (
    <div class="table-scroll" ref={scroller}>
      <table class="runs-table" aria-rowcount={items.count + 1} onKeyDown={focus.onKeyDown}>
        <caption class="hidden">Runs; arrow keys move, Space selects, Enter opens</caption>
        <Head columns={columns} sort={sort} />
        <tbody>
          <Spacer rows={from} width={width} />
          {Array.from({ length: to - from }, (_, offset) => {
            const place = from + offset;
            const item = items.at(place);
            if (item.kind === 'heading')
              return (
                <Heading key={`heading ${item.text}`} text={item.text} width={width} count={item.runs} />
              );
            const facts = runs.at(item.index);
            return (
              <RunRow
                key={facts === undefined ? `place ${place}` : runId(facts)}
                {...{ facts, columns, baseline, place }}
                isSelected={facts !== undefined && selected.includes(runId(facts))}
                isFocusable={focus.place === place}
                onFocus={() => focus.set(place)}
                toggle={toggle}
                open={(id) => go(runPlace(id))}
              />
            );
          })}
          <Spacer rows={items.count - to} width={width} />
        </tbody>
      </table>
    </div>
  );
}

const FACTS = [
  { field: 'run', title: 'Run' },
  { field: 'status', title: 'Status' },
  { field: 'startedAt', title: 'Started' },
  { field: 'duration', title: 'Took' },
  { field: 'rows', title: 'Rows' },
] as const;

function Head({
  columns,
  sort,
}: {
  readonly columns: readonly Column[];
  readonly sort: string;
}): JSX.Element {
  return (
    <thead>
      <tr>
        <th scope="col" class="cell-check">
          <span class="hidden">Selected</span>
        </th>
        {FACTS.map(({ field, title }) => (
          <SortHead
            key={field}
            {...{ field, title, sort }}
            isNumber={field === 'duration' || field === 'rows'}
          />
        ))}
        {columns.map((column) => (
          <SortHead
            key={columnText(column)}
            field={fieldOf(column)}
            title={columnTitle(column)}
            sort={sort}
            isNumber={column.kind === 'metric'}
          />
        ))}
      </tr>
    </thead>
  );
}

/** Sorts by its column; once more, the other way round. */
function SortHead({
  field,
  title,
  sort,
  isNumber,
}: {
  readonly field: string;
  readonly title: string;
  readonly sort: string;
  readonly isNumber: boolean;
}): JSX.Element {
  const direction = sort === field ? 'ascending' : sort === `-${field}` ? 'descending' : 'none';
  const next = direction === 'ascending' ? `-${field}` : field;
  return (
    <th scope="col" aria-sort={direction} class={isNumber ? 'number' : ''} title={field}>
      <button type="button" onClick={() => choose({ sort: next })}>
        {title}
        <span aria-hidden="true" class="sort">
          {direction === 'none' ? '' : direction === 'ascending' ? '↑' : '↓'}
        </span>
      </button>
    </th>
  );
}

function Heading({
  text,
  width,
  count,
}: {
  readonly text: string;
  readonly width: number;
  readonly count: number;
}): JSX.Element {
  return (
    <tr class="group-heading">
      <th scope="rowgroup" colSpan={width}>
        {text} <span class="dim">{count === 1 ? '1 run' : `${count} runs`}</span>
      </th>
    </tr>
  );
}

function Spacer({ rows, width }: { readonly rows: number; readonly width: number }): JSX.Element | null {
  return rows <= 0 ? null : (
    <tr aria-hidden="true" style={{ height: `${rows * ROW_HEIGHT}px` }}>
      <td colSpan={width} />
    </tr>
  );
}
