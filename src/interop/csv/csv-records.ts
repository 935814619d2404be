import { createReadStream } from 'node:fs';
import { type InfoField, parse } from 'csv-parse';
import { messageOf } from '../../model/errors.js';
import { nodeFs } from '../../storage/node-fs.js';
import { corruptAt } from '../source/source-files.js';

/**
 * The longest record in characters; a row of one text fits.
 *
 * @bound refuses: CORRUPT, with the line
 */
const MAX_RECORD_LENGTH = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/**
 * A record of a CSV file; a cell is null if there is nothing between the commas, `""` is the empty
 * text.
 */
export interface CsvRecord {
  readonly cells: readonly (string | null)[];
  /** The line at which it begins, from 1; empty lines before it are not counted. */
  readonly line: number;
}

/**
 * Yields the records of a CSV file, the header first; only a few are in memory at a time.
 *
 * @throws ExpmanError `CORRUPT` with the line, for wrong quotes or numbers of cells
 */
export async function* recordsIn(path: string): AsyncGenerator<CsvRecord, void> {
  const isAsked = hasQuotedNothing(path);
  const parser = parse({
    bom: true,
    skip_empty_lines: true,
    // If detected from the file, a quoted carriage return in its header would be mistaken for one.
    record_delimiter: ['\r\n', '\n'],
    max_record_size: MAX_RECORD_LENGTH,
    // Calling back for each cell takes three quarters of the parsing time.
    ...(isAsked && {
      cast: (cell: string, { quoting }: InfoField) => (quoting || cell !== '' ? cell : null),
    }),
  });
  const source = createReadStream(path, { fd: nodeFs.open(path, 'read') });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let line = 1;
  try {
    for await (const record of parser) {
      const cells = record as readonly (string | null)[];
      yield { cells: isAsked ? cells : cells.map((cell) => (cell === '' ? null : cell)), line };
      line += 1 + newlinesIn(cells);
    }
  } catch (error) {
    const at: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'lines') : undefined;
    throw corruptAt(path, messageOf(error), typeof at === 'number' ? at : undefined);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/** Returns the names in the first record of a CSV file. */
export async function headerIn(path: string): Promise<readonly (string | null)[]> {
  for await (const { cells } of recordsIn(path)) return cells;
  return [];
}

/** True if `""` may occur between two commas, which is another value than nothing. */
function hasQuotedNothing(path: string): boolean {
  const file = nodeFs.open(path, 'read');
  try {
    const bytes = Buffer.alloc(CHUNK_BYTES);
    let before = '\n';
    for (let position = 0; ;) {
      const read = nodeFs.read(file, bytes, position);
      const text = before + (read === 0 ? '\n' : bytes.toString('latin1', 0, read));
      if (/[,\n]""[,\r\n]/.test(text)) return true;
      if (read === 0) return false;
      // @bound loses nothing: what a pattern of four characters may begin with at the end of a
      // chunk
      before = text.slice(-3);
      position += read;
    }
  } finally {
    nodeFs.close(file);
  }
}

function newlinesIn(cells: readonly (string | null)[]): number {
  let count = 0;
  for (const cell of cells)
    for (let at = cell?.indexOf('\n') ?? -1; at >= 0; at = cell?.indexOf('\n', at + 1) ?? -1) count++;
  return count;
}
