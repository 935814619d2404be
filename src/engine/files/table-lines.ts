import { types } from 'node:util';
import { MAX_TABLE_ROWS } from '../../model/media.js';
import { cut } from '../../model/printable.js';
import { valueText } from '../../run/log-line.js';
import { isRecord } from '../../model/stored-values.js';

/**
 * A small table: objects with a key for each column, or column names and rows with as many values.
 */
export type TableInput =
  readonly object[] | { readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] };

/** A table as lines of JSON. */
export interface TableLines {
  readonly text: string;
  /** The number of rows for which there was no room. */
  readonly leftOut: number;
}

/** @bound refuses: TypeError, which is counted and told in run.log as INVALID_VALUE */
const MOST_COLUMNS = 1_000;
/** @bound tells: the cell ends in an ellipsis; specs/model/printable.spec.ts "ends in an ellipsis where it is longer than there is room for" */
const MOST_CELL_TEXT = 64 * 1024;

/**
 * Formats a table as JSON lines: an object per row with every column, null for a missing value.
 *
 * Numbers, booleans, texts and null stay unchanged; a bigint within 2^53 is a number; anything else
 * (NaN, a date, an object) becomes its text. Rows beyond 10,000 are left out.
 *
 * @throws TypeError for a value that is not a table, with the reason as its message
 */
export function tableLines(table: unknown): TableLines {
  const { columns, rows } = tableOf(table);
  if (columns.length > MOST_COLUMNS)
    throw new TypeError(`a table may have at most ${MOST_COLUMNS} columns; this one has ${columns.length}`);
  if (new Set(columns).size < columns.length) throw new TypeError('two columns have the same name');
  const keys = columns.map((name) => JSON.stringify(name));
  const lines = rows.map((row) => `{${keys.map((key, at) => `${key}:${cell(row(at))}`).join(',')}}\n`);
  return { text: lines.join(''), leftOut: Math.max(0, lengthOf(table) - MAX_TABLE_ROWS) };
}

interface Table {
  readonly columns: readonly string[];
  /** Functions that return the value of a column by its index. */
  readonly rows: readonly ((column: number) => unknown)[];
}

function tableOf(table: unknown): Table {
  if (Array.isArray(table)) return tableOfObjects(table.slice(0, MAX_TABLE_ROWS) as unknown[]);
  const { columns, rows } = isRecord(table) ? table : {};
  if (!Array.isArray(columns) || !Array.isArray(rows))
    throw new TypeError('a table must be an array of objects, or { columns, rows }');
  const names = (columns as unknown[]).map(String);
  return {
    columns: names,
    rows: (rows.slice(0, MAX_TABLE_ROWS) as unknown[]).map((row) => {
      if (!Array.isArray(row) || row.length > names.length)
        throw new TypeError('each row must be an array with at most one value per column');
      return (column) => (row as unknown[])[column];
    }),
  };
}

function tableOfObjects(rows: readonly unknown[]): Table {
  if (!rows.every(isRecord)) throw new TypeError('each row of a table must be an object');
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return {
    columns,
    rows: rows.map((row) => (column) => {
      const name = columns[column] ?? '';
      return Object.hasOwn(row, name) ? row[name] : null;
    }),
  };
}

function lengthOf(table: unknown): number {
  const rows: unknown = isRecord(table) ? table['rows'] : table;
  return Array.isArray(rows) ? rows.length : 0;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return JSON.stringify(value);
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return String(value);
  const text = types.isDate(value) && !Number.isNaN(value.getTime()) ? value.toISOString() : valueText(value);
  return JSON.stringify(cut(text, MOST_CELL_TEXT + 1));
}
