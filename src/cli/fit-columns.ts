/** Spaces between two columns. */
export const GAP = 2;
/** The width to which the last column, the longest, is cut before any other is. */
const MIN_LAST = 10;
/** The width below which no other column is cut. */
const MIN_WIDTH = 16;

/**
 * The layout of a table that fits a width: column widths, and the columns that stand side by side.
 */
export interface FittedColumns {
  readonly widths: readonly number[];
  /** Column numbers; each block of a table that does not fit starts with the first column. */
  readonly blocks: readonly (readonly number[])[];
}

/**
 * Cuts the columns of a table so that they fit side by side; if they cannot, splits them into
 * blocks.
 */
export function fitColumns(natural: readonly number[], room: number): FittedColumns {
  const all = natural.map((_, column) => column);
  const fits = (widths: readonly number[]): boolean => totalOf(widths) <= room;
  const last = Math.max(MIN_LAST, room - totalOf(natural.slice(0, -1)) - GAP);
  for (let cap = Math.min(room, Math.max(0, ...natural)); cap >= MIN_WIDTH; cap--) {
    const widths = natural.map((width, at) => Math.min(width, at === natural.length - 1 ? last : cap));
    if (fits(widths)) return { widths, blocks: [all] };
  }
  if (fits(natural)) return { widths: natural, blocks: [all] };
  const widths = natural.map((width) => Math.min(width, Math.max(MIN_WIDTH, Math.floor(room / 2) - GAP)));
  return { widths, blocks: blocksOf(widths, room) };
}

function blocksOf([first = 0, ...others]: readonly number[], room: number): number[][] {
  const blocks: number[][] = [];
  let left = -1;
  others.forEach((width, at) => {
    left -= width + GAP;
    if (left < 0) {
      blocks.push([0]);
      left = room - first - GAP - width;
    }
    blocks.at(-1)?.push(at + 1);
  });
  return blocks.length === 0 ? [[0]] : blocks;
}

const totalOf = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + GAP, -GAP);
