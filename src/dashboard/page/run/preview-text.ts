/**
 * @bound tells: a line below the table says how many more; specs/dashboard/page/preview.spec.ts
 * "has no line that is not whole, and says that there is more"
 */
const MOST_ROWS = 50;
/**
 * @bound tells: a line below the table says how many more; specs/dashboard/page/preview.spec.ts
 * "has no line that is not whole, and says that there is more"
 */
const MOST_COLUMNS = 50;
/**
 * @bound tells: the last line says how many more; specs/dashboard/page/preview.spec.ts "has no line
 * that is not whole, and says that there is more"
 */
const MOST_LINES = 200;

/** The start of a file as shown. */
export type Shown =
  | { readonly kind: 'nothing'; readonly why: string }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
      /** Rows and columns that were read but are not shown; absent if there are none. */
      readonly left?: { readonly rows: number; readonly columns: number };
    };

/**
 * Decides how to show the first bytes of a file: text, NDJSON objects as a table, nothing for
 * binary data.
 *
 * @param isCut true if the file continues, so that the last line here is incomplete
 */
export function shownOf(start: Uint8Array, isCut: boolean): Shown {
  if (start.length === 0) return { kind: 'nothing', why: 'The file is empty.' };
  if (start.includes(0)) return { kind: 'nothing', why: 'The file is not text.' };
  const lines = new TextDecoder().decode(start).split('\n');
  if (isCut && lines.length > 1) lines.pop();
  const filled = lines.filter((line) => line !== '');
  const rows = filled.slice(0, MOST_ROWS).map(objectOf);
  if (rows.length > 0 && rows.every((row) => row !== null)) return tableOf(rows, filled.length - rows.length);
  const left = Math.max(0, lines.length - MOST_LINES);
  const more = left > 0 ? `\n… and ${left} more lines` : isCut ? '\n…' : '';
  return { kind: 'text', text: lines.slice(0, MOST_LINES).join('\n') + more };
}

/**
 * The text in place of a file that is not shown; a report contains only small images and no other
 * files.
 */
export const placeText = (kind: string, href: string): string =>
  href === '' ? `${kind}, not in this report` : kind;

type Row = Readonly<Record<string, unknown>>;

function objectOf(line: string): Row | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : null;
  } catch {
    return null;
  }
}

function tableOf(rows: readonly Row[], rowsLeft: number): Shown {
  const all = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = all.slice(0, MOST_COLUMNS);
  const left = { rows: rowsLeft, columns: all.length - columns.length };
  const cell = (row: Row, column: string): string => {
    const value = Object.hasOwn(row, column) ? row[column] : undefined;
    return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  };
  return {
    ...{ kind: 'table', columns },
    rows: rows.map((row) => columns.map((column) => cell(row, column))),
    ...(left.rows + left.columns > 0 && { left }),
  };
}
