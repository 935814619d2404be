import type { Compression } from '../../model/experiment-options.js';
import type { Column, ColumnType } from '../../columnar/column.js';
import { countSet } from './bit-runs.js';
import { boundsOf } from './bounds.js';
import type { Bounds } from './bounds.js';
import { encodeDelta } from './delta.js';
import { toDense, validityOf } from './dense.js';
import type { Dense } from './dense.js';
import { findDictionary } from './dictionary.js';
import type { Dictionary } from './dictionary.js';
import { MAX_GROUP_ROWS } from './facts.js';
import type { EncodedChunk, Encoding } from './facts.js';
import { encodeIndices } from './hybrid.js';
import { encodeConstantLevels, encodeLevels } from './levels.js';
import { assemblePages } from './pages.js';
import type { Page } from './pages.js';
import { encodePlain, plainLength } from './plain.js';
import { marksOf } from './text-marks.js';

/** Options of {@link encodeChunk}. */
export interface EncodeOptions {
  /** Tries DELTA_BINARY_PACKED first, on integers: for counters and timestamps. */
  readonly delta: boolean;
  /** Snappy if that saves a tenth (`auto`), always, or never. */
  readonly compression: Compression;
}

/** Values of a data page, in bytes. */
const PAGE_BYTES = 1024 * 1024;
/**
 * The overhead that a dictionary has to save: the header of its page and the longer list of
 * encodings.
 */
const DICTIONARY_OVERHEAD = 40;

/** The rows [from, to) of one page and the values [first, last) that they hold. */
interface PageRange {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Encodes one column of one row group: pages with headers, checksums and definition levels, ready
 * to be written anywhere in a file.
 *
 * Picks the encoding by the values: delta if requested and smaller, else a dictionary if smaller,
 * else PLAIN. The column's buffers are read and not kept. Holds at most about twice the chunk's
 * bytes in memory.
 *
 * @throws RangeError for more than 2^24 rows
 */
export function encodeChunk(column: Column, options: EncodeOptions): EncodedChunk {
  checkRows(column.length);
  const dense = toDense(column);
  if (dense.count === 0) return encodeNullChunk(column.type, column.length);
  // Doubles are words too, but Parquet has no delta encoding for them.
  const isDelta = options.delta && dense.kind === 'words' && column.type !== 'DOUBLE';
  const delta = isDelta ? deltaPages(column, dense) : null;
  if (delta !== null) return assemble(column, dense.count, delta.pages, delta.bounds, options.compression);
  const dictionary = findDictionary(dense);
  const indexed = dictionary === null ? null : dictionaryPages(column, dense, dictionary);
  // The bounds of the distinct values are those of all values.
  const bounds = boundsOf(column.type, dictionary?.entries ?? dense);
  const chunk = assemble(
    column,
    dense.count,
    indexed ?? plainPages(column, dense),
    bounds,
    options.compression,
  );
  const marks = column.type === 'UTF8' ? marksOf(column) : null;
  return marks === null ? chunk : { ...chunk, facts: { ...chunk.facts, marks } };
}

/** Encodes a chunk whose rows are all null, in a few bytes, whatever their number. */
export function encodeNullChunk(type: ColumnType, rows: number): EncodedChunk {
  checkRows(rows);
  const parts = [encodeConstantLevels(0, rows)];
  const column = { type, length: rows };
  return assemble(
    column,
    0,
    [{ kind: 'data', values: rows, encoding: 'PLAIN', parts }],
    { min: null, max: null },
    'none',
  );
}

function assemble(
  column: { readonly type: ColumnType; readonly length: number },
  count: number,
  pages: readonly Page[],
  bounds: Bounds,
  compression: Compression,
): EncodedChunk {
  const { bytes, ...lengths } = assemblePages(pages, compression);
  const encodings = new Set<Encoding>(pages.map((page) => page.encoding)).add('RLE');
  return {
    bytes,
    facts: {
      type: column.type,
      rows: column.length,
      nullCount: column.length - count,
      length: bytes.length,
      ...lengths,
      encodings: [...encodings],
      ...bounds,
    },
  };
}

function deltaPages(
  column: Column,
  dense: Dense & { kind: 'words' },
): { pages: Page[]; bounds: Bounds } | null {
  const { words } = dense;
  const pages: Page[] = [];
  const ends: number[] = [];
  let isAscending = true;
  for (const range of pageRanges(column, plainLength(dense))) {
    const values = encodeDelta(words, range.first, range.last);
    if (values === null) return null;
    pages.push(dataPage(column, range, 'DELTA_BINARY_PACKED', values.bytes));
    isAscending &&= values.isAscending;
    if (range.first < range.last) ends.push(range.first, range.last - 1);
  }
  // If every page ascends, as steps and timestamps do, the bounds are among the pages' first and
  // last values.
  const spread = Int32Array.from(ends.flatMap((i) => [words[i * 2] ?? 0, words[i * 2 + 1] ?? 0]));
  const bounding: Dense = isAscending ? { kind: 'words', count: ends.length, words: spread } : dense;
  return { pages, bounds: boundsOf(column.type, bounding) };
}

function dictionaryPages(
  column: Column,
  dense: Dense,
  { entries, indices, width }: Dictionary,
): Page[] | null {
  const values = encodePlain(entries, 0, entries.count);
  const pages: Page[] = [{ kind: 'dictionary', values: entries.count, encoding: 'PLAIN', parts: [values] }];
  let length = values.length + DICTIONARY_OVERHEAD;
  for (const range of pageRanges(column, (indices.length * width) / 8)) {
    const packed = encodeIndices(indices, range.first, range.last, width);
    length += packed.length;
    pages.push(dataPage(column, range, 'RLE_DICTIONARY', packed));
  }
  return length < plainLength(dense) ? pages : null;
}

function plainPages(column: Column, dense: Dense): Page[] {
  return pageRanges(column, plainLength(dense)).map((range) =>
    dataPage(column, range, 'PLAIN', encodePlain(dense, range.first, range.last)),
  );
}

function dataPage(column: Column, range: PageRange, encoding: Encoding, values: Uint8Array): Page {
  const levels = encodeLevels(validityOf(column), range.from, range.to);
  return { kind: 'data', values: range.to - range.from, encoding, parts: [levels, values] };
}

/**
 * Splits the rows evenly into pages of about 1 MB of the `length` bytes, at whole bytes of the
 * validity bitmap.
 */
function pageRanges(column: Column, length: number): PageRange[] {
  const validity = validityOf(column);
  const rows = column.length;
  const pages = Math.max(1, Math.ceil(length / PAGE_BYTES));
  const rowsPerPage = Math.ceil(rows / pages / 8) * 8;
  const ranges: PageRange[] = [];
  for (let from = 0, first = 0; from < rows; from += rowsPerPage) {
    const to = Math.min(rows, from + rowsPerPage);
    const last = first + (validity === null ? to - from : countSet(validity, from, to));
    ranges.push({ from, to, first, last });
    first = last;
  }
  return ranges;
}

function checkRows(rows: number): void {
  if (rows > MAX_GROUP_ROWS)
    throw new RangeError(`a row group holds at most ${String(MAX_GROUP_ROWS)} rows, not ${String(rows)}`);
}
