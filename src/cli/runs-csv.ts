import { paramLeaves } from '../model/param-value.js';
import type { RunFacts } from '../model/run-facts.js';
import type { Cell, CellType } from '../reader/query/fact-table.js';
import { runsTable } from '../reader/query/fact-tables.js';
import { distinctNames } from './distinct-names.js';
import type { CsvTable } from './print-csv.js';

/** The statistics of each metric, in the words of `--columns`. */
const STATISTICS = ['last', 'min', 'max', 'mean', 'count', 'stepOfMin', 'stepOfMax'] as const;

/**
 * Makes a table with one row per run: the columns of the SQL view `runs`, then each summary value,
 * parameter and statistic of a metric that any of the runs has.
 */
export function everyFact(runs: readonly RunFacts[]): CsvTable {
  const { columns, rows } = runsTable(runs, []);
  const summaries = [...new Set(runs.flatMap(({ summary }) => Object.keys(summary)))];
  const params = runs.map((facts) => new Map(paramLeaves(facts.params)));
  const paths = [...new Set(params.flatMap((leaves) => [...leaves.keys()]))];
  const metrics = [...new Set(runs.flatMap((facts) => [...facts.metrics.keys()]))];
  return {
    names: [
      ...columns.map(([name]) => name),
      ...summaries.map((name) => `summary.${name}`),
      ...paths.map((path) => `params.${path}`),
      ...metrics.flatMap((metric) => STATISTICS.map((statistic) => `metrics.${metric}.${statistic}`)),
    ],
    rows: [...rows].map((row, at) => [
      ...columns.map(([, type], column) => valueOf(type, row[column] ?? null)),
      ...summaries.map((name) => runs[at]?.summary[name]),
      ...paths.map((path) => params[at]?.get(path)),
      ...metrics.flatMap((metric) => {
        const summary = runs[at]?.metrics.get(metric);
        return STATISTICS.map((statistic) => summary?.[statistic]);
      }),
    ]),
  };
}

/** Makes a table with one row per run: its names, then the chosen columns. */
export const chosenFacts = (
  runs: readonly RunFacts[],
  columns: readonly string[],
  fields: readonly ((facts: RunFacts) => unknown)[],
): CsvTable => ({
  names: distinctNames(['experiment', 'run', ...columns]),
  rows: runs.map((facts) => [facts.experiment, facts.run, ...fields.map((field) => field(facts))]),
});

const valueOf = (type: CellType, cell: Cell): Cell =>
  type === 'TIMESTAMPTZ' && typeof cell === 'number' ? new Date(cell).toISOString() : cell;
