import { crc32 } from 'node:zlib';
import type { Column } from '../../columnar/column.js';
import { ByteCursor } from './byte-cursor.js';
import { ColumnAssembly } from './column-assembly.js';
import { CompactReader } from './compact-reader.js';
import { corrupt, orCorrupt } from './corrupt.js';
import { decodePlain, emptyValues, lookUp } from './decoded.js';
import type { Values } from './decoded.js';
import { decodeDelta } from './delta.js';
import { MAX_GROUP_ROWS } from './facts.js';
import type { PlacedChunk } from './facts.js';
import { decodeIndices } from './hybrid.js';
import { decodeLevels } from './levels.js';
import { encodingOf } from './numbers.js';
import { structs } from './parquetjs.js';
import { uncompressSnappy } from './snappy.js';
import { withMarks } from './text-marks.js';

/** A page as its header describes it, its body checked and uncompressed. */
interface DecodedPage {
  readonly kind: 'data' | 'dictionary';
  readonly values: number;
  readonly encoding: number;
  readonly body: Uint8Array;
}

/**
 * Decodes the bytes of exactly one chunk, as {@link encodeChunk} wrote them, into a column with its
 * own buffers.
 *
 * Every bit comes back: NaN payloads, -0, the ends of int64. Slots of null rows are zero or empty.
 * The bytes may be anything: what is allocated is bounded by the chunk's rows, which the footer's
 * decoder bounds, and by 22 times its bytes; looked-up strings by 256 MB.
 *
 * @throws ExpmanError `CORRUPT` for a wrong checksum, length or encoding
 */
export function decodeChunk(bytes: Uint8Array, chunk: PlacedChunk): Column {
  return orCorrupt('a chunk cannot be decoded', () => decode(bytes, chunk));
}

function decode(bytes: Uint8Array, chunk: PlacedChunk): Column {
  const { rows, type } = chunk;
  if (!(rows >= 0 && rows <= MAX_GROUP_ROWS))
    throw corrupt('a row group holds more rows than this package ever writes');
  if (bytes.length !== chunk.length) throw corrupt('a chunk is not as long as the footer says');
  const cursor = new ByteCursor(bytes);
  const column = new ColumnAssembly(type, rows);
  let dictionary = emptyValues(type);
  while (cursor.left > 0) {
    const page = readPage(cursor, chunk);
    const body = new ByteCursor(page.body);
    if (page.kind === 'dictionary') {
      if (column.rows > 0 || dictionary.count > 0)
        throw corrupt('a dictionary page is not the first of its chunk');
      dictionary = decodePlain(type, body, page.values);
      continue;
    }
    if (page.values > rows - column.rows) throw corrupt('a chunk holds more rows than the footer says');
    // With empty pages a chunk could go on for ever.
    if (page.values === 0 && rows > 0) throw corrupt('a page holds no rows');
    const count = decodeLevels(body, column.validity, column.rows, page.values);
    column.add(decodeValues(page.encoding, chunk, dictionary, body, count), page.values);
  }
  if (column.rows !== rows || column.nullCount !== chunk.nullCount) {
    throw corrupt('the number of rows or nulls in a chunk is not what the footer says');
  }
  const finished = column.finish();
  return finished.type === 'UTF8' ? withMarks(finished, chunk.marks ?? null) : finished;
}

function decodeValues(
  encoding: number,
  chunk: PlacedChunk,
  dictionary: Values,
  body: ByteCursor,
  count: number,
): Values {
  switch (encodingOf(encoding)) {
    case 'PLAIN':
      return decodePlain(chunk.type, body, count);
    case 'RLE_DICTIONARY':
      return lookUp(dictionary, decodeIndices(body, count, dictionary.count));
    case 'DELTA_BINARY_PACKED':
      if (chunk.type !== 'INT64' && chunk.type !== 'TIMESTAMP') break;
      return { kind: 'words', count, words: decodeDelta(body, count) };
  }
  throw corrupt('a page has an encoding that is never written');
}

function readPage(cursor: ByteCursor, { codec }: PlacedChunk): DecodedPage {
  const { PageHeader, PageType } = structs();
  const { DATA_PAGE, DICTIONARY_PAGE } = PageType;
  const header = new PageHeader();
  header.read(new CompactReader(cursor));
  const size = header.compressed_page_size ?? -1;
  const uncompressedSize = header.uncompressed_page_size ?? -1;
  if (size < 0 || uncompressedSize < 0) throw corrupt('a page header has no sizes');
  const stored = cursor.read(size);
  if (header.crc === null || (crc32(stored) | 0) !== header.crc)
    throw corrupt('a page does not match its checksum');
  const facts =
    header.type === DATA_PAGE
      ? header.data_page_header
      : header.type === DICTIONARY_PAGE
        ? header.dictionary_page_header
        : null;
  if (facts === null || facts.num_values === null || facts.num_values < 0 || facts.encoding === null) {
    throw corrupt('a page has no header of its kind');
  }
  const kind = header.type === DATA_PAGE ? 'data' : 'dictionary';
  const body = codec === 'SNAPPY' ? uncompressSnappy(stored, uncompressedSize) : stored;
  if (body.length !== uncompressedSize) throw corrupt('a page is not as long as its header says');
  return { kind, values: facts.num_values, encoding: facts.encoding, body };
}
