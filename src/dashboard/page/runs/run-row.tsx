import type { JSX } from 'preact';
import { inNumber } from '../../../pure/quantity.js';
import type { RunFactsAnswer } from '../../api.js';
import {
  agoText,
  countText,
  durationText,
  exactText,
  momentText,
  numberText,
  valueText,
} from '../facts/format.js';
import { standingStatistic } from '../facts/figures.js';
import { type Column, columnText, numberOf, runId, statusText, valueOf } from '../facts/run-values.js';
import { To } from '../parts/link.js';
import { Status } from '../parts/status.js';
import { choose, go, route } from '../state/navigation.js';
import { runPlace } from '../state/route.js';

export interface RunRowProps {
  /** undefined while it is loading. */
  readonly facts: RunFactsAnswer | undefined;
  readonly columns: readonly Column[];
  /** The number of significant digits of each column. */
  readonly digits: readonly number[];
  readonly baseline: RunFactsAnswer | null;
  readonly place: number;
  readonly isSelected: boolean;
  readonly isFocusable: boolean;
  readonly onFocus: (place: number) => void;
}

/** A run as a row of the table. */
export function RunRow({ facts, columns, digits, ...props }: RunRowProps): JSX.Element {
  if (facts === undefined)
    return (
      <tr
        class="run-row run-row-awaited"
        aria-rowindex={props.place + 2}
        data-place={props.place}
        tabIndex={props.isFocusable ? 0 : -1}
      >
        <td colSpan={columns.length + 6}>…</td>
      </tr>
    );
  const id = runId(facts);
  const isBaseline = props.baseline !== null && runId(props.baseline) === id;
  return (
    <tr
      class={`run-row ${isBaseline ? 'run-row-baseline' : ''}`}
      data-testid="run-row"
      data-run={id}
      data-place={props.place}
      aria-rowindex={props.place + 2}
      tabIndex={props.isFocusable ? 0 : -1}
      onFocus={() => props.onFocus(props.place)}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget) return;
        if (event.key === 'Enter') go(runPlace(id));
        else if (event.key === ' ') toggle(id);
        else return;
        event.preventDefault();
      }}
    >
      <td class="cell-check">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${id}`}
          checked={props.isSelected}
          onChange={() => toggle(id)}
        />
      </td>
      <NameCell facts={facts} />
      <td data-testid="run-status">
        <Status status={statusText(facts)} />
      </td>
      {facts.status === 'UNREADABLE' ? (
        <td colSpan={columns.length + 3} class="cell-reason" title={reasonOf(facts.error)}>
          {reasonOf(facts.error)}
        </td>
      ) : (
        <FactCells {...{ facts, columns, digits }} baseline={isBaseline ? null : props.baseline} />
      )}
    </tr>
  );
}

/** Selects or deselects a run. */
function toggle(id: string): void {
  const selected = route.peek().query.getAll('run');
  const rest = selected.filter((each) => each !== id);
  choose({ run: rest.length < selected.length ? rest : [...selected, id] }, 'replace');
}

function NameCell({ facts }: { readonly facts: RunFactsAnswer }): JSX.Element {
  const { tags = [], alerts = [], alertsLeftOut = 0 } = facts;
  const count = alerts.length + alertsLeftOut;
  return (
    <td class="cell-name">
      <To place={runPlace(runId(facts))} title={runId(facts)}>
        <span class="dim">{facts.experiment}/</span>
        {facts.run}
      </To>
      {count === 0 ? null : (
        <span class={`tag tag-${worstLevel(alerts)}`} title={alerts.at(-1)?.title}>
          {countText(count)} {inNumber(count, 'alerts')}
        </span>
      )}
      {tags.map((tag) => (
        <span class="tag" key={tag}>
          {tag}
        </span>
      ))}
    </td>
  );
}

/** The gravest level of some alerts. */
const worstLevel = (alerts: NonNullable<RunFactsAnswer['alerts']>): string =>
  ['error', 'warn'].find((level) => alerts.some((alert) => alert.level === level)) ?? 'info';

function FactCells({
  facts,
  columns,
  digits,
  baseline,
}: {
  readonly facts: RunFactsAnswer;
  readonly columns: readonly Column[];
  readonly digits: readonly number[];
  readonly baseline: RunFactsAnswer | null;
}): JSX.Element {
  const { startedAt, durationMs, rows } = facts;
  return (
    <>
      <td class="dim" title={startedAt === undefined ? '' : momentText(startedAt)}>
        {startedAt === undefined ? '' : agoText(startedAt, Date.now())}
      </td>
      <td class="number dim">{durationMs === undefined ? '' : durationText(durationMs)}</td>
      <td class="number dim">{rows === undefined ? '' : countText(rows)}</td>
      {columns.map((column, index) => (
        <ValueCell key={columnText(column)} {...{ facts, column, baseline }} digits={digits[index]} />
      ))}
    </>
  );
}

function ValueCell({
  facts,
  column,
  digits,
  baseline,
}: {
  readonly facts: RunFactsAnswer;
  readonly column: Column;
  readonly digits: number | undefined;
  readonly baseline: RunFactsAnswer | null;
}): JSX.Element {
  const value = valueOf(facts, column);
  const [own, other] = [facts, baseline].map((each) => (each === null ? undefined : numberOf(each, column)));
  const difference =
    column.kind !== 'param' && own !== undefined && other !== undefined ? own - other : undefined;
  return (
    <td class={typeof value === 'number' ? 'number' : 'cell-text'} title={titleOf(facts, column, value)}>
      {valueText(value, digits)}
      {difference === undefined ? null : (
        <small class="difference">{`${difference > 0 ? '+' : ''}${numberText(difference, 2)}`}</small>
      )}
    </td>
  );
}

/** The exact value, and the statistic that it is if the definition of the metric chose it. */
function titleOf(facts: RunFactsAnswer, column: Column, value: unknown): string {
  const isFigure = column.kind === 'metric' && column.statistic === 'figure' && value !== undefined;
  const statistic = isFigure ? standingStatistic(facts, column.name) : 'last';
  return statistic === 'last' ? exactText(value) : `${exactText(value)} (${statistic})`;
}

/** The reason why a run cannot be read: the code and message of an error in any of its shapes. */
export function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return valueText(error) || 'it cannot be read';
  const said = ['name', 'code', 'message'].map((key): unknown => Reflect.get(error, key));
  return said.filter((part) => typeof part === 'string').join(': ');
}
