import { isMissing } from '../exchange/missing-words.js';
import { numberOf, textOfCell } from './cells.js';
import { type RecordOptions, recordsIn } from './csv-records.js';

/** The cells of a record, by the columns of {@link columnsOf}. */
export interface Piece {
  readonly cells: readonly (string | null)[];
  readonly line: number;
}

/**
 * Returns the names of the columns of a file of any writer: those of its header and, after them,
 * those that only a later header has.
 */
export async function columnsOf(path: string, options: RecordOptions): Promise<readonly string[]> {
  const columns = new Columns(options);
  for await (const record of recordsIn(path, options)) columns.pieceOf(record);
  return columns.names;
}

/**
 * Yields the records of a file of any writer below its header. A further header, as a logger leaves
 * it that was started again, is left out: the cells below it are in the order that it says. A
 * record with more cells than the header is left out, one with fewer lacks the last.
 */
export async function* piecesOf(path: string, options: RecordOptions): AsyncGenerator<Piece, void> {
  const columns = new Columns(options);
  for await (const record of recordsIn(path, options)) {
    const piece = columns.pieceOf(record);
    if (piece !== null) yield piece;
  }
}

class Columns {
  readonly names: string[] = [];
  /** The place of each cell of a record among all columns. */
  private places: readonly number[] | null = null;
  private readonly counts = { long: 0, short: 0, headers: 0 };

  constructor(private readonly options: RecordOptions) {}

  pieceOf({ cells, line }: Piece): Piece | null {
    const { findings } = this.options;
    const { places } = this;
    if (places === null) {
      this.places = this.placed(cells);
      return null;
    }
    if (this.isHeader(cells)) {
      this.places = this.placed(cells);
      findings.add('guessed', this.told('headers', line, 'is another header'), 'headers');
      return null;
    }
    const width = cells.findLastIndex((cell) => cell !== null) + 1;
    if (width > places.length) {
      const what = `has ${cells.length} cells and the header ${places.length}`;
      findings.add('damaged', this.told('long', line, what), 'long');
      return null;
    }
    if (cells.length < places.length) {
      const what = `has ${cells.length} cells and the header ${places.length}; the others are missing`;
      findings.add('guessed', this.told('short', line, what), 'short');
    }
    const all = new Array<string | null>(this.names.length).fill(null);
    places.forEach((place, at) => (all[place] = cells[at] ?? null));
    return { cells: all, line };
  }

  /** Finds the places of the names of a header; a name that is new gets one. */
  private placed(cells: readonly (string | null)[]): number[] {
    const free = new Map<string, number[]>();
    this.names.forEach((name, at) => free.set(name, [...(free.get(name) ?? []), at]));
    return cells.map((cell) => {
      const name = nameOf(cell);
      return free.get(name)?.shift() ?? this.names.push(name) - 1;
    });
  }

  /** True for a record of names, most of which are known: none is a number or missing. */
  private isHeader(cells: readonly (string | null)[]): boolean {
    const names = cells.map(nameOf);
    if (names.join('\n') === this.names.join('\n')) return true;
    if (names.length < 2 || names[0] !== this.names[0]) return false;
    if (cells.some((cell) => isMissing(nameOf(cell)) || numberOf(nameOf(cell)) !== undefined)) return false;
    return names.filter((name) => this.names.includes(name)).length * 2 > names.length;
  }

  private told(count: 'long' | 'short' | 'headers', line: number, what: string): string {
    const number = ++this.counts[count];
    return number === 1 ? `line ${line} ${what}` : `${number} lines; the last of them, line ${line}, ${what}`;
  }
}

const nameOf = (cell: string | null): string => textOfCell(cell ?? '').trim();
