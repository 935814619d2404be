import type { MetricValue } from '../model/metric.js';
import { type Terminal, harmlessJson } from './terminal.js';

/** Records that are written at once, so that none of them waits for the text of all. */
const RECORDS_AT_ONCE = 1024;

/** A table of exact values, one array for each row. */
export interface CsvTable {
  readonly names: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * Prints a table as CSV, with the cells of an exported run: numbers are not rounded, null is
 * nothing between two commas, and a text that a spreadsheet would treat as a formula gets a leading
 * `'`, and so does one that looks like a number in a column that also holds numbers. Lists and
 * objects become JSON.
 */
export async function printCsv({ names, rows }: CsvTable, terminal: Terminal): Promise<void> {
  // Loading csv-stringify takes 25 ms, which a command that prints no CSV need not wait for.
  const [{ cellOf, cellOfMixed, cellOfText }, { csvText }] = await Promise.all([
    import('../interop/csv/cells.js'),
    import('../interop/csv/csv-text.js'),
  ]);
  const writers = names.map((_, at) => (holdsBoth(rows, at) ? cellOfMixed : cellOf));
  terminal.printExactly(csvText([names.map(cellOfText)]));
  for (let from = 0; from < rows.length; from += RECORDS_AT_ONCE)
    terminal.printExactly(
      csvText(
        rows
          .slice(from, from + RECORDS_AT_ONCE)
          .map((row) => writers.map((write, at) => cellText(row[at], write))),
      ),
    );
}

/** Tells if a column holds texts as well as numbers or booleans. */
function holdsBoth(rows: CsvTable['rows'], at: number): boolean {
  const types = new Set(rows.map((row) => typeof row[at]));
  return types.has('string') && (['number', 'bigint', 'boolean'] as const).some((type) => types.has(type));
}

function cellText(value: unknown, write: (value: MetricValue) => string): string | null {
  if (value === null || value === undefined) return null;
  return write(typeof value === 'object' ? harmlessJson(value) : (value as MetricValue));
}
