import type * as duckdb from '@duckdb/node-api';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { invalidOption } from '../../model/option-rules.js';
import { importOptional } from '../../model/optional-package.js';
import type { Cell, CellType, FactTable } from './fact-table.js';
import { identifier, literal } from './sql-text.js';
import { invalidQuery } from './statement.js';

type DuckDb = typeof duckdb;

const PACKAGE = '@duckdb/node-api';

/** The most rows that a chunk of the database holds. */
const CHUNK_ROWS = 2048;

/** Limits of a database. */
export interface DatabaseLimits {
  /** In DuckDB's notation: `1GB`. */
  readonly memoryLimit: string;
  readonly threads: number;
}

/** The rows of an answer as they arrive. */
export interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Rows as arrays, some thousand at a time. */
  readonly batches: AsyncIterable<readonly (readonly unknown[])[]>;
}

/** A database in memory that is closed with the query it was made for. */
export class Database implements Disposable {
  private constructor(
    private readonly api: DuckDb,
    private readonly instance: duckdb.DuckDBInstance,
    private readonly connection: duckdb.DuckDBConnection,
  ) {}

  /**
   * Opens a database that neither loads extensions nor spills to disk.
   *
   * @throws ExpmanError `QUERY_UNAVAILABLE` if the package is not installed or does not work,
   * `INVALID_OPTION` for a limit that DuckDB does not accept
   */
  static async open({ memoryLimit, threads }: DatabaseLimits): Promise<Database> {
    const api = await load();
    try {
      const instance = await api.DuckDBInstance.create(':memory:', {
        memory_limit: memoryLimit,
        threads: String(threads),
        temp_directory: '',
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
      });
      const database = new Database(api, instance, await instance.connect());
      await database.run("SET TimeZone = 'UTC'");
      await database.run('CREATE SCHEMA expman');
      return database;
    } catch (cause) {
      const message = messageOf(cause);
      // The only setting that a caller can choose; the database says no more.
      if (/^Failed to set config/.test(message))
        throw invalidOption(
          'memoryLimit',
          `a size in DuckDB's notation, such as '1GB' (${message})`,
          memoryLimit,
        );
      throw new ExpmanError('QUERY_UNAVAILABLE', `DuckDB cannot be started: ${message}`, { cause });
    }
  }

  /** Runs our own SQL. */
  async run(sql: string): Promise<void> {
    await this.connection.run(sql);
  }

  /** Returns the functions that can be used in FROM. */
  async tableFunctions(): Promise<ReadonlySet<string>> {
    const { connection } = this;
    const found = await connection.runAndReadAll(
      "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')",
    );
    return new Set(found.getRowsJS().flatMap(([name]) => (typeof name === 'string' ? [name] : [])));
  }

  /** Creates a table and fills it. */
  async fill(name: string, { columns, rows }: FactTable, schema = 'main'): Promise<void> {
    const fields = columns.map(([field, type]) => `${identifier(field)} ${type}`);
    await this.run(`CREATE TABLE ${identifier(schema)}.${identifier(name)} (${fields.join(', ')})`);
    const appender = await this.connection.createAppender(name, schema);
    let waiting: (readonly Cell[])[] = [];
    const append = (): void => {
      if (waiting.length > 0)
        appender.appendDataChunk(
          this.chunkOf(
            columns.map(([, type]) => type),
            waiting,
          ),
        );
      waiting = [];
    };
    for (const row of rows) if (waiting.push(row) === CHUNK_ROWS) append();
    append();
    appender.closeSync();
  }

  private chunkOf(types: readonly CellType[], rows: readonly (readonly Cell[])[]): duckdb.DuckDBDataChunk {
    const { api } = this;
    const known: Readonly<Record<CellType, duckdb.DuckDBType>> = {
      VARCHAR: api.VARCHAR,
      BIGINT: api.BIGINT,
      DOUBLE: api.DOUBLE,
      BOOLEAN: api.BOOLEAN,
      TIMESTAMPTZ: api.TIMESTAMPTZ,
      'VARCHAR[]': api.LIST(api.VARCHAR),
    };
    const chunk = api.DuckDBDataChunk.create(
      types.map((type) => known[type]),
      rows.length,
    );
    types.forEach((type, at) => {
      chunk.setColumnValues(
        at,
        rows.map((row) => this.valueOf(type, row[at] ?? null)),
      );
    });
    return chunk;
  }

