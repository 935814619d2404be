import { crc32 } from 'node:zlib';
import type { ColumnField, ColumnType } from '../../columnar/column.js';
import { ByteCursor } from './byte-cursor.js';
import { CompactReader } from './compact-reader.js';
import { corrupt, orCorrupt } from './corrupt.js';
import { CRC_KEY, CRC_PLACEHOLDER, MAGIC, REGIONS_KEY } from './encode-footer.js';
import { MAX_FOOTER_BYTES, MAX_GROUP_ROWS } from './facts.js';
import type { FileFooter, PlacedChunk, RowGroup } from './facts.js';
import { codecOf, encodingOf, TYPE_NUMBERS } from './numbers.js';
import { structs } from './parquetjs.js';
import type { ColumnChunk, FileMetaData, KeyValue, RowGroup as RowGroupStruct } from './parquetjs.js';
import { hex, parseRegions } from './regions.js';
import { fromSchemaElements } from './schema.js';
import { decodeText } from './text.js';
import { MARKS_KEY } from './text-marks.js';

const TRAILER = 8;

/**
 * The length of the whole footer, metadata and trailer, from the file's last eight bytes:
 * {@link decodeFooter} needs that many bytes from the end of the file. At most 64 MB.
 *
 * @throws ExpmanError `CORRUPT` if the file does not end as a Parquet file, or the length is beyond
 * any that is written
 */
export function footerLength(last8: Uint8Array): number {
  if (last8.length !== TRAILER || MAGIC.some((byte, i) => last8[4 + i] !== byte))
    throw corrupt('it does not end in PAR1');
  const length = new ByteCursor(last8).u32() + TRAILER;
  if (length > MAX_FOOTER_BYTES)
    throw corrupt(`its footer has ${length} bytes, more than ${MAX_FOOTER_BYTES}`);
  return length;
}

/**
 * Decodes and checks a footer that {@link encodeFooter} wrote. `tail` is the end of the file, at
 * least the footer.
 *
 * The bytes may be anything: the footer's checksum must be present and right, every chunk and
 * region must lie between the first magic and the footer, and every group must have a chunk for
 * every field.
 *
 * @throws ExpmanError `CORRUPT` for anything wrong, and for files of other writers
 */
export function decodeFooter(tail: Uint8Array, fileSize: number): FileFooter {
  return orCorrupt('its footer cannot be read', () => decode(tail, fileSize));
}

function decode(tail: Uint8Array, fileSize: number): FileFooter {
  if (tail.length < TRAILER) throw corrupt('it is too short');
  const length = footerLength(tail.subarray(-TRAILER));
  // The offset at which the footer begins and all data has to end.
  const end = fileSize - length;
  if (end < MAGIC.length || length > tail.length) throw corrupt('its footer is longer than the file');
  const bytes = tail.subarray(tail.length - length, tail.length - TRAILER);
  const metadata = new (structs().FileMetaData)();
  const cursor = new ByteCursor(bytes);
  metadata.read(new CompactReader(cursor));
  if (cursor.left > 0) throw corrupt('its footer has bytes after its end');
  const entries = checkedEntries(bytes, metadata.key_value_metadata ?? []);
  const regions = parseRegions(entries.get(REGIONS_KEY) ?? '', end);
  entries.delete(REGIONS_KEY);
  const fields = fromSchemaElements(metadata.schema ?? []);
  return { fields, groups: groupsOf(metadata, fields, end), regions, metadata: entries };
}

/** The metadata without the footer's own checksum, which is checked. */
function checkedEntries(bytes: Uint8Array, entries: readonly KeyValue[]): Map<string, string> {
  const checked = new Map<string, string>();
  let digits: Uint8Array | null = null;
  for (const entry of entries) {
    const key = decodeText(entry.key, 'a metadata key');
    if (checked.has(key) || (key === CRC_KEY && digits !== null))
      throw corrupt('a metadata key occurs twice');
    if (key === CRC_KEY) digits = entry.value instanceof Uint8Array ? entry.value : null;
    else checked.set(key, decodeText(entry.value, 'a metadata value'));
  }
  if (digits?.length !== CRC_PLACEHOLDER.length)
    throw corrupt('its footer has no checksum; expman-rx did not write it');
  const at = digits.byteOffset - bytes.byteOffset;
  const head = crc32(CRC_PLACEHOLDER, crc32(bytes.subarray(0, at)));
  const crc = crc32(bytes.subarray(at + digits.length), head);
  if (Buffer.from(digits).toString('latin1') !== hex(crc))
    throw corrupt('its footer does not match its checksum');
  return checked;
}

