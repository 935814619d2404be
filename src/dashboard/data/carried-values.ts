import { bitAt } from '../../columnar/bitmap.js';
import type { Column } from '../../columnar/column.js';
import { numberColumn } from '../../columnar/column-values.js';

/**
 * The values of a metric along all rows, batch by batch: a row without one has the latest finite
 * value that was logged before it, or NaN without one.
 */
export class CarriedValues {
  private latest = NaN;

  /** Returns the values of the next rows; the column is undefined if none of them has the metric. */
  next(column: Column | undefined, length: number): Float64Array {
    const numbers = column === undefined ? null : numberColumn(column);
    if (numbers === null) return new Float64Array(length).fill(this.latest);
    const { values, validity } = numbers;
    for (let row = 0; row < length; row++) {
      if (validity !== null && !bitAt(validity, row)) values[row] = this.latest;
      else if (Number.isFinite(values[row])) this.latest = values[row] ?? NaN;
    }
    return values;
  }
}
