import {
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type RowGroup,
  type SchemaElement,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { nodeFs } from '../../storage/node-fs.js';
import { readAll } from '../../storage/read-all.js';
import { uncompressSnappy } from '../../storage/parquet/index.js';
import { asDecodingError, corruptAt } from '../source/source-files.js';
import type { FileTime } from './parquet-thread-messages.js';

const MB = 1024 * 1024;
/**
 * Limits on the sizes that a file states, checked before anything is allocated.
 *
 * @bound refuses: RangeError, which the importer reports as CORRUPT
 */
const LIMITS = { columns: 20_000, groupRows: 1 << 24, groupBytes: 2048 * MB, pageBytes: 256 * MB };

/** A Parquet file as hyparquet reads it, in the calling thread. */
export interface HyparquetFile {
  /** Its top-level columns; a nested one has no type. */
  readonly columns: readonly SchemaElement[];
  readonly metadata: ReadonlyMap<string, string>;
  /** The uncompressed bytes of each row group, as stated in the file. */
  readonly groupBytes: readonly number[];
  /** The rows of each row group, with values in the order of the columns. */
  readonly groups: () => AsyncGenerator<readonly (readonly unknown[])[], void>;
}

/**
 * Opens a Parquet file from any writer, and checks its sizes; all codecs of Parquet but LZO are
 * supported. A hostile file may still block the thread forever, hence {@link foreignParquet}.
 *
 * @throws ExpmanError `CORRUPT` or `IO`
 */
export async function hyparquetFile(path: string): Promise<HyparquetFile> {
  try {
    const file = new FileSlices(path);
    const metadata = await parquetMetadataAsync(file, { geoparquet: false });
    assertWithin(metadata, path);
    return {
      columns: parquetSchema(metadata).children.map(({ element }) => element),
      metadata: new Map((metadata.key_value_metadata ?? []).map(({ key, value = '' }) => [key, value])),
      groupBytes: metadata.row_groups.map((group) => Number(bytesOf(group))),
      groups: () => groupsIn(file, metadata, path),
    };
  } catch (error) {
    throw asDecodingError(error, path);
  }
}

async function* groupsIn(
  file: FileSlices,
  metadata: FileMetaData,
  path: string,
): AsyncGenerator<readonly (readonly unknown[])[], void> {
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    let rows: readonly (readonly unknown[])[] = [];
    const onComplete = (read: unknown[][]): void => void (rows = read);
    const options = {
      file,
      metadata,
      rowStart,
      rowEnd,
      compressors: BOUNDED,
      parsers: PARSERS,
      geoparquet: false,
    };
    try {
      await parquetRead({ ...options, onComplete });
    } catch (error) {
      throw asDecodingError(error, path);
    }
    yield rows;
    rowStart = rowEnd;
  }
}

function assertWithin({ schema, row_groups, num_rows }: FileMetaData, path: string): void {
  const within = (ok: boolean, what: string): void => {
    if (!ok) throw corruptAt(path, `${what} beyond the limits`);
  };
  within(schema.length <= LIMITS.columns, `${schema.length} columns are`);
  let rows = 0n;
  for (const group of row_groups) {
    rows += group.num_rows;
    within(
      group.num_rows >= 0n && group.num_rows <= LIMITS.groupRows,
      `a group of ${group.num_rows} rows is`,
    );
    const bytes = bytesOf(group);
    within(bytes >= 0n && bytes <= LIMITS.groupBytes, `a group of ${bytes} bytes is`);
  }
  within(rows === num_rows, 'the row counts of its groups, which do not add up to that of the file, are');
}

const bytesOf = ({ columns }: RowGroup): bigint =>
  columns.reduce((bytes, { meta_data }) => bytes + (meta_data?.total_uncompressed_size ?? 0n), 0n);

/** The codecs, each guarded by a limit on the output size. */
const BOUNDED: typeof compressors = Object.fromEntries(
  // Its own Snappy decoder loops forever on some lengths of a literal; ours does not.
  Object.entries({ ...compressors, SNAPPY: uncompressSnappy }).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, length: number): Uint8Array => {
      if (!(length >= 0 && length <= LIMITS.pageBytes)) throw new RangeError(`a page of ${length} bytes`);
      return decompress(input, length);
    },
  ]),
);

// Dates would lose microseconds, and hyparquet's own text decoder drops a byte order mark.
const PARSERS = {
  timestampFromMilliseconds: (value: bigint | null): FileTime | null => timeOf(value, 1000n, 1n),
  timestampFromMicroseconds: (value: bigint | null): FileTime | null => timeOf(value, 1n, 1n),
  timestampFromNanoseconds: (value: bigint | null): FileTime | null => timeOf(value, 1n, 1000n),
  dateFromDays: (days: number | null): FileTime | null =>
    timeOf(days === null ? null : BigInt(days), 86_400_000_000n, 1n),
  stringFromBytes: (bytes: Uint8Array | null): string | null => utf8Text(bytes),
  jsonFromBytes: (bytes: Uint8Array | null): string | null => utf8Text(bytes),
};

const timeOf = (value: bigint | null | undefined, times: bigint, over: bigint): FileTime | null =>
  value === null || value === undefined ? null : { microsSinceEpoch: Number((value * times) / over) };

const utf8Text = (bytes: Uint8Array | null | undefined): string | null =>
  bytes === null || bytes === undefined
    ? null
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

/** A file that hyparquet reads piece by piece. */
class FileSlices {
  readonly byteLength: number;

  constructor(private readonly path: string) {
    const facts = nodeFs.stat(path);
    if (facts?.kind !== 'file') throw corruptAt(path, 'it is not a regular file');
    this.byteLength = facts.size;
  }

  slice(start: number, end = this.byteLength): ArrayBuffer {
    const length = Math.min(end, this.byteLength) - start;
    if (!(start >= 0 && length >= 0 && length <= LIMITS.groupBytes))
      throw new RangeError('bytes beyond the file');
    const bytes = new Uint8Array(length);
    const file = nodeFs.open(this.path, 'read');
    try {
      readAll(nodeFs, file, bytes, start, this.path);
    } finally {
      nodeFs.close(file);
    }
    return bytes.buffer;
  }
}
