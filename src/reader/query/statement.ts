import { ExpmanError } from '../../model/errors.js';
import { cut } from '../../model/printable.js';
import { type SqlWord, wordsIn } from './sql-text.js';

/**
 * The longest SQL that is run, in characters.
 *
 * @bound refuses: INVALID_QUERY
 */
const MAX_SQL_LENGTH = 64 * 1024;

const READING: ReadonlySet<string> = new Set([
  'select',
  'with',
  'from',
  'values',
  'table',
  'describe',
  'summarize',
  'show',
  'explain',
  'pivot',
  'unpivot',
]);

/**
 * Functions in FROM that only use their arguments, or describe the database itself. No others may
 * be called, including those of later versions: they read files or run SQL of their own, and
 * `enable_logging` to a file that may not be written ends the process.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  'unnest',
  'range',
  'generate_series',
  'repeat',
  'repeat_row',
  'summary',
  'histogram',
  'histogram_values',
  'json_each',
  'json_tree',
  'duckdb_columns',
  'duckdb_functions',
  'duckdb_keywords',
  'duckdb_tables',
  'duckdb_types',
  'duckdb_views',
  'icu_calendar_names',
  'pg_timezone_names',
  'pragma_show',
  'pragma_table_info',
]);

/**
 * Checks that SQL may be a read-only statement, before the database sees it; returns the names in
 * it.
 *
 * @param tableFunctions the functions that can be used in FROM
 * @throws ExpmanError `INVALID_QUERY`
 */
export function checkedWords(sql: string, tableFunctions: ReadonlySet<string>): ReadonlySet<string> {
  if (sql.length > MAX_SQL_LENGTH)
    throw invalidQuery(`a query may have at most ${MAX_SQL_LENGTH} characters`);
  if (sql.includes('\0')) throw invalidQuery('a query must not contain a NUL character');
  const words = wordsIn(sql);
  const first = statementWord(words);
  if (first === undefined || !READING.has(first))
    throw invalidQuery(
      `only read-only statements are allowed: SELECT, WITH, FROM, DESCRIBE, SUMMARIZE, EXPLAIN; not ${cut((first ?? 'nothing').toUpperCase(), 40)}`,
    );
  const forbidden = words.find(
    ({ name, isCalled }) => isCalled && tableFunctions.has(name) && !HARMLESS.has(name),
  );
  if (forbidden !== undefined)
    throw invalidQuery(`the function ${forbidden.name} cannot be called: a query can only read the runs`);
  return new Set(words.map(({ name }) => name));
}

/** Returns the keyword of a statement; for EXPLAIN, that of the explained statement. */
function statementWord(words: readonly SqlWord[]): string | undefined {
  const said = words.find(({ name }) => !['explain', 'analyze', 'format', 'json', 'text'].includes(name));
  return words[0]?.name === 'explain' ? said?.name : words[0]?.name;
}

/** Makes the error for SQL that is not run, or that the database rejects. */
export function invalidQuery(why: string, cause?: unknown): ExpmanError {
  return new ExpmanError('INVALID_QUERY', why, { cause });
}
