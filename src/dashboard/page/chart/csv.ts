import type { Figure } from './figure.js';

/** The lines of a chart as CSV (RFC 4180), one value a row; what is no finite number is written as what it was. */
export function csvOf({ xTitle, title, strokes }: Figure): string {
  const rows = strokes.flatMap(({ name, x, y, raw, marks }) => {
    const what = new Map(marks.map((mark) => [mark.x, mark.what]));
    return x.map((at, index) => {
      const value = y[index] ?? null;
      const before = raw === undefined ? [] : [raw[index] ?? what.get(at) ?? ''];
      return [name, at, value ?? what.get(at) ?? '', ...before];
    });
  });
  const isSmoothed = strokes.some(({ raw }) => raw !== undefined);
  const head = ['run', xTitle, isSmoothed ? `${title} (smoothed)` : title, ...(isSmoothed ? [title] : [])];
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** A text that a spreadsheet would take for a formula gets a quote in front, as `expman export` writes it. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) && !/^-Infinity$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
