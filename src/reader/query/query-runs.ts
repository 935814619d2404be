import { availableParallelism } from 'node:os';
import { ExpmanError, isMistake, messageOf } from '../../model/errors.js';
import { integer, milliseconds, resolvePath, string, withMethods } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';
import { nodeFs } from '../../storage/node-fs.js';
import { listRuns } from '../run-index.js';
import { isTooLong } from './bounded-text.js';
import { type Answer, Database } from './duckdb.js';
import { type FactsSource, type Skipped, listedSource } from './facts-source.js';
import { checkedWords, invalidQuery } from './statement.js';
import { TempFolder } from './temp-folder.js';
import { Views } from './views.js';

/** Options of {@link queryRuns}. */
export interface QueryOptions {
  /**
   * The longest time the database may take, in milliseconds, from 1 to 2,147,483,647; default
   * 60,000.
   */
  readonly timeoutMs?: number | undefined;
  /** The maximum number of rows to return; default 1,000,000. */
  readonly maxRows?: number | undefined;
  /** The most memory the database may use, in DuckDB's notation; default `1GB`. */
  readonly memoryLimit?: string | undefined;
  /** The facts of the runs, if they are known already; by default they are read from the folder. */
  readonly source?: FactsSource | undefined;
}

const OPTIONS = optionsTable<QueryOptions>()({
  timeoutMs: milliseconds().byDefault(60_000),
  maxRows: integer(0).byDefault(1_000_000),
  memoryLimit: string().inWords("a size in DuckDB's notation, such as '1GB'").byDefault('1GB'),
  source: withMethods<FactsSource>('a source of facts', 'runs', 'skipped').orNull(),
});

/** A column of an answer. */
export interface QueryColumn {
  readonly name: string;
  /** The type as DuckDB calls it: `DOUBLE`, `VARCHAR[]`. */
  readonly type: string;
}

/** The answer to a query. */
export interface QueryResult {
  readonly columns: readonly QueryColumn[];
  /**
   * Rows as arrays: 64-bit integers are bigints, timestamps ISO text, lists arrays, structs
   * objects.
   */
  readonly rows: readonly (readonly unknown[])[];
  /** True if there were more than `maxRows` rows. */
  readonly truncated: boolean;
  /** Runs and files that could not be read, and why; they are missing from the answer. */
  readonly skipped: readonly Skipped[];
}

/**
 * The answer to a query, with rows that are read on demand. Its database is closed when all rows
 * are read or the loop is left.
 */
export interface QueryStream extends AsyncIterable<readonly (readonly unknown[])[]> {
  readonly columns: readonly QueryColumn[];
  readonly skipped: readonly Skipped[];
  /** Ends a query whose rows are not needed; leaving a loop over them does so too. */
  close(): void;
}

/**
 * Runs one SQL query over all runs below a folder, with DuckDB.
 *
 * Views: `runs` (experiment, run, run_dir, uuid, status, started_at, ended_at, duration_ms, rows,
 * dropped, invalid, lost, tags, notes, "group", rank, exit_code, error, alerts, project, and a column such as
 * `"summary.pass_rate"` per summary value), `summaries` (experiment, run, name, value, number,
 * headline: one row per summary value), `params` (experiment, run, key, value, number), `metrics` (experiment, run, step, timestamp, metric, value, text: one row
 * per value, with numbers in `value` and texts in `text`), `wide` (experiment, run, step, timestamp
 * and one column per metric), `logs` (experiment, run, timestamp, level, message, meta), `tables` (experiment, run, step, name, row, data: one row per row of a table logged with
 * `run.logTable`, with `row` counted from 0 and `data` a JSON object: `data->>'predicted'`),
 * `artifact_versions` (name, version, ref, type, created_at, experiment, run, run_uuid, aliases,
 * digest, bytes, files: one row per version of an artifact below the folder) and `artifact_links`
 * (experiment, run, run_uuid, link, ref, name, version, type, digest, at: one row per version that a
 * run has `logged` or `used`). A key
 * of `params` is a dotted path; if two keys would be the same, a name that contains a dot is
 * quoted: `"lr.decay"` beside the `lr.decay` of `{ lr: { decay } }`. Rows that are only in a run's
 * write-ahead log are included.
 *
 * The database is in memory, reads nothing but these runs, and changes nothing; it accepts one
 * read-only statement. A run or a table that cannot be read is left out and reported in `skipped`.
 *
 * @throws {@link ExpmanError} `QUERY_UNAVAILABLE` if `@duckdb/node-api` is not installed,
 * `INVALID_QUERY`, `QUERY_LIMIT` if it takes too long or too much memory, `INVALID_OPTION`
 * @example
 * const { rows } = await queryRuns(
 *   './experiments',
 *   "SELECT run, min(value) AS loss FROM metrics WHERE metric = 'loss' GROUP BY ALL ORDER BY loss",
 * );
 */
export async function queryRuns(
  baseDir: string,
  sql: string,
  options: QueryOptions = {},
): Promise<QueryResult> {
  string().check('sql', sql);
  const resolved = OPTIONS.resolve(options);
  const { maxRows } = resolved;
  const session = new QuerySession(baseDir, sql, resolved);
  try {
    return await session.retrying(async () => {
      const { columns, batches } = await session.answer();
      const rows: (readonly unknown[])[] = [];
      for await (const batch of batches) {
        for (const row of batch) if (rows.length <= maxRows) rows.push(row);
        if (rows.length > maxRows) break;
      }
      return {
        columns,
        rows: rows.slice(0, maxRows),
        truncated: rows.length > maxRows,
        skipped: session.skipped,
      };
    });
  } finally {
    session[Symbol.dispose]();
  }
}

