import { isUtf8 } from 'node:buffer';
import { beginningOf, endOf } from '../source/source-files.js';

/** How a text file of cells is written. */
export interface CsvDialect {
  readonly encoding: 'utf8' | 'utf16le' | 'latin1';
  readonly delimiter: string;
  readonly lineEnds: readonly string[];
  /** The line of the header, from 1: a line `sep=;` may come before it. */
  readonly headerLine: 1 | 2;
  /** False if the last line has no end, so that it may be cut off. */
  readonly isWhole: boolean;
}

/** Enough for a header of thousands of columns and some rows. */
const LOOKED_AT = 256 * 1024;
const DELIMITERS = [',', ';', '\t', '|'];
/**
 * The records that are counted when a delimiter is looked for.
 *
 * @bound loses nothing: all records are read with the delimiter that is found
 */
const RECORDS = 20;

/** Finds out how a file of any writer is written, from its beginning and its last bytes. */
export function dialectOf(path: string, given?: string): CsvDialect {
  const bytes = beginningOf(path, LOOKED_AT);
  const encoding = encodingOf(bytes);
  const text = bytes.toString(encoding).replace(/^\ufeff/, '');
  const bare = withoutQuoted(text);
  const lineEnds = bare.includes('\n') || !bare.includes('\r') ? ['\r\n', '\n'] : ['\r'];
  const [, said] = /^sep=(.)(?:[\r\n]|$)/i.exec(text) ?? [];
  const lines = bare.split(lineEnds.length === 1 ? '\r' : /\r?\n/).slice(said === undefined ? 0 : 1);
  const last = endOf(path, encoding === 'utf16le' ? 2 : 1).toString(encoding);
  return {
    encoding,
    delimiter: given === 'tab' ? '\t' : (given ?? said ?? delimiterOf(lines.filter((line) => line !== ''))),
    lineEnds,
    headerLine: said === undefined ? 1 : 2,
    isWhole: last === '' || last === '\n' || (lineEnds.length === 1 && last === '\r'),
  };
}

function encodingOf(bytes: Buffer): CsvDialect['encoding'] {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf16le';
  // The last character may be cut off.
  const isText = [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, bytes.length - cut)));
  return isText ? 'utf8' : 'latin1';
}

/** What is between quotes may hold anything. */
const withoutQuoted = (text: string): string => text.replace(/"(?:[^"]|"")*"/g, '""');

/** The delimiter of the header that divides the records below into as many cells, else a comma. */
function delimiterOf([header = '', ...records]: readonly string[]): string {
  const some = records.slice(0, RECORDS);
  let best = { delimiter: ',', score: 0 };
  for (const delimiter of DELIMITERS) {
    const cells = header.split(delimiter).length;
    if (cells < 2) continue;
    const fitting = some.filter((record) => record.split(delimiter).length === cells).length;
    const score = (some.length === 0 ? 0 : fitting / some.length) * 1000 + cells / 1000;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}
