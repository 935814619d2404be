/** The type of a column on disk; `TIMESTAMP` is INT64 microseconds since the epoch, UTC. */
export type ColumnType = 'BOOLEAN' | 'INT64' | 'DOUBLE' | 'UTF8' | 'TIMESTAMP';

/** A named, typed column. */
export interface ColumnField {
  readonly name: string;
  readonly type: ColumnType;
}

interface ColumnBase {
  /** The number of rows, nulls included. */
  readonly length: number;
  readonly nullCount: number;
  /**
   * Arrow validity bitmap, least significant bit first, 1 = valid; null if every row has a value.
   */
  readonly validity: Uint8Array | null;
}

/**
 * The rows of one column as Arrow buffers; the slots of null rows exist and may hold anything.
 *
 * `BOOLEAN` values are an Arrow bitmap; `UTF8` has `length + 1` offsets into its bytes.
 */
export type Column =
  | (ColumnBase & { readonly type: 'DOUBLE'; readonly values: Float64Array })
  | (ColumnBase & { readonly type: 'INT64' | 'TIMESTAMP'; readonly values: BigInt64Array })
  | (ColumnBase & { readonly type: 'BOOLEAN'; readonly values: Uint8Array })
  | TextColumn;

/**
 * The rows of a text column, some of which may have been logged as numbers before it became text.
 */
export interface TextColumn extends ColumnBase {
  readonly type: 'UTF8';
  readonly offsets: Int32Array;
  readonly values: Uint8Array;
  /**
   * A bitmap of the cells that were logged as numbers or booleans; `'alike'` if that is unknown,
   * and every cell that looks like one counts. Absent if there were none.
   */
  readonly numeric?: Uint8Array | 'alike';
}
