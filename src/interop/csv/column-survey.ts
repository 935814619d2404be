import { quoted } from '../../model/printable.js';
import { exactNumberOf } from '../exchange/exact-number.js';
import { FIRST_INSTANT, microsOfIso } from '../exchange/instants.js';
import type { MetricType } from '../exchange/metric-fields.js';
import { isMissing } from '../exchange/missing-words.js';
import { int64Of, numberOf, TRUTH } from './cells.js';

/** How the numbers of a file are written: `1,234.5` or `1.234,5`. */
export type DecimalMark = '.' | ',';

const WITH_COMMA = /^[+-]?\d*,\d+(?:[eE][+-]?\d+)?$/;
/** Thousands do not begin with a zero: `0.125` is a fraction. */
const THOUSANDS: Readonly<Record<DecimalMark, RegExp>> = {
  '.': /^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/,
  ',': /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?$/,
};
/** Names of columns whose cells are identifiers, even where they look like numbers. */
const IDENTIFIERS = /(?:^|[^a-z])(?:version|commit|sha\d*|hash|revision|uuid|zip)$/i;

/** Parses a number as the cells of a file have it. */
export function numberOfCell(cell: string, mark: DecimalMark): number | undefined {
  if (THOUSANDS[mark].test(cell)) return numberOf(inPoints(cell, mark));
  return mark === ',' && WITH_COMMA.test(cell) ? numberOf(cell.replace(',', '.')) : numberOf(cell);
}

const inPoints = (cell: string, mark: DecimalMark): string =>
  mark === '.' ? cell.replace(/,/g, '') : cell.replace(/\./g, '').replace(',', '.');

/** A cell, and the line that it is in. */
interface PlacedCell {
  readonly cell: string;
  readonly line: number;
}

/** What the cells of a column are, without those that are missing; keeps none of them. */
export class ColumnSurvey {
  /** The number of cells that are not missing. */
  count = 0;
  /** Cells with a decimal comma, with a decimal point, and those that may be thousands. */
  readonly marks = { comma: 0, point: 0, unclear: 0 };
  hasThousands = false;
  /** True if the times among the numbers are seconds since the start. */
  isRelative = false;
  private readonly numbers: Record<DecimalMark, number> = { '.': 0, ',': 0 };
  private readonly odd: Record<DecimalMark, PlacedCell | null> = { '.': null, ',': null };
  private truths = 0;
  private integers = true;
  private isUnsafe = false;
  private wholes = 0;
  private times = 0;
  /** The largest number so far that may be a time. */
  latest = -Infinity;
  private isAscending = true;
  private readonly padding = new Padding();

  add(given: string, line: number): void {
    const cell = given.trim();
    if (isMissing(cell)) return;
    this.count++;
    if (TRUTH.test(cell)) this.truths++;
    this.noteMark(cell);
    for (const mark of ['.', ','] as const) {
      if (numberOfCell(cell, mark) !== undefined) this.numbers[mark]++;
      else this.odd[mark] ??= { cell, line };
    }
    this.noteInteger(cell);
    this.noteTime(cell);
    this.padding.add(cell);
  }

  /** The type; null for a column without values. */
  typeBy(name: string, mark: DecimalMark): MetricType | null {
    if (this.count === 0) return null;
    if (this.truths === this.count) return 'BOOLEAN';
    if (this.numbers[mark] < this.count || this.keepsTexts(name)) return 'UTF8';
    return this.integers && this.isUnsafe ? 'INT64' : 'DOUBLE';
  }

  /** True if most cells are numbers and some are not: the numbers stay numbers. */
  isMostlyNumbers(name: string, mark: DecimalMark): boolean {
    const numbers = this.numbers[mark];
    return numbers < this.count && numbers * 2 > this.count && !this.keepsTexts(name);
  }

