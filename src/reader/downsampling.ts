import { bitAt } from '../columnar/bitmap.js';
import type { NamedColumn } from '../columnar/record-batch.js';
import { numberColumn } from '../columnar/column-values.js';

/** The numbers of one metric, by row. */
interface Numbers {
  readonly values: ArrayLike<number | bigint>;
  /** True if a row has a value of this metric; other values are meaningless. */
  readonly has: (row: number) => boolean;
}

/** The rows of one stretch that are kept for one metric; -1 for a kind without a row. */
interface Kept {
  least: number;
  greatest: number;
  nan: number;
  infinity: number;
  minusInfinity: number;
}

/**
 * Chooses at most `limit` rows: the first and the last, and from each of equally long stretches,
 * for each metric, the rows of its least and greatest finite number, of one NaN and of one infinity
 * of either sign, if it has them. At least one stretch is kept, whatever the limit. Returns the
 * rows in ascending order.
 */
export function chooseRows(metrics: readonly NamedColumn[], length: number, limit: number): Int32Array {
  const all = metrics.flatMap((column) => numbersIn(column) ?? []);
  const perStretch = all.reduce((sum, numbers) => sum + rowsOf(keptOf(numbers, 0, length)).length, 0);
  const stretches = Math.max(1, Math.floor((limit - 2) / Math.max(1, perStretch)));
  // A Set is limited to 16.7 million entries.
  const isKept = new Uint8Array(length);
  const keep = (row: number): void => void (isKept[row] = 1);
  keep(0);
  keep(length - 1);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * length) / stretches);
    const to = Math.floor(((stretch + 1) * length) / stretches);
    if (perStretch === 0) keep(from);
    for (const numbers of all) rowsOf(keptOf(numbers, from, to)).forEach(keep);
  }
  const rows = new Int32Array(isKept.reduce((sum, kept) => sum + kept, 0));
  let at = 0;
  for (let row = 0; row < length; row++) if (isKept[row] === 1) rows[at++] = row;
  return rows;
}

const rowsOf = ({ least, greatest, nan, infinity, minusInfinity }: Kept): number[] =>
  [least, greatest, nan, infinity, minusInfinity].filter((row) => row >= 0);

/** Finds the first row of each kind between two rows. */
function keptOf({ values, has }: Numbers, from: number, to: number): Kept {
  const kept = { least: -1, greatest: -1, nan: -1, infinity: -1, minusInfinity: -1 };
  let [least, greatest]: [number | bigint, number | bigint] = [Infinity, -Infinity];
  for (let row = from; row < to; row++) {
    if (!has(row)) continue;
    const value = values[row] ?? NaN;
    if (value !== value) kept.nan = kept.nan < 0 ? row : kept.nan;
    else if (value === Infinity) kept.infinity = kept.infinity < 0 ? row : kept.infinity;
    else if (value === -Infinity) kept.minusInfinity = kept.minusInfinity < 0 ? row : kept.minusInfinity;
    else {
      if (value < least) [least, kept.least] = [value, row];
      if (value > greatest) [greatest, kept.greatest] = [value, row];
    }
  }
  return kept;
}

/**
 * Returns the numbers of a column. Booleans count as 0 and 1, and texts that are numbers count too:
 * a column widens to text when a text is logged.
 */
function numbersIn(column: NamedColumn): Numbers | null {
  const { validity, length } = column;
  const hasValue = (row: number): boolean => validity === null || bitAt(validity, row);
  switch (column.type) {
    case 'DOUBLE':
    case 'INT64':
    case 'TIMESTAMP':
      return { values: column.values, has: hasValue };
    case 'BOOLEAN': {
      const { values } = column;
      return { values: Uint8Array.from({ length }, (_, row) => Number(bitAt(values, row))), has: hasValue };
    }
    case 'UTF8': {
      const numbers = numberColumn(column);
      if (numbers === null) return null;
      const { values, validity: isNumber } = numbers;
      return { values, has: (row) => isNumber === null || bitAt(isNumber, row) };
    }
    default:
      return column satisfies never;
  }
}
