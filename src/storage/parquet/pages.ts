import { crc32 } from 'node:zlib';
import type { Compression } from '../../model/experiment-options.js';
import { CompactWriter } from './compact-writer.js';
import type { Codec, Encoding } from './facts.js';
import { ENCODING_NUMBERS } from './numbers.js';
import { parquetjs, structs } from './parquetjs.js';

/** A page before compression: its body is `parts`, one after the other. */
export interface Page {
  readonly kind: 'data' | 'dictionary';
  /** The number of values, nulls included. */
  readonly values: number;
  readonly encoding: Encoding;
  readonly parts: readonly Uint8Array[];
}

/** All pages of a chunk as the file holds them. */
export interface AssembledPages {
  readonly bytes: Uint8Array;
  readonly codec: Codec;
  readonly uncompressedLength: number;
  readonly dictionaryLength: number;
}

/**
 * Compression has to save this share of a chunk's pages to be worth the time it costs every reader.
 */
const WORTH_SAVING = 0.1;
/**
 * The sample that is compressed to decide about the rest: at most this many pieces of this many
 * bytes per chunk.
 *
 * @bound loses nothing: a sample decides whether compressing is worth it
 */
const SAMPLE_PIECES = 6;
const SAMPLE_BYTES = 4096;

const header = new CompactWriter();

/**
 * Joins the pages, each after a header with a checksum, in one buffer, which is the only copy of
 * the values.
 *
 * With `'auto'` the pages are compressed by Snappy if that saves a tenth. snappyjs takes 3 to 12 ns
 * a byte for compressible data and 1 ns a byte for random bytes, so a sample of 24 kB decides
 * first.
 */
export function assemblePages(pages: readonly Page[], compression: Compression): AssembledPages {
  const sizes = pages.map((page) => sizeOf(page.parts));
  const isAsked = compression === 'snappy';
  if (isAsked || (compression === 'auto' && isSampleWorthIt(pages, sizes))) {
    const packed = pages.map((page, i) => ({ ...page, parts: [snappy(joined(page.parts, sizes[i] ?? 0))] }));
    const packedSizes = packed.map((page) => sizeOf(page.parts));
    if (isAsked || sum(packedSizes) <= sum(sizes) * (1 - WORTH_SAVING))
      return place(packed, packedSizes, sizes, 'SNAPPY');
  }
  return place(pages, sizes, sizes, 'UNCOMPRESSED');
}

function place(
  pages: readonly Page[],
  sizes: readonly number[],
  uncompressedSizes: readonly number[],
  codec: Codec,
): AssembledPages {
  const headers = pages.map((page, i) => encodeHeader(page, sizes[i] ?? 0, uncompressedSizes[i] ?? 0));
  const headersLength = sizeOf(headers);
  const bytes = Buffer.allocUnsafeSlow(headersLength + sum(sizes));
  let at = 0;
  let dictionaryLength = 0;
  pages.forEach((page, i) => {
    for (const part of [headers[i] ?? header.bytes, ...page.parts]) {
      bytes.set(part, at);
      at += part.length;
    }
    if (page.kind === 'dictionary') dictionaryLength = at;
  });
  return { bytes, codec, uncompressedLength: headersLength + sum(uncompressedSizes), dictionaryLength };
}

function encodeHeader(page: Page, size: number, uncompressedSize: number): Uint8Array {
  const { PageHeader, DataPageHeader, DictionaryPageHeader, PageType } = structs();
  const encoding = ENCODING_NUMBERS[page.encoding];
  const isData = page.kind === 'data';
  header.reset();
  new PageHeader({
    type: PageType[isData ? 'DATA_PAGE' : 'DICTIONARY_PAGE'] ?? 0,
    uncompressed_page_size: uncompressedSize,
    compressed_page_size: size,
    // The checksum of the stored body; Thrift has no unsigned integers.
    crc: page.parts.reduce((crc, part) => crc32(part, crc), 0) | 0,
    data_page_header: isData
      ? new DataPageHeader({
          num_values: page.values,
          encoding,
          definition_level_encoding: ENCODING_NUMBERS.RLE,
          repetition_level_encoding: ENCODING_NUMBERS.RLE,
        })
      : null,
    dictionary_page_header: isData ? null : new DictionaryPageHeader({ num_values: page.values, encoding }),
  }).write(header);
  return Uint8Array.from(header.bytes);
}

function isSampleWorthIt(pages: readonly Page[], sizes: readonly number[]): boolean {
  if (sum(sizes) <= SAMPLE_PIECES * SAMPLE_BYTES) return true;
  let taken = 0;
  let packed = 0;
  const pieces = Math.max(1, Math.floor(SAMPLE_PIECES / pages.length));
  for (const { parts } of pages.slice(0, SAMPLE_PIECES)) {
    // The values are by far the longest part of a page.
    const values = parts.reduce((longest, part) => (part.length > longest.length ? part : longest));
    const stride = Math.floor(values.length / pieces);
    for (let i = 0; i < pieces; i++) {
      const piece = values.subarray(i * stride, i * stride + SAMPLE_BYTES);
      taken += piece.length;
      packed += snappy(piece).length;
    }
  }
  return packed <= taken * (1 - WORTH_SAVING);
}

function snappy(bytes: Uint8Array): Uint8Array {
  // snappyjs is handed a plain Uint8Array: of a Buffer it would clear and keep its whole worst-case output.
  return parquetjs().deflate(
    'SNAPPY',
    Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes,
  );
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((size, part) => size + part.length, 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