  private valueOf(type: CellType, cell: Cell): duckdb.DuckDBValue {
    if (type === 'TIMESTAMPTZ' && typeof cell === 'number')
      return new this.api.DuckDBTimestampTZValue(BigInt(Math.round(cell * 1000)));
    return typeof cell === 'object' && cell !== null ? this.api.listValue([...cell]) : cell;
  }

  /**
   * Restricts the database: from now on it reads only those files, writes nothing, and its settings
   * are locked.
   */
  async lock(paths: readonly string[]): Promise<void> {
    await this.run(`SET allowed_paths = [${paths.map(literal).join(', ')}]`);
    await this.run('SET enable_external_access = false');
    await this.run('SET lock_configuration = true');
  }

  /**
   * Runs one read-only statement; its rows arrive as they are asked for.
   *
   * @throws ExpmanError `INVALID_QUERY`, or the database's own error
   */
  async query(sql: string): Promise<Answer> {
    const { StatementType } = this.api;
    const statements = await this.connection.extractStatements(sql);
    if (statements.count !== 1)
      throw invalidQuery(
        `a query must be one statement, not ${statements.count} (a PIVOT must name its values: ON metric IN ('loss', 'accuracy'))`,
      );
    const statement = await statements.prepare(0);
    if (statement.statementType !== StatementType.SELECT && statement.statementType !== StatementType.EXPLAIN)
      throw invalidQuery(
        `only read-only statements are allowed, not ${StatementType[statement.statementType]}`,
      );
    if (statement.parameterCount > 0)
      throw invalidQuery('parameters such as ? and $1 are not supported; write the values into the query');
    const result = await statement.stream();
    const types = result.columnTypes();
    const columns = result.columnNames().map((name, at) => ({ name, type: String(types[at]) }));
    return { columns, batches: result.yieldConvertedRows(this.converter()) };
  }

  /** Interrupts the running query. */
  interrupt(): void {
    this.connection.interrupt();
  }

  /**
   * Returns a converter to JavaScript values; timestamps become ISO text with all digits, some of
   * which a Date would lose.
   */
  private converter(): duckdb.DuckDBValueConverter<duckdb.JS> {
    const {
      JSDuckDBValueConverter,
      DuckDBTypeId: Id,
      DuckDBTimestampTZValue,
      DuckDBTimestampValue,
    } = this.api;
    const moments: ReadonlySet<duckdb.DuckDBTypeId> = new Set([
      Id.TIMESTAMP,
      Id.TIMESTAMP_S,
      Id.TIMESTAMP_MS,
      Id.TIMESTAMP_NS,
      Id.DATE,
      Id.TIME,
      Id.TIME_TZ,
    ]);
    const convert: duckdb.DuckDBValueConverter<duckdb.JS> = (value, type) => {
      if (value instanceof DuckDBTimestampTZValue)
        return `${String(new DuckDBTimestampValue(value.micros)).replace(' ', 'T')}Z`;
      if (value !== null && moments.has(type.typeId)) return String(value).replace(' ', 'T');
      return JSDuckDBValueConverter(value, type, convert);
    };
    return convert;
  }

  [Symbol.dispose](): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

/**
 * Returns the version of DuckDB used for queries.
 *
 * @throws ExpmanError `QUERY_UNAVAILABLE` if it cannot be loaded
 */
export const duckdbVersion = async (): Promise<string> => (await load()).version();

const load = async (): Promise<DuckDb> =>
  (await importOptional(PACKAGE, (isAbsent, cause) => {
    const why = isAbsent
      ? `is not installed: npm install ${PACKAGE}`
      : `cannot be loaded (npm install ${PACKAGE} installs it): ${messageOf(cause)}`;
    return new ExpmanError(
      'QUERY_UNAVAILABLE',
      `queries need the optional package ${PACKAGE}, which ${why}`,
      {
        cause,
      },
    );
  })) as DuckDb;
