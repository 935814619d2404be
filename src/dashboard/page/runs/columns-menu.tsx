import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import {
  type Column,
  columnText,
  columnTitle,
  FACT_COLUMNS,
  fieldOf,
  STATISTICS,
} from '../facts/run-values.js';
import { firstOf } from '../parts/first-of.js';
import { Left } from '../parts/left.js';
import { Menu } from '../parts/menu.js';
import { choose } from '../state/navigation.js';
import type { RunsWindow } from './use-runs.js';

/**
 * Names shown at once; more are found by typing.
 *
 * @bound tells: a line below the names says how many more; specs/dashboard/browser/left-out.spec.ts
 * "is counted: metrics in the menu and beyond the charts, parameters beyond the axes, columns,
 * runs"
 */
const MOST_SHOWN = 200;

/** The menu for choosing the columns of the table. */
export function ColumnsMenu({
  columns,
  runs: { paramKeys, metricKeys, summaryKeys, keysLeftOut },
}: {
  readonly columns: readonly Column[];
  readonly runs: Pick<RunsWindow, 'paramKeys' | 'metricKeys' | 'summaryKeys' | 'keysLeftOut'>;
}): JSX.Element {
  const [text, setText] = useState('');
  const all: readonly Column[] = [
    ...summaryKeys.map((name): Column => ({ kind: 'summary', name })),
    ...metricKeys.flatMap((name) =>
      STATISTICS.map((statistic): Column => ({ kind: 'metric', name, statistic })),
    ),
    ...paramKeys.map((name): Column => ({ kind: 'param', name })),
    ...FACT_COLUMNS.map((name): Column => ({ kind: 'fact', name })),
  ];
  const found = all.filter((column) =>
    [columnTitle(column), fieldOf(column)].some((each) => each.toLowerCase().includes(text.toLowerCase())),
  );
  const { shown, left } = firstOf(found, MOST_SHOWN);
  const chosen = columns.map(columnText);
  const toggle = (key: string): void => {
    const next = chosen.includes(key) ? chosen.filter((each) => each !== key) : [...chosen, key];
    // The unknown column 'none' stands for no columns, in place of the standard ones.
    choose({ col: next.length === 0 ? ['none'] : next }, 'replace');
  };
  return (
    <Menu label="Columns">
      {() => (
        <div class="columns-menu">
          <input
            type="search"
            placeholder="Find a column"
            aria-label="Find a column"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <div class="columns-list">
            {shown.map((column) => (
              <label key={columnText(column)} title={fieldOf(column)}>
                <input
                  type="checkbox"
                  checked={chosen.includes(columnText(column))}
                  onChange={() => toggle(columnText(column))}
                />
                <span>{columnTitle(column)}</span>
                <span class="dim">{column.kind}</span>
              </label>
            ))}
            <Left left={left} what="columns: type part of the name" />
            <Left
              left={keysLeftOut}
              what="names of metrics, parameters and summary values, usable in filters only"
            />
          </div>
          <button type="button" class="quiet" onClick={() => choose({ col: null }, 'replace')}>
            Standard columns
          </button>
        </div>
      )}
    </Menu>
  );
}
