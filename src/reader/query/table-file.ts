import { join } from 'node:path';
import { columnOfStrings } from '../../columnar/column-of-strings.js';
import type { Column, ColumnField } from '../../columnar/column.js';
import { int64FromDoubles } from '../../columnar/int64.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { FsPort } from '../../storage/fs-port.js';
import type { Cell, FactTable } from './fact-table.js';
import type { Skipped } from './facts-source.js';
import { type TableRow, loggedTables } from './logged-tables.js';
import type { ViewSql } from './metric-views.js';
import { literal } from './sql-text.js';
import type { TempFolder } from './temp-folder.js';
import { writeParquet } from './temp-parquet.js';

const FIELDS: readonly ColumnField[] = [
  { name: 'id', type: 'INT64' },
  { name: 'row', type: 'INT64' },
  { name: 'data', type: 'UTF8' },
];
/** Rows and bytes after which a batch is written, so that memory does not grow with the tables. */
const BATCH_ROWS = 10_000;
const BATCH_BYTES = 16 * 1024 * 1024;

/** The rows of all logged tables in a temporary Parquet file, which the view `tables` reads. */
export class TableFile {
  readonly skipped: Skipped[] = [];
  /** Null if no run has logged a row of a table. */
  readonly path: string | null;
  private readonly tables: Cell[][] = [];

  /** @throws ExpmanError `IO` for errors that are not the fault of a run */
  constructor(
    private readonly fs: FsPort,
    runs: readonly RunFacts[],
    temp: TempFolder,
  ) {
    const batches = this.batches(runs);
    const first = batches.next();
    this.path = first.done === true ? null : join(temp.path, 'tables.parquet');
    if (first.done !== true && this.path !== null)
      writeParquet(fs, this.path, { fields: FIELDS, batches: follow(first.value, batches) });
  }

  /** The table that maps the ids in the file to the tables. */
  get ids(): FactTable {
    return {
      columns: [
        ['id', 'BIGINT'],
        ['experiment', 'VARCHAR'],
        ['run', 'VARCHAR'],
        ['step', 'BIGINT'],
        ['name', 'VARCHAR'],
      ],
      rows: this.tables,
    };
  }

  /**
   * Makes the view over the file.
   *
   * @param ids the name of the table made of {@link TableFile.ids}
   */
  view(ids: string): ViewSql {
    const rows =
      this.path === null
        ? '(SELECT NULL::BIGINT AS id, NULL::BIGINT AS "row", NULL::VARCHAR AS data)'
        : `read_parquet(${literal(this.path)}, hive_partitioning = false)`;
    return {
      sql: `SELECT t.experiment, t.run, t.step, t.name, p."row", TRY_CAST(p.data AS JSON) AS data FROM ${rows} AS p JOIN ${ids} AS t ON p.id = t.id`,
      lists: new Map(),
    };
  }

  private *batches(runs: readonly RunFacts[]): Generator<readonly Column[]> {
    let batch = new RowBatch();
    for (const { experiment, run, runDir } of runs)
      for (const { media, rows } of loggedTables(this.fs, runDir, this.skipped)) {
        const id = this.tables.length;
        const { step, name } = media;
        this.tables.push([BigInt(id), experiment, run, step === null ? null : BigInt(step), name]);
        for (const row of rows) {
          batch.add(id, row);
          if (!batch.isFull) continue;
          yield batch.columns();
          batch = new RowBatch();
        }
      }
    if (!batch.isEmpty) yield batch.columns();
  }
}

/** Rows that become one row group. */
class RowBatch {
  private readonly ids: number[] = [];
  private readonly rows: number[] = [];
  private readonly data: Uint8Array[] = [];
  private bytes = 0;

  get isEmpty(): boolean {
    return this.ids.length === 0;
  }

  get isFull(): boolean {
    return this.ids.length === BATCH_ROWS || this.bytes >= BATCH_BYTES;
  }

  add(id: number, { row, data }: TableRow): void {
    const text = Buffer.from(data);
    this.ids.push(id);
    this.rows.push(row);
    this.data.push(text);
    this.bytes += text.length;
  }

  columns(): Column[] {
    return [integers(this.ids), integers(this.rows), columnOfStrings(this.data)];
  }
}

const integers = (values: readonly number[]): Column => ({
  type: 'INT64',
  length: values.length,
  nullCount: 0,
  validity: null,
  values: int64FromDoubles(Float64Array.from(values)),
});

function* follow<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first;
  yield* rest;
}
