import { MAX_TIMER_MS } from '../model/option-rules.js';
import { printable } from '../model/printable.js';
import { listedSource } from '../reader/query/facts-source.js';
import { queryRuns } from '../reader/query/query-runs.js';
import { type CommandRun, durationOption, numberOption, wantsCsv } from './command.js';
import type { QUERY } from './command-options.js';
import { distinctNames } from './distinct-names.js';
import { findRuns } from './find-runs.js';
import { printCsv } from './print-csv.js';
import { type Cell, ExitCode } from './terminal.js';
import { paramText, quantity } from './words.js';

/**
 * @bound tells: a line on stderr says that there are more rows; specs/cli/left-out.spec.ts "says
 * how many columns of a table are not there, and that there are more rows"
 */
const MAX_ROWS = 10_000;

export const run: CommandRun<typeof QUERY> = async ([dir = '', sql = ''], options, terminal) => {
  const isCsv = wantsCsv(options);
  const listing = findRuns(dir, {}, terminal);
  terminal.waiting(`querying ${quantity(listing.runs.length, 'runs')} with DuckDB`);
  const timeoutMs = durationOption(options, 'timeout', MAX_TIMER_MS);
  const { columns, rows, truncated, skipped } = await queryRuns(dir, sql, {
    maxRows: numberOption(options, 'limit', { min: 1 }) ?? MAX_ROWS,
    ...(timeoutMs !== undefined && { timeoutMs }),
    source: listedSource(listing),
  });
  const keys = distinctNames(columns.map(({ name }) => name));
  if (options.json === true)
    terminal.json(rows.map((row) => Object.fromEntries(keys.map((key, index) => [key, row[index]]))));
  else if (isCsv) await printCsv({ names: keys, rows }, terminal);
  else
    terminal.table([
      columns.map(({ name }) => printable(name)),
      ...rows.map((row): Cell[] => row.map((value) => (value === null ? '' : paramText(value)))),
    ]);
  if (truncated)
    terminal.complain(`there are more than ${quantity(rows.length, 'rows')}; raise --limit to see more`);
  for (const { runDir, reason } of skipped)
    terminal.complain(`left out: ${printable(runDir)}: ${printable(reason)}`);
  return ExitCode.ok;
};
