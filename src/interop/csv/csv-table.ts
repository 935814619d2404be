import type { MetricRow, MetricValue } from '../../model/metric.js';
import { quoted } from '../../model/printable.js';
import { parseStep, type Step, stepFromText } from '../../model/step.js';
import { rowValues } from '../exchange/made-row.js';
import { microsOfIso, microsOfNumber } from '../exchange/instants.js';
import type { MetricType } from '../exchange/metric-fields.js';
import { isMissing } from '../exchange/missing-words.js';
import type { Places } from '../source/places.js';
import { corruptAt } from '../source/source-files.js';
import { numberOf, TRUTH, textOfCell, valueOfCell, valueOfMixedCell } from './cells.js';
import { type DecimalMark, numberOfCell } from './column-survey.js';
import { type RecordOptions, recordsIn } from './csv-records.js';
import { type Piece, piecesOf } from './header-pieces.js';

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

/** How the cells of a file that is not ours are to be read. */
export interface GuessedLayout extends CsvLayout {
  readonly names: readonly string[];
  readonly mark: DecimalMark;
  /** The time of the first row, where the times are seconds since the start; else null. */
  readonly startMs: number | null;
}

/**
 * Yields the rows of one of our files by a layout.
 *
 * @throws ExpmanError `CORRUPT` with the line
 */
export async function* rowsOfOurs(
  path: string,
  layout: CsvLayout,
  options: RecordOptions,
): AsyncGenerator<MetricRow, void> {
  let isHeader = true;
  for await (const { cells, line } of recordsIn(path, options)) {
    if (!isHeader) yield ourRow(cells, layout, (what) => corruptAt(path, what, line));
    isHeader = false;
  }
}

function ourRow(
  cells: readonly (string | null)[],
  { step, timestamp, metrics }: CsvLayout,
  wrong: (what: string) => Error,
): MetricRow {
  const entries: [string, MetricValue][] = [];
  for (const { at, metric, type, mixed = false } of metrics) {
    const cell = cells[at] ?? null;
    if (cell === null) continue;
    const value = mixed ? valueOfMixedCell(cell) : valueOfCell(cell, type);
    if (value === undefined) throw wrong(`${quoted(cell)} is not a ${type}`);
    entries.push([metric, value]);
  }
  const [stepCell, timeCell] = [cells[step] ?? null, cells[timestamp] ?? null];
  const place = { step: stepCell === null ? null : stepOf(stepCell), micros: microsOfCell(timeCell) };
  if (place.step === undefined) throw wrong(`the step ${quoted(stepCell ?? '')} is not a whole number`);
  if (place.micros === undefined && timeCell !== null)
    throw wrong(`the timestamp ${quoted(timeCell)} is not a time`);
  return madeRow(place.step, place.micros, entries);
}

/**
 * Yields the rows of a file of any writer. What is not whole is left out: a line with more cells
 * than the header, a line whose step is no step.
 */
export async function* rowsOfTable(
  path: string,
  layout: GuessedLayout,
  options: RecordOptions,
): AsyncGenerator<MetricRow, void> {
  const { findings } = options;
  const bad = { steps: 0, times: 0 };
  for await (const { cells, line } of piecesOf(path, options)) {
    const row = guessedRow(cells, layout);
    if (row === null) {
      const what = `the step ${quoted(textOf(cells[layout.step]), 40)} is not a whole number`;
      findings.add('damaged', `${told(++bad.steps, 'lines', line)}: ${what}`, 'steps');
      continue;
    }
    if (row.isTimeBad)
      findings.add(
        'damaged',
        `${told(++bad.times, 'times', line)}: ${quoted(textOf(cells[layout.timestamp]), 40)} is not a time`,
        'times',
      );
    yield row.row;
  }
}

/** Counts what was found, and says where the last was. */
const told = (count: number, what: string, line: number): string =>
  count === 1 ? `line ${line}` : `${count} ${what}, the last of them in line ${line}`;

const textOf = (cell: string | null | undefined): string => cell ?? '';

function guessedRow(
  cells: Piece['cells'],
  { step, timestamp, metrics, mark, startMs }: GuessedLayout,
): { readonly row: MetricRow; readonly isTimeBad: boolean } | null {
  const entries: [string, MetricValue][] = [];
  for (const column of metrics) {
    const value = metricOf(cells[column.at] ?? null, column, mark);
    if (value !== undefined) entries.push([column.metric, value]);
  }
  const stepCell = present(cells[step]);
  const read = stepCell === null ? null : stepOf(stepCell);
  if (read === undefined) return null;
  const timeCell = present(cells[timestamp]);
  const micros = timeCell === null ? undefined : microsSince(timeCell, startMs);
  return {
    row: madeRow(read, micros, entries),
    isTimeBad: micros === undefined && timeCell !== null,
  };
}

const present = (cell: string | null | undefined): string | null =>
  cell === null || cell === undefined || isMissing(cell) ? null : cell.trim();

function metricOf(
  given: string | null,
  { type, hasNumbers = false }: CsvColumn,
  mark: DecimalMark,
): MetricValue | undefined {
  if (given === null) return undefined;
  const cell = given.trim();
  // In a column of texts such a word is a text, and quoted nothing the empty one.
  const isText = type === 'UTF8' && !hasNumbers;
  if (!isText && isMissing(cell)) return undefined;
  if (type === 'BOOLEAN') return TRUTH.test(cell) ? cell.toLowerCase() === 'true' : undefined;
  if (type === 'DOUBLE') return numberOfCell(cell, mark);
  if (type === 'INT64') return valueOfCell(cell, type);
  return (hasNumbers ? numberOfCell(cell, mark) : undefined) ?? textOfCell(cell);
}

const madeRow = (
  step: Step | null,
  micros: number | undefined,
  entries: readonly [string, MetricValue][],
): MetricRow => ({
  step,
  ...(micros !== undefined && { timestamp: micros / 1000 }),
  values: rowValues(entries),
});

const stepOf = (cell: string): Step | undefined => parseStep(numberOf(cell)) ?? stepFromText(cell);

function microsOfCell(cell: string | null): number | undefined {
  if (cell === null) return undefined;
  const number = numberOf(cell);
  return number === undefined ? microsOfIso(cell) : microsOfNumber(number);
}

function microsSince(cell: string, startMs: number | null): number | undefined {
  if (startMs === null) return microsOfCell(cell);
  const seconds = numberOf(cell);
  return seconds === undefined ? undefined : Math.round(startMs * 1000 + seconds * 1e6);
}