function groupsOf(metadata: FileMetaData, fields: readonly ColumnField[], end: number): RowGroup[] {
  // The names are compared as bytes: decoding 10 groups of 5,000 names again would double the time.
  const names = fields.map(({ name }) => Buffer.from(name));
  const groups = (metadata.row_groups ?? []).map((group) => groupOf(group, fields, names, end));
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  if (rows !== metadata.num_rows)
    throw corrupt('the rows of its row groups do not add up to its number of rows');
  return groups;
}

function groupOf(
  group: RowGroupStruct,
  fields: readonly ColumnField[],
  names: readonly Buffer[],
  end: number,
): RowGroup {
  const rows = within(group.num_rows, 0, MAX_GROUP_ROWS);
  const columns = group.columns ?? [];
  if (columns.length !== fields.length) throw corrupt('a row group does not have one chunk for each column');
  const chunks = columns.map((column, i) => {
    const path = column.meta_data?.path_in_schema ?? [];
    const name = path[0];
    if (!(name instanceof Uint8Array) || path.length !== 1 || names[i]?.equals(name) !== true) {
      throw corrupt('a chunk belongs to another column than the one in its place');
    }
    return chunkOf(column, fields[i]?.type ?? 'UTF8', rows, end);
  });
  return { rows, chunks };
}

function chunkOf(column: ColumnChunk, type: ColumnType, rows: number, end: number): PlacedChunk {
  const facts = column.meta_data;
  if (facts === null || column.file_path !== null) throw corrupt('a chunk is described in another file');
  const { statistics } = facts;
  if (facts.type !== TYPE_NUMBERS[type]) throw corrupt('a chunk does not have the type of its column');
  if (facts.num_values !== rows) throw corrupt('a chunk does not have the number of rows of its group');
  const dataOffset = within(facts.data_page_offset, MAGIC.length, end);
  const offset = within(facts.dictionary_page_offset ?? dataOffset, MAGIC.length, dataOffset);
  const length = within(facts.total_compressed_size, dataOffset - offset, end - offset);
  return {
    type,
    rows,
    nullCount: within(statistics?.null_count ?? null, 0, rows),
    offset,
    length,
    dictionaryLength: dataOffset - offset,
    uncompressedLength: within(facts.total_uncompressed_size, 0, Number.MAX_SAFE_INTEGER),
    codec: known(codecOf(facts.codec)),
    encodings: (facts.encodings ?? []).map((encoding) => known(encodingOf(encoding))),
    min: boundOf(statistics?.min_value ?? null),
    max: boundOf(statistics?.max_value ?? null),
    ...marksIn(facts.key_value_metadata ?? []),
  };
}

function within(value: number | null, least: number, most: number): number {
  if (value === null || value < least || value > most)
    throw corrupt('a number in its footer is out of bounds');
  return value;
}

function known<N>(name: N | undefined): N {
  if (name === undefined) throw corrupt('a chunk has an encoding or a codec that this package never writes');
  return name;
}

function marksIn(entries: readonly KeyValue[]): { readonly marks?: string } {
  const entry = entries.find(({ key }) => decodeText(key, 'a metadata key') === MARKS_KEY);
  return entry === undefined ? {} : { marks: decodeText(entry.value, 'the marks of a chunk') };
}

/** A copy, so that the few bytes do not keep the whole footer in memory. */
function boundOf(bytes: string | Uint8Array | null): Uint8Array | null {
  return bytes instanceof Uint8Array ? Uint8Array.from(bytes) : null;
}