/**
 * Runs a query like {@link queryRuns}, for answers larger than memory: rows arrive some thousand at
 * a time, and `maxRows` is ignored.
 *
 * A damaged file is an error once rows have arrived: rows that were returned cannot be taken back.
 *
 * @throws {@link ExpmanError} as {@link queryRuns}
 * @example
 * for await (const batch of await streamQuery('./experiments', 'SELECT * FROM metrics')) console.log(batch.length);
 */
export async function streamQuery(
  baseDir: string,
  sql: string,
  options: QueryOptions = {},
): Promise<QueryStream> {
  string().check('sql', sql);
  const session = new QuerySession(baseDir, sql, OPTIONS.resolve(options));
  try {
    const { columns, batches } = await session.retrying(() => session.answer());
    return {
      columns,
      skipped: session.skipped,
      close: () => session[Symbol.dispose](),
      [Symbol.asyncIterator]: () => session.leaving(batches),
    };
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}

type Batch = readonly (readonly unknown[])[];

/** One query, from scanning the folder to the last row. */
class QuerySession implements Disposable {
  private readonly temp = new TempFolder();
  private readonly views: Views;
  private database: Database | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isLate = false;

  constructor(
    baseDir: string,
    private readonly sql: string,
    private readonly options: ResolvedBy<typeof OPTIONS>,
  ) {
    const resolved = resolvePath('baseDir', baseDir);
    const source = options.source ?? listedSource(listRuns(nodeFs, resolved));
    this.views = new Views({ fs: nodeFs, baseDir: resolved, source, temp: this.temp });
  }

  get skipped(): readonly Skipped[] {
    return this.views.skipped;
  }

  /** Sets up a database and runs the query. */
  async answer(): Promise<Answer> {
    this.close();
    const { memoryLimit } = this.options;
    const database = await Database.open({ memoryLimit, threads: Math.min(4, availableParallelism()) });
    this.database = database;
    const words = checkedWords(this.sql, await database.tableFunctions());
    await database.lock(await this.views.create(database, words));
    this.startTimer(database);
    return database.query(this.sql);
  }

  /** Tries once more without the files that turn out to be corrupt, if there are any. */
  async retrying<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      const failure = this.failureOf(error);
      if (failure.code !== 'CORRUPT' || !this.views.excludeCorrupt())
        throw failure.code === 'CORRUPT'
          ? invalidQuery(failure.message + hintFor(failure.message), error)
          : failure;
    }
    try {
      return await attempt();
    } catch (error) {
      throw this.failureOf(error);
    }
  }

  /** Yields the rows, then closes the database. */
  async *leaving(batches: AsyncIterable<Batch>): AsyncGenerator<Batch, void> {
    try {
      yield* batches;
    } catch (error) {
      throw this.failureOf(error);
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.close();
    this.temp[Symbol.dispose]();
  }

  private close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.database?.[Symbol.dispose]();
    this.database = null;
  }

  private startTimer(database: Database): void {
    this.timer = setTimeout(() => {
      this.isLate = true;
      database.interrupt();
    }, this.options.timeoutMs);
  }

  /**
   * Converts an error to an ExpmanError; `CORRUPT` if a file may be the cause.
   *
   * @throws programming mistakes as they are
   */
  private failureOf(error: unknown): ExpmanError {
    if (isMistake(error)) throw error;
    if (error instanceof ExpmanError) return error;
    const message = messageOf(error);
    if (this.isLate)
      return new ExpmanError('QUERY_LIMIT', `the query took longer than ${this.options.timeoutMs} ms`, {
        cause: error,
      });
    if (isTooLong(message))
      return new ExpmanError('QUERY_LIMIT', 'the query makes a text of more than 65,536 characters', {
        cause: error,
      });
    if (/^Out of Memory Error/i.test(message))
      return new ExpmanError(
        'QUERY_LIMIT',
        `the query needs more memory than ${this.options.memoryLimit}: ${message}`,
        { cause: error },
      );
    if (
      /^(?:Failed to extract statements: )?(?:Parser|Binder|Catalog|Permission|Not implemented) Error/i.test(
        message,
      )
    )
      return invalidQuery(message + hintFor(message), error);
    return new ExpmanError('CORRUPT', message, { cause: error });
  }
}

/**
 * Hints at the views: `params.lr` is a field of a filter, but `params` is a table in SQL; and at
 * the operator for JSON, which binds less tightly than AND.
 */
function hintFor(message: string): string {
  const [, summary] = /Referenced table "(summary)" not found/i.exec(message) ?? [];
  if (summary !== undefined)
    return '\n\nsummary values are columns of the view runs; put the whole name in double quotes: SELECT run, "summary.pass_rate" FROM runs';
  if (/casting from source column "?data\b/i.test(message))
    return "\n\n->> binds less tightly than = and AND; put it in parentheses: WHERE run = 'a' AND (data->>'label') = 'cat'";
  const [, table, column] =
    /(?:table|column) "(params|metrics)" not found|column named "(params|metrics)"/i.exec(message) ?? [];
  const view = table ?? column;
  if (view === undefined) return '';
  return view.toLowerCase() === 'params'
    ? "\n\nparameters are rows of the view params: SELECT run, value FROM params WHERE key = 'lr'"
    : "\n\nmetrics are rows of the view metrics, and columns of the view wide: SELECT run, min(value) FROM metrics WHERE metric = 'loss' GROUP BY run";
}
