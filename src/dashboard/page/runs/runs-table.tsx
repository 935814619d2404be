import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Goal, statisticOf } from '../../../pure/metric-definition.js';
import { inNumber } from '../../../pure/quantity.js';
import type { RunFactsAnswer } from '../../api.js';
import { type Defined, definedOver } from '../facts/figures.js';
import { ALL_DIGITS, countText, digitsFor } from '../facts/format.js';
import {
  type Column,
  columnText,
  columnTitle,
  fieldOf,
  numberOf,
  runId,
  valueOf,
} from '../facts/run-values.js';
import { choose } from '../state/navigation.js';
import { RunRow, type RunRowProps } from './run-row.js';
import { itemsOf } from './table-items.js';
import type { RunsWindow } from './use-runs.js';
import { ROW_HEIGHT, useRowFocus, useWindow } from './use-window.js';

/** The width of each column beyond the fixed ones, whose widths are in the style sheet. */
const COLUMN_WIDTH = 126;
/** @bound loses nothing: a row that was forgotten is made again */
const MOST_CACHED = 500;

export interface RunsTableProps {
  readonly runs: RunsWindow;
  readonly columns: readonly Column[];
  readonly sort: string;
  /** The parameter the runs are grouped by. */
  readonly groupColumn: Column | null;
  readonly selected: readonly string[];
  readonly baseline: RunFactsAnswer | null;
}

/** The runs as a table that renders only the visible rows. */
export function RunsTable(props: RunsTableProps): JSX.Element {
  const { runs, columns, sort, groupColumn, selected, baseline } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const items = itemsOf(runs, groupColumn);
  const { from, to } = useWindow(scroller, items.count);
  const stretch = groupColumn === null ? [items.indexAt(from), items.indexAt(to - 1) + 1] : [0, runs.total];
  useEffect(() => runs.look(stretch[0]!, stretch[1]!), [runs.look, ...stretch]);
  const focus = useRowFocus(scroller, items.count);
  const seen = Array.from({ length: to - from }, (_, offset) => {
    const item = items.at(from + offset);
    return item.kind === 'run' ? runs.at(item.index) : undefined;
  }).filter((facts) => facts !== undefined);
  const digits = columns.map((column) =>
    column.kind === 'param' ? ALL_DIGITS : digitsFor(seen.map((facts) => valueOf(facts, column))),
  );
  const row = useRowCache();
  const width = columns.length + 6;
  return (
    <div class="table-scroll" ref={scroller}>
      <table
        class="runs-table"
        style={{ width: `max(100%, var(--facts-width) + ${columns.length * COLUMN_WIDTH}px)` }}
        aria-rowcount={items.count + 1}
        onKeyDown={focus.onKeyDown}
      >
        <caption class="hidden">Runs; arrow keys move, Space selects, Enter opens</caption>
        <Head columns={columns} sort={sort} first={runs.at(0)} defined={definedOver(seen)} />
        <tbody>
          <Spacer rows={from} width={width} />
          {Array.from({ length: to - from }, (_, offset) => {
            const place = from + offset;
            const item = items.at(place);
            if (item.kind === 'heading')
              return <Heading key={place} text={item.text} width={width} count={item.runs} />;
            const facts = runs.at(item.index);
            const isSelected = facts !== undefined && selected.includes(runId(facts));
            const isFocusable = focus.place === place;
            return row({
              facts,
              columns,
              digits,
              baseline,
              place,
              isSelected,
              isFocusable,
              onFocus: focus.set,
            });
          })}
          <Spacer rows={items.count - to} width={width} />
        </tbody>
      </table>
    </div>
  );
}

/**
 * Makes rows, and returns the same element if nothing about a row has changed: scrolling renders
 * the table again.
 */
function useRowCache(): (props: RunRowProps) => JSX.Element {
  const cache = useRef(new Map<number, { readonly props: RunRowProps; readonly row: JSX.Element }>());
  return (props) => {
    const known = cache.current.get(props.place);
    if (known !== undefined && isSame(known.props, props)) return known.row;
    const row = <RunRow key={props.place} {...props} />;
    if (cache.current.size > MOST_CACHED) cache.current.clear();
    cache.current.set(props.place, { props, row });
    return row;
  };
}

const isSame = (one: RunRowProps, other: RunRowProps): boolean =>
  one.facts === other.facts &&
  one.columns === other.columns &&
  one.digits.join() === other.digits.join() &&
  one.baseline === other.baseline &&
  one.isSelected === other.isSelected &&
  one.isFocusable === other.isFocusable;

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
  first,
  defined,
}: {
  readonly columns: readonly Column[];
  readonly sort: string;
  /** A run whose values show which columns are numbers. */
  readonly first: RunFactsAnswer | undefined;
  readonly defined: Defined;
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
            goal={column.kind === 'param' ? undefined : defined('goal', column.name)}
            note={noteOf(column, defined)}
            isNumber={
              column.kind === 'metric' || (first !== undefined && numberOf(first, column) !== undefined)
            }
          />
        ))}
      </tr>
    </thead>
  );
}

/** The statistic that stands for a metric, if it is not the last value. */
function noteOf(column: Column, defined: Defined): string {
  if (column.kind !== 'metric' || column.statistic !== 'figure') return '';
  const statistic = statisticOf({
    goal: defined('goal', column.name),
    summary: defined('summary', column.name),
  });
  return statistic === 'last' ? '' : statistic;
}

/**
 * Sorts by its column, the best first if the goal is known; a second click reverses the order.
 */
function SortHead({
  field,
  title,
  sort,
  isNumber,
  goal,
  note = '',
}: {
  readonly field: string;
  readonly title: string;
  readonly sort: string;
  readonly isNumber: boolean;
  readonly goal?: Goal | undefined;
  /** Text beside the title. */
  readonly note?: string;
}): JSX.Element {
  const direction = sort === field ? 'ascending' : sort === `-${field}` ? 'descending' : 'none';
  const [first, second] = goal === 'max' ? [`-${field}`, field] : [field, `-${field}`];
  const next = sort === first ? second : first;
  return (
    <th scope="col" aria-sort={direction} class={isNumber ? 'number' : ''} title={field}>
      <button type="button" onClick={() => choose({ sort: next })}>
        {title}
        {note === '' ? null : <small> {note}</small>}
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
  readonly count: number | null;
}): JSX.Element {
  return (
    <tr class="group-heading">
      <th scope="rowgroup" colSpan={width}>
        {text}{' '}
        <span class="dim">{count === null ? '' : `${countText(count)} ${inNumber(count, 'runs')}`}</span>
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
