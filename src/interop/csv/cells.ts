import { cellTextOf, valueOfCellText } from '../../columnar/text-cells.js';
import type { MetricValue } from '../../model/metric.js';
import type { MetricType } from '../exchange/metric-fields.js';

// Text that a spreadsheet would run as a formula, including its full-width forms.
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_FINITE = /^([+-]?)(?:(nan)|inf(?:inity)?)$/i;
const INTEGER = /^[+-]?\d{1,19}$/;
/** A cell that is a truth value. */
export const TRUTH = /^(?:true|false)$/i;

/** Writes a text as a cell, with a leading `'` if a spreadsheet would treat it as a formula. */
export const cellOfText = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** Returns the text of such a cell. */
export const textOfCell = (cell: string): string =>
  cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;

/** Writes a value as a cell. */
export function cellOf(value: MetricValue): string {
  if (typeof value === 'string') return cellOfText(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * Writes a value as a cell of a column that holds texts and numbers or booleans: a text that could
 * be mistaken for one of those gets a leading `'`, like one that could be mistaken for a formula.
 */
export function cellOfMixed(value: MetricValue): string {
  if (typeof value !== 'string') return cellTextOf(value);
  return isQuotable(value) ? `'${value}` : value;
}

/** Returns the value of a cell written by {@link cellOfMixed}. */
export function valueOfMixedCell(cell: string): MetricValue {
  if (cell.startsWith("'") && isQuotable(cell)) return cell.slice(1);
  return valueOfCellText(cell) ?? cell;
}

const isQuotable = (text: string): boolean =>
  FORMULA.test(text) || valueOfCellText(text.replace(/^'+/, '')) !== undefined;

/** Parses a cell of a column of that type; undefined if it is not valid. */
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

/** Parses a number as most tools write it, including `nan` and `-inf`. */
export function numberOf(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  const [, sign, nan] = NOT_FINITE.exec(text) ?? [];
  if (sign === undefined) return undefined;
  if (nan !== undefined) return NaN;
  return sign === '-' ? -Infinity : Infinity;
}

/** Parses an integer of up to 64 bits. */
export function int64Of(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
