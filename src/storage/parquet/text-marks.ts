import { bitAt, bitmapBytes, setBit } from '../../columnar/bitmap.js';
import type { TextColumn } from '../../columnar/column.js';
import { isAlike } from '../../columnar/text-cells.js';
import { corrupt } from './corrupt.js';

/** The entry in a chunk's own metadata that holds its marks. */
export const MARKS_KEY = 'expman.texts';
const BITS = 'bits:';

/**
 * Lists the cells of a text column that look like numbers or booleans but were logged as text; null
 * if there are none or that is unknown.
 *
 * Only such cells are counted: a column of numbers and the text `'n/a'` needs no marks. They are
 * run lengths, numbers first (`3,1,2`: three numbers, a text, two numbers), or, if that is shorter,
 * `bits:` and a bitmap in base64 in which a text is 1: in the worst case a sixth of a byte per
 * cell.
 */
export function marksOf(column: TextColumn): string | null {
  const { length, validity, numeric } = column;
  if (numeric === 'alike') return null;
  const bits = new Uint8Array(bitmapBytes(length));
  const runs = [0];
  let cells = 0;
  for (let row = 0; row < length; row++) {
    if (validity !== null && !bitAt(validity, row)) continue;
    // The text of a number looks like one.
    const isText = numeric === undefined || !bitAt(numeric, row);
    if (isText && !isAlike(column, row)) continue;
    if (isText) setBit(bits, cells);
    if (isText === (runs.length % 2 === 0)) runs.push((runs.pop() ?? 0) + 1);
    else runs.push(1);
    cells++;
  }
  if (runs.length === 1) return null;
  const asRuns = runs.join(',');
  const asBits = BITS + Buffer.from(bits.subarray(0, bitmapBytes(cells))).toString('base64');
  return asRuns.length <= asBits.length ? asRuns : asBits;
}

/**
 * Adds to a text column which of its cells are numbers, by the marks of its chunk; without marks,
 * every cell that looks like a number is one.
 *
 * @throws ExpmanError `CORRUPT` for marks that do not fit the cells
 */
export function withMarks(column: TextColumn, marks: string | null): TextColumn {
  if (marks === null) return { ...column, numeric: 'alike' };
  const { length, validity } = column;
  const isText = marks.startsWith(BITS) ? bitMarks(marks) : runMarks(marks);
  const numeric = new Uint8Array(bitmapBytes(length));
  let cells = 0;
  for (let row = 0; row < length; row++) {
    if ((validity !== null && !bitAt(validity, row)) || !isAlike(column, row)) continue;
    if (!isText(cells++)) setBit(numeric, row);
  }
  return { ...column, numeric };
}

/** Tells, for one cell after another, if it is a text. */
type Marks = (cell: number) => boolean;

function bitMarks(marks: string): Marks {
  const bits = Buffer.from(marks.slice(BITS.length), 'base64');
  return (cell) => {
    if (cell >= bits.length * 8) throw misfit();
    return bitAt(bits, cell);
  };
}

function runMarks(marks: string): Marks {
  const runs = marks.split(',').map(Number);
  if (!runs.every((run) => Number.isSafeInteger(run) && run >= 0)) throw misfit();
  let place = 0;
  let end = runs[0] ?? 0;
  return (cell) => {
    while (cell >= end) {
      const run = runs[++place];
      if (run === undefined) throw misfit();
      end += run;
    }
    return place % 2 === 1;
  };
}

const misfit = (): Error => corrupt('the marks of a text column do not fit its cells');
