import type { Figure } from './figure.js';

/**
 * Writes the lines of a chart as CSV (RFC 4180), one value per row; NaN and infinities are written
 * as such. A smoothed value is followed by its raw value, a mean by the least and greatest. For
 * sampled curves, the heading says how many values they stand for.
 */
export function csvOf({ xTitle, title, strokes, sampledFrom }: Figure): string {
  const isSmoothed = strokes.some(({ raw }) => raw !== undefined);
  const isBand = strokes.some(({ band }) => band !== undefined);
  const rows = strokes.flatMap(({ name, x, y, raw, band, marks }) => {
    const what = new Map(marks.map((mark) => [mark.x, mark.what]));
    return x.flatMap((at, index) => {
      const value = y[index] ?? what.get(at);
      // Without a value there is only a gap in the line.
      if (value === undefined) return [];
      const before = isSmoothed ? [raw?.[index] ?? what.get(at) ?? ''] : [];
      const around = isBand ? [band?.min[index] ?? '', band?.max[index] ?? ''] : [];
      return [[name, at, value, ...before, ...around]];
    });
  });
  const name =
    sampledFrom === undefined ? title : `${title} (a sample of ${sampledFrom} values: expman export has all)`;
  const head = [
    ...['run', xTitle, isSmoothed ? `${name} (smoothed)` : name],
    ...(isSmoothed ? [name] : []),
    ...(isBand ? ['min', 'max'] : []),
  ];
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/**
 * Writes a cell; a text that a spreadsheet would take for a formula gets a quote in front, as in
 * `expman export`.
 */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) && !/^-Infinity$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
