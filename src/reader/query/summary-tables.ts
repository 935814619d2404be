import type { MetricValue } from '../../model/metric.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { Cell, FactTable } from './fact-table.js';
import { folded } from './sql-text.js';

/** A column with one summary value of each run. */
export interface SummaryColumn {
  /** `summary.` and the name of the value; with a trailing `_` if another differs only in case. */
  readonly name: string;
  /** DOUBLE if the value is a text in no run; booleans are 1 and 0. */
  readonly type: 'DOUBLE' | 'VARCHAR';
  readonly of: (facts: RunFacts) => Cell;
}

/** Makes a column for each name among the summary values of the runs, in order of appearance. */
export function summaryColumns(runs: readonly RunFacts[]): SummaryColumn[] {
  const types = new Map<string, SummaryColumn['type']>();
  for (const { summary } of runs)
    for (const [name, value] of Object.entries(summary))
      if (typeof value === 'string') types.set(name, 'VARCHAR');
      else if (!types.has(name)) types.set(name, 'DOUBLE');
  const taken = new Set<string>();
  return [...types].map(([value, type]) => {
    let name = `summary.${value.replaceAll('\0', '\ufffd')}`;
    while (taken.has(folded(name))) name += '_';
    taken.add(folded(name));
    const cellOf = type === 'DOUBLE' ? Number : String;
    return {
      name,
      type,
      of: ({ summary }) => {
        const found = summary[value];
        return found === undefined ? null : cellOf(found);
      },
    };
  });
}

/**
 * Makes a table with one row per summary value: its text, its number if it is one or a boolean, and
 * whether it is of the run's headline.
 */
export function summariesTable(runs: readonly RunFacts[]): FactTable {
  return {
    columns: [
      ['experiment', 'VARCHAR'],
      ['run', 'VARCHAR'],
      ['name', 'VARCHAR'],
      ['value', 'VARCHAR'],
      ['number', 'DOUBLE'],
      ['headline', 'BOOLEAN'],
    ],
    rows: summaryRows(runs),
  };
}

function* summaryRows(runs: readonly RunFacts[]): Generator<Cell[]> {
  for (const { experiment, run, summary, headline } of runs)
    for (const [name, value] of Object.entries(summary))
      yield [experiment, run, name, String(value), numberOf(value), headline.includes(name)];
}

const numberOf = (value: MetricValue): number | null => (typeof value === 'string' ? null : Number(value));
