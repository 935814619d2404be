import type { MetricRow, MetricValue } from '../../model/metric.js';
import { quoted } from '../../model/printable.js';
import { parseStep, type Step, stepFromText } from '../../model/step.js';
import { rowValues } from '../exchange/made-row.js';
import { microsOfIso, microsOfNumber } from '../exchange/instants.js';
import type { MetricType } from '../exchange/metric-fields.js';
import { type Places, placesIn } from '../source/places.js';
import { corruptAt } from '../source/source-files.js';
import { CellTypes, numberOf, textOfCell, valueOfCell, valueOfMixedCell } from './cells.js';
import { headerIn, recordsIn } from './csv-records.js';

/** A metric's column of a CSV file. */
export interface CsvColumn {
  readonly at: number;
  readonly metric: string;
  readonly type: MetricType;
  /** True for a column of text in which cells that look like numbers are numbers. */
  readonly hasNumbers?: boolean;
  /** True for a column of texts and other values, written by {@link cellOfMixed}. */
  readonly mixed?: boolean;
}

/** The roles of the columns of a CSV file. */
export interface CsvLayout extends Places {
  readonly metrics: readonly CsvColumn[];
}

/**
 * Guesses the columns of step, timestamp and metrics in a file without a description; types are
 * chosen to fit all cells.
 */
export async function guessedLayout(path: string): Promise<CsvLayout> {
  const header = await headerIn(path);
  const { step, timestamp } = placesIn(header.map((name) => name ?? ''));
  const types = header.map(() => new CellTypes());
  let isHeader = true;
  for await (const { cells } of recordsIn(path)) {
    if (!isHeader) cells.forEach((cell, at) => cell !== null && types[at]?.add(cell));
    isHeader = false;
  }
  const taken = new Set<string>();
  const metrics = header.flatMap((name, at): CsvColumn[] => {
    const type = types[at]?.type ?? null;
    if (at === step || at === timestamp || type === null) return [];
    const { hasNumbers = false } = types[at] ?? {};
    return [{ at, metric: freeName(textOfCell(name ?? ''), taken), type, hasNumbers }];
  });
  return { step, timestamp, metrics };
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  while (taken.has(name)) name += '_';
  taken.add(name);
  return name;
}

/** Yields the rows of a CSV file by a layout. */
export async function* rowsOfTable(path: string, layout: CsvLayout): AsyncGenerator<MetricRow, void> {
  let isHeader = true;
  for await (const { cells, line } of recordsIn(path)) {
    if (!isHeader) yield rowOf(cells, layout, (what) => corruptAt(path, what, line));
    isHeader = false;
  }
}

function rowOf(
  cells: readonly (string | null)[],
  { step, timestamp, metrics }: CsvLayout,
  wrong: (what: string) => Error,
): MetricRow {
  const entries: [string, MetricValue][] = [];
  for (const { at, metric, type, hasNumbers = false, mixed = false } of metrics) {
    const cell = cells[at] ?? null;
    if (cell === null) continue;
    const value = mixed
      ? valueOfMixedCell(cell)
      : ((hasNumbers ? numberOf(cell) : undefined) ?? valueOfCell(cell, type));
    if (value === undefined) throw wrong(`${quoted(cell)} is not a ${type}`);
    entries.push([metric, value]);
  }
  const micros = microsOfCell(cells[timestamp] ?? null, wrong);
  return {
    step: stepOfCell(cells[step] ?? null, wrong),
    ...(micros !== undefined && { timestamp: micros / 1000 }),
    values: rowValues(entries),
  };
}

function stepOfCell(cell: string | null, wrong: (what: string) => Error): Step | null {
  if (cell === null) return null;
  const step = parseStep(numberOf(cell)) ?? stepFromText(cell);
  if (step === undefined) throw wrong(`the step ${quoted(cell)} is not a whole number`);
  return step;
}

function microsOfCell(cell: string | null, wrong: (what: string) => Error): number | undefined {
  if (cell === null) return undefined;
  const number = numberOf(cell);
  const micros = number === undefined ? microsOfIso(cell) : microsOfNumber(number);
  if (micros === undefined) throw wrong(`the timestamp ${quoted(cell)} is not a time`);
  return micros;
}
