import { beginningOf, kindAt } from './source-files.js';
import { isSqlite } from './sqlite-image.js';

/** The definitions of tables are in the first pages of a database, or of its log. */
const LOOKED_AT = 4 * 1024 * 1024;

/**
 * True for a database of SQLite in whose beginning all those words are, such as names of tables and
 * columns: it can be told whose it is without a library.
 */
export function hasSqliteWords(path: string, words: readonly string[]): boolean {
  if (!isSqlite(path)) return false;
  const log = `${path}-wal`;
  const text = [path, ...(kindAt(log) === 'file' ? [log] : [])]
    .map((file) => beginningOf(file, LOOKED_AT).toString('latin1'))
    .join('\n');
  return words.every((word) => text.includes(word));
}
