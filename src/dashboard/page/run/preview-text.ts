const MOST_ROWS = 50;
const MOST_COLUMNS = 50;
const MOST_LINES = 200;

/** The beginning of a file as it is shown. */
export type Shown =
  | { readonly kind: 'nothing'; readonly why: string }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

/**
 * What can be shown of the first bytes of a file: text, objects of NDJSON as a table, nothing of what is no text.
 *
 * @param isCut whether the file goes on, so that its last line here is no whole one
 */
export function shownOf(start: Uint8Array, isCut: boolean): Shown {
  if (start.length === 0) return { kind: 'nothing', why: 'The file is empty.' };
  if (start.includes(0)) return { kind: 'nothing', why: 'It is no text.' };
  const lines = new TextDecoder().decode(start).split('\n');
  if (isCut && lines.length > 1) lines.pop();
  const rows = lines
    .slice(0, MOST_ROWS)
    .filter((line) => line !== '')
    .map(objectOf);
  if (rows.length > 0 && rows.every((row) => row !== null)) return tableOf(rows);
  const isMore = isCut || lines.length > MOST_LINES;
  return { kind: 'text', text: lines.slice(0, MOST_LINES).join('\n') + (isMore ? '\n…' : '') };
}

type Row = Readonly<Record<string, unknown>>;

function objectOf(line: string): Row | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : null;
  } catch {
    return null;
  }
}

function tableOf(rows: readonly Row[]): Shown {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, MOST_COLUMNS);
  const cell = (row: Row, column: string): string => {
    const value = Object.hasOwn(row, column) ? row[column] : undefined;
    return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  };
  return { kind: 'table', columns, rows: rows.map((row) => columns.map((column) => cell(row, column))) };
}
