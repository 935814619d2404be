import { cellTextOf, valueOfCellText } from '../../columnar/text-cells.js';
import type { MetricValue } from '../../model/metric.js';
import type { MetricType } from '../exchange/metric-fields.js';

// What a spreadsheet would run as a formula, in its full-width forms too.
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_FINITE = /^([+-]?)(?:(nan)|inf(?:inity)?)$/i;
const INTEGER = /^[+-]?\d{1,19}$/;
const TRUTH = /^(?:true|false)$/i;
/** What tools write where they have no number. */
const NO_NUMBER = /^(?:#?n\/?a|null|none|missing|-{1,3}|\.)$/i;

/** A text as a cell: in front of one that a spreadsheet would take for a formula there is a `'`. */
export const cellOfText = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** The text that {@link cellOfText} was given. */
export const textOfCell = (cell: string): string =>
  cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;

/** A value as a cell. */
export function cellOf(value: MetricValue): string {
  if (typeof value === 'string') return cellOfText(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * A value as a cell of a column that holds texts and numbers or booleans: in front of a text that could be taken for one of those there is
 * a `'`, as in front of one that could be taken for a formula.
 */
export function cellOfMixed(value: MetricValue): string {
  if (typeof value !== 'string') return cellTextOf(value);
  return isQuotable(value) ? `'${value}` : value;
}

/** What {@link cellOfMixed} was given. */
export function valueOfMixedCell(cell: string): MetricValue {
  if (cell.startsWith("'") && isQuotable(cell)) return cell.slice(1);
  return valueOfCellText(cell) ?? cell;
}

const isQuotable = (text: string): boolean =>
  FORMULA.test(text) || valueOfCellText(text.replace(/^'+/, '')) !== undefined;

/** The value in a cell of a column of that type; undefined for anything else. */
export function valueOfCell(cell: string, type: MetricType): MetricValue | undefined {
  switch (type) {
    case 'DOUBLE':
      return numberOf(cell);
    case 'INT64':
      return int64Of(cell);
    case 'BOOLEAN':
      return TRUTH.test(cell) ? cell.toLowerCase() === 'true' : undefined;
    case 'UTF8':
      return textOfCell(cell);
    default:
      return type satisfies never;
  }
}

/** A number as most tools write it, `nan` and `-inf` too. */
export function numberOf(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  const [, sign, nan] = NOT_FINITE.exec(text) ?? [];
  if (sign === undefined) return undefined;
  if (nan !== undefined) return NaN;
  return sign === '-' ? -Infinity : Infinity;
}

function int64Of(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Finds the narrowest type that all cells of a column are of. */
export class CellTypes {
  private seen = false;
  private gaps = false;
  private numbers = true;
  private integers = true;
  private truths = true;
  private unsafe = false;

  add(cell: string): void {
    if (NO_NUMBER.test(cell)) {
      this.gaps = true;
      return;
    }
    this.seen = true;
    if (this.truths && !TRUTH.test(cell)) this.truths = false;
    if (this.numbers && numberOf(cell) === undefined) this.numbers = false;
    if (!this.integers) return;
    const integer = int64Of(cell);
    if (integer === undefined || cell.startsWith('-0')) this.integers = false;
    else if (BigInt.asIntN(53, integer) !== integer) this.unsafe = true;
  }

  /** Null for a column without a value. Whole numbers are doubles unless one is beyond 2^53. */
  get type(): MetricType | null {
    if (this.gaps) return 'UTF8';
    if (!this.seen) return null;
    if (this.truths) return 'BOOLEAN';
    if (!this.numbers) return 'UTF8';
    return this.integers && this.unsafe ? 'INT64' : 'DOUBLE';
  }

  /** Whether all that makes it text are words such as `N/A` among numbers, which stay numbers. */
  get hasNumbers(): boolean {
    return this.gaps && this.seen && this.numbers;
  }
}
