import { join } from 'node:path';
import { ExpmanError, codeOf, messageOf } from '../../model/errors.js';
import { MAX_TABLE_ROWS, MEDIA_FOLDER } from '../../model/media.js';
import { readWhole } from '../../storage/atomic-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { throwProcessFault } from '../process-fault.js';
import { type LoggedMedia, manifestOf, mediaProblem } from '../read-media.js';
import { type Skipped, skippedFor } from './facts-source.js';
import { TableProblems } from './table-problems.js';

/** A table that a run has logged. */
export interface LoggedTable {
  readonly media: LoggedMedia;
  /** One is in memory at a time: read them before the next table. */
  readonly rows: Iterable<TableRow>;
}

/** A row of a table. */
export interface TableRow {
  /** Counted from 0. */
  readonly row: number;
  /** A JSON object whose values are texts, numbers, booleans and null. */
  readonly data: string;
}

/**
 * The most bytes of one run's tables that are read, which bounds the time and the temporary file
 * that a run can cost a query.
 *
 * @bound tells: skipped says that older tables were left out; specs/reader/query/tables.spec.ts
 * "reads the newest tables of a run that has logged more than it reads, and says so"
 */
const MAX_RUN_BYTES = 256 * 1024 * 1024;
const NEWLINE = 0x0a;
// In this order: a pair of surrogates, half of one, any other escape.
const ESCAPE = /\\(?:ud[89ab][\da-f]{2}\\ud[c-f][\da-f]{2}|(ud[89a-f][\da-f]{2})|.)/gi;

/**
 * Reads the tables of a run in the order they were logged, one at a time; what cannot be read is
 * left out and reported in `skipped`.
 *
 * @throws ExpmanError `IO` for errors that are not the fault of the run
 */
export function* loggedTables(fs: FsPort, runDir: string, skipped: Skipped[]): Generator<LoggedTable> {
  const problems = new TableProblems();
  for (const media of readableTables(fs, tablesOf(fs, runDir, skipped), problems)) {
    let bytes: Buffer;
    try {
      bytes = readWhole(fs, media.path, media.bytes);
    } catch (error) {
      throwProcessFault(error);
      problems.add('unreadable', codeOf(error, 'CORRUPT'), messageOf(error));
      continue;
    }
    yield { media, rows: rowsIn(bytes, media.path, problems) };
  }
  skipped.push(...problems.of(runDir));
}

/** Lists the tables whose files are as they were logged; of more than can be read, the newest. */
function readableTables(fs: FsPort, tables: readonly LoggedMedia[], problems: TableProblems): LoggedMedia[] {
  const readable: LoggedMedia[] = [];
  let room = MAX_RUN_BYTES;
  for (const media of [...tables].reverse()) {
    const problem = mediaProblem(fs.stat(media.path), media);
    if (problem !== null) problems.add('unreadable', 'CORRUPT', `${media.path} ${problem}`);
    else if (media.bytes > room)
      problems.add(
        'too much',
        'TOO_LARGE',
        `${media.path} was left out: at most ${MAX_RUN_BYTES} bytes of a run's tables are read, the newest first`,
      );
    else {
      room -= media.bytes;
      readable.push(media);
    }
  }
  return readable.reverse();
}

function tablesOf(fs: FsPort, runDir: string, skipped: Skipped[]): LoggedMedia[] {
  const folder = join(runDir, MEDIA_FOLDER);
  try {
    const kind = fs.stat(folder)?.kind ?? 'folder';
    if (kind !== 'folder') throw new ExpmanError('CORRUPT', `${folder} is not a folder`, { path: folder });
    return manifestOf(fs, runDir).flatMap(({ media }) => (media?.kind === 'table' ? [media] : []));
  } catch (error) {
    throwProcessFault(error);
    skipped.push(skippedFor(runDir, error));
    return [];
  }
}

function* rowsIn(bytes: Buffer, path: string, problems: TableProblems): Generator<TableRow> {
  let start = 0;
  for (let row = 0; start < bytes.length; row++) {
    if (row === MAX_TABLE_ROWS) {
      problems.add('too long', 'TOO_LARGE', `only the first ${MAX_TABLE_ROWS} rows of ${path} were read`);
      return;
    }
    const found = bytes.indexOf(NEWLINE, start);
    const end = found < 0 ? bytes.length : found;
    const data = rowOf(bytes.toString('utf8', start, end));
    start = end + 1;
    if (data === null)
      problems.add(
        'no row',
        'CORRUPT',
        `line ${row + 1} of ${path} is not a row of a table, and was left out`,
      );
    else yield { row, data };
  }
}

/**
 * Returns a line as the database can read it; null if it is not a row as `run.logTable` writes one.
 *
 * Half a surrogate pair, which the database takes for an error, becomes the replacement character.
 * A nested value is refused: the database's functions are recursive, and one that is nested 100,000
 * levels deep ended the process.
 */
function rowOf(line: string): string | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    if (Object.values(value).some((cell) => typeof cell === 'object' && cell !== null)) return null;
  } catch {
    return null;
  }
  return line.replace(ESCAPE, (escape, half?: string) => (half === undefined ? escape : '\\ufffd'));
}