  /** Describes the first cell that is no number. */
  oddCell(mark: DecimalMark): string {
    const { cell, line } = this.odd[mark] ?? { cell: '', line: 0 };
    return `${quoted(cell, 40)} in line ${line}`;
  }

  /** True if all cells are numbers whose texts say more: versions, codes. */
  isOfCodes(name: string): boolean {
    return this.count > 0 && this.numbers['.'] === this.count && this.keepsTexts(name);
  }

  /** The parts of the cells that are whole numbers, and times. */
  get shares(): { readonly steps: number; readonly times: number } {
    const { count } = this;
    return count === 0 ? { steps: 0, times: 0 } : { steps: this.wholes / count, times: this.times / count };
  }

  /** True if all cells are seconds since the start, in order. */
  get isElapsed(): boolean {
    return this.count > 0 && this.numbers['.'] === this.count && this.isRelative && this.isAscending;
  }

  private keepsTexts(name: string): boolean {
    return this.padding.isOfCodes || (IDENTIFIERS.test(name) && !this.padding.isExact);
  }

  private noteMark(cell: string): void {
    if (THOUSANDS['.'].test(cell) && !cell.includes('.')) this.marks.unclear++;
    else if (WITH_COMMA.test(cell) || (THOUSANDS[','].test(cell) && cell.includes(','))) this.marks.comma++;
    else if (/\d\.\d|^[+-]?\.\d/.test(cell) && numberOfCell(cell, '.') !== undefined)
      if (!THOUSANDS[','].test(cell)) this.marks.point++;
    if (THOUSANDS['.'].test(cell) || (THOUSANDS[','].test(cell) && cell.includes(',')))
      this.hasThousands = true;
  }

  private noteInteger(cell: string): void {
    if (!this.integers) return;
    const integer = int64Of(cell);
    if (integer === undefined || cell.startsWith('-0')) this.integers = false;
    else if (BigInt.asIntN(53, integer) !== integer) this.isUnsafe = true;
  }

  private noteTime(cell: string): void {
    const number = numberOf(cell);
    if (number === undefined) {
      if (int64Of(cell) !== undefined) this.wholes++;
      if (microsOfIso(cell) !== undefined) this.times++;
      return;
    }
    if (Number.isInteger(number)) this.wholes++;
    if (Math.abs(number) >= FIRST_INSTANT) this.times++;
    else this.isRelative = true;
    if (!(number >= Math.max(0, this.latest))) this.isAscending = false;
    this.latest = Math.max(this.latest, number);
  }
}

/**
 * Tells numbers that a program has padded (`0.50`, `0.25`: one number of decimals or of digits)
 * from texts that would be changed if they were numbers: `1.9` and `1.10`, `007`, 20 digits.
 */
class Padding {
  /** True if writing the numbers gives the texts of all cells back. */
  isExact = true;
  private isPadded = false;
  private isCode = false;
  private readonly decimals = new Set<number>();
  private readonly digits = new Set<number>();

  /** True if the cells are not numbers that were padded. */
  get isOfCodes(): boolean {
    return this.isCode || (this.isPadded && this.decimals.size > 1 && this.digits.size > 1);
  }

  add(cell: string): void {
    const isExact = exactNumberOf(cell) !== undefined;
    if (!isExact) this.isExact = false;
    // No program prints a number as `007` or `1234e5`.
    if (/^[+-]?(?:0\d|\d{2,}e\d)/i.test(cell)) this.isCode = true;
    if (/^[+-]?\d+$/.test(cell) && int64Of(cell) === undefined) this.isCode = true;
    if (!/^[+-]?\d*\.\d+$/.test(cell)) return;
    if (!isExact && cell.endsWith('0')) this.isPadded = true;
    const [whole = '', fraction = ''] = cell.replace(/^[+-]/, '').split('.');
    if (this.decimals.size < 2) this.decimals.add(fraction.length);
    if (this.digits.size < 2) this.digits.add((whole + fraction).replace(/^0+/, '').length);
  }
}
