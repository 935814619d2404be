import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { messageOf } from '../../model/errors.js';
import { nodeFs } from '../../storage/node-fs.js';
import { corruptAt } from '../source-files.js';

/** A row of one text takes at most so many characters. */
const MAX_RECORD_LENGTH = 64 * 1024 * 1024;

/** A record of a CSV file; a cell is null where nothing stands between the commas, `""` is the empty text. */
export interface CsvRecord {
  readonly cells: readonly (string | null)[];
  /** Where it ends, from 1. */
  readonly line: number;
}

/**
 * The records of a CSV file, its header first; memory holds few of them at a time.
 *
 * @throws ExpmanError `CORRUPT` with the line, for quotes or counts of cells that are wrong
 */
export async function* recordsIn(path: string): AsyncGenerator<CsvRecord, void> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    // Found out from the file, a quoted return in its header would be taken for one.
    record_delimiter: ['\r\n', '\n'],
    max_record_size: MAX_RECORD_LENGTH,
    cast: (cell, { quoting }) => (cell === '' && !quoting ? null : cell),
  });
  const source = createReadStream(path, { fd: nodeFs.open(path, 'read') });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const item of parser) {
      const { record, info } = item as { record: (string | null)[]; info: { lines: number } };
      yield { cells: record, line: info.lines };
    }
  } catch (error) {
    const line: unknown =
      typeof error === 'object' && error !== null ? Reflect.get(error, 'lines') : undefined;
    throw corruptAt(path, messageOf(error), typeof line === 'number' ? line : undefined);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/** The names in the first record of a CSV file. */
export async function headerIn(path: string): Promise<readonly (string | null)[]> {
  for await (const { cells } of recordsIn(path)) return cells;
  return [];
}
