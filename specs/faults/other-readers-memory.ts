import { parquetRead } from 'hyparquet';

/** The rows of a Parquet file in memory as hyparquet reads them, cells in the order of the columns. */
export async function hyparquetOf(bytes: Uint8Array): Promise<readonly (readonly unknown[])[]> {
  const file = Uint8Array.from(bytes).buffer;
  let rows: readonly (readonly unknown[])[] = [];
  await parquetRead({ file, onComplete: (read) => (rows = read as readonly (readonly unknown[])[]) });
  return rows;
}
