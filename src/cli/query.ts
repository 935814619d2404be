import { MAX_TIMER_MS } from '../model/option-rules.js';
import { printable } from '../model/printable.js';
import { listedSource } from '../reader/query/facts-source.js';
import { queryRuns } from '../reader/query/query-runs.js';
import { type CommandRun, durationOption, numberOption } from './command.js';
import { findRuns } from './find-runs.js';
import { type Cell, ExitCode } from './terminal.js';
import { count, paramText } from './words.js';

const MAX_ROWS = 10_000;

export const run: CommandRun = async ([dir = '', sql = ''], options, terminal) => {
  const listing = findRuns(dir, options, terminal);
  terminal.waiting(`asking DuckDB about ${count(listing.runs.length)} runs`);
  const timeoutMs = durationOption(options, 'timeout', MAX_TIMER_MS);
  const { columns, rows, truncated, skipped } = await queryRuns(dir, sql, {
    maxRows: numberOption(options, 'limit', { min: 1 }) ?? MAX_ROWS,
    ...(timeoutMs !== undefined && { timeoutMs }),
    source: listedSource(listing),
  });
  if (options['json'] === true)
    terminal.json(
      rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, plain(row[index])]))),
    );
  else
    terminal.table([
      columns.map(({ name }) => printable(name)),
      ...rows.map((row): Cell[] => row.map((value) => (value === null ? '' : paramText(value)))),
    ]);
  if (truncated) terminal.complain(`there are more than ${rows.length} rows; --limit asks for more`);
  for (const { runDir, reason } of skipped)
    terminal.complain(`left out: ${printable(runDir)}: ${printable(reason)}`);
  return ExitCode.ok;
};

/** A count is a number in JSON, as long as it can be one. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value);
  return Array.isArray(value) ? value.map(plain) : value;
}
