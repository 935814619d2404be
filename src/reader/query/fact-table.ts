/**
 * A value of a table that is filled before the query; timestamps are in milliseconds since the
 * epoch.
 */
export type Cell = string | number | bigint | boolean | null | readonly string[];

/** A table that is filled with facts that we read ourselves. */
export interface FactTable {
  /** The names and SQL types of the columns. */
  readonly columns: readonly (readonly [name: string, type: CellType])[];
  readonly rows: Iterable<readonly Cell[]>;
}

/** The SQL types of such tables. */
export type CellType = 'VARCHAR' | 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMPTZ' | 'VARCHAR[]';
