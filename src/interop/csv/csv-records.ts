import { createReadStream } from 'node:fs';
import { type CsvError, type InfoField, type Options, parse } from 'csv-parse';
import { messageOf } from '../../model/errors.js';
import { nodeFs } from '../../storage/node-fs.js';
import type { Findings } from '../exchange/findings.js';
import { corruptAt } from '../source/source-files.js';
import { type CsvDialect, dialectOf } from './dialect.js';

/**
 * The longest record in characters; a row of one text fits.
 *
 * @bound refuses: CORRUPT, with the line
 */
const MAX_RECORD_LENGTH = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/**
 * A record of a CSV file; a cell is null if there is nothing between the delimiters, `""` is the
 * empty text.
 */
export interface CsvRecord {
  readonly cells: readonly (string | null)[];
  /** The line at which it begins, from 1; empty lines before it are not counted. */
  readonly line: number;
}

/** How to read a file. */
export interface RecordOptions {
  readonly dialect: CsvDialect;
  /** Takes what is not whole, which is left out. */
  readonly findings: Findings;
  /** For a file of ours: wrong quotes and numbers of cells are errors. */
  readonly isOurs?: boolean;
}

/** The way our own files are written. */
export const ourDialect = (path: string): CsvDialect => ({
  ...dialectOf(path, ','),
  encoding: 'utf8',
  lineEnds: ['\r\n', '\n'],
  headerLine: 1,
});

/**
 * Yields the records of a CSV file, the header first; only a few are in memory at a time. A last
 * line without an end is left out: it may be cut off within a number.
 *
 * @throws ExpmanError `CORRUPT` with the line, for a record that is too long and, in files of our
 * own, for wrong quotes and numbers of cells
 */
export async function* recordsIn(path: string, options: RecordOptions): AsyncGenerator<CsvRecord, void> {
  let held: CsvRecord | null = null;
  for await (const record of allRecordsIn(path, options)) {
    if (held !== null) yield held;
    held = record;
  }
  if (held === null) return;
  if (options.dialect.isWhole) yield held;
  else options.findings.add('damaged', `line ${held.line}: ${CUT_OFF}`, CUT_OFF);
}

const CUT_OFF = 'the last line has no end, so it may be cut off';

async function* allRecordsIn(
  path: string,
  { dialect, findings, isOurs = false }: RecordOptions,
): AsyncGenerator<CsvRecord, void> {
  const isAsked = hasQuotedNothing(path, dialect);
  const parser = parse({
    bom: true,
    skip_empty_lines: true,
    delimiter: dialect.delimiter,
    // If detected from the file, a quoted carriage return in its header would be mistaken for one.
    record_delimiter: [...dialect.lineEnds],
    from_line: dialect.headerLine,
    max_record_size: MAX_RECORD_LENGTH,
    ...(!isOurs && LENIENT),
    // Calling back for each cell takes three quarters of the parsing time.
    ...(isAsked && {
      cast: (cell: string, { quoting }: InfoField) => (quoting || cell !== '' ? cell : null),
    }),
  });
  const { encoding } = dialect;
  const source = createReadStream(path, {
    fd: nodeFs.open(path, 'read'),
    ...(encoding !== 'utf8' && { encoding }),
  });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let line: number = dialect.headerLine;
  try {
    for await (const record of parser) {
      const cells = record as readonly (string | null)[];
      yield { cells: isAsked ? cells : cells.map((cell) => (cell === '' ? null : cell)), line };
      line += 1 + newlinesIn(cells);
    }
  } catch (error) {
    if (!isOurs && codeOf(error) === 'CSV_QUOTE_NOT_CLOSED') {
      const what = 'a quote does not end; from there on, nothing was read';
      findings.add('damaged', `line ${line}: ${what}`, what);
      return;
    }
    const at: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'lines') : undefined;
    throw corruptAt(path, messageOf(error), typeof at === 'number' ? at : undefined);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

const LENIENT: Options = { relax_column_count: true, relax_quotes: true };

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null ? (error as Partial<CsvError>).code : undefined;

/** Returns the names in the first record of a CSV file. */
export async function headerIn(path: string, options: RecordOptions): Promise<readonly (string | null)[]> {
  for await (const { cells } of recordsIn(path, options)) return cells;
  return [];
}

/** True if `""` may occur between two delimiters, which is another value than nothing. */
function hasQuotedNothing(path: string, { encoding, delimiter }: CsvDialect): boolean {
  if (encoding === 'utf16le' || !/^[\x20-\x7e\t]$/.test(delimiter)) return true;
  const between = `[${delimiter === '|' ? '|' : delimiter.replace(/[\\\]^-]/, '\\$&')}\\r\\n]`;
  const nothing = new RegExp(`${between}""${between}`);
  const file = nodeFs.open(path, 'read');
  try {
    const bytes = Buffer.alloc(CHUNK_BYTES);
    let before = '\n';
    for (let position = 0; ;) {
      const read = nodeFs.read(file, bytes, position);
      const text = before + (read === 0 ? '\n' : bytes.toString('latin1', 0, read));
      if (nothing.test(text)) return true;
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
