import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ColumnType } from '../../../src/columnar/column.js';
import { ByteCursor } from '../../../src/storage/parquet/byte-cursor.js';
import { CompactReader } from '../../../src/storage/parquet/compact-reader.js';
import { CompactWriter } from '../../../src/storage/parquet/compact-writer.js';
import { decodeChunk, encodeChunk, MAX_GROUP_ROWS } from '../../../src/storage/parquet/index.js';
import type { EncodedChunk, PlacedChunk } from '../../../src/storage/parquet/index.js';
import { structs } from '../../../src/storage/parquet/parquetjs.js';
import type { PageHeader } from '../../../src/storage/parquet/parquetjs.js';
import { anyColumn, cellsOf, columnOf, TYPES } from './columns.js';
import { corrupt, flipped, orRefused } from './refusals.js';

describe('a chunk', () => {
  const decoded = ({ bytes, facts }: EncodedChunk, altered = bytes) =>
    decodeChunk(altered, { ...facts, length: altered.length, offset: 4 });

  const small = TYPES.flatMap((type): EncodedChunk[] => {
    const cells = type === 'UTF8' ? ['a', 'b'] : type === 'BOOLEAN' ? [true, false] : [1n, 9n];
    const column = columnOf(
      type,
      [...cells, null, ...new Array<(typeof cells)[0] | undefined>(14).fill(cells[1])].map(
        (cell) => cell ?? null,
      ),
    );
    return [true, false].flatMap((delta) =>
      (['auto', 'none', 'snappy'] as const).map((compression) => encodeChunk(column, { delta, compression })),
    );
  });

  it('with any single bit flipped is refused, or holds what it held', () => {
    for (const chunk of small) {
      const cells = cellsOf(decoded(chunk));
      for (let bit = 0; bit < chunk.bytes.length * 8; bit++) {
        const column = orRefused(() => decoded(chunk, flipped(chunk.bytes, bit)));
        if (column !== null) expect(cellsOf(column)).toEqual(cells);
      }
    }
  });

  it('cut at any byte is refused', () => {
    for (const chunk of small)
      for (let end = 0; end < chunk.bytes.length; end++)
        expect(() => decoded(chunk, chunk.bytes.subarray(0, end))).toThrow(corrupt);
  });

  it('of any bytes is refused', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100, minLength: 1 }),
        fc.constantFrom(...small),
        (any, chunk) => {
          expect(() => decoded(chunk, any)).toThrow(corrupt);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('altered in several places is refused, or has as many rows', () => {
    fc.assert(
      fc.property(
        anyColumn,
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (column, delta, changes) => {
          const chunk = encodeChunk(column, { delta, compression: 'none' });
          const copy = Uint8Array.from(chunk.bytes);
          for (const [at, byte] of changes) copy[at % copy.length] = byte;
          const read = orRefused(() => decoded(chunk, copy));
          if (read !== null) expect(cellsOf(read)).toHaveLength(column.length);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a page with a right checksum', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const claims = {
    type: fc.constantFrom<ColumnType>(...TYPES),
    rows: fc.oneof(fc.nat(40), fc.nat(1000)),
    codec: fc.constantFrom<'SNAPPY' | 'UNCOMPRESSED'>('SNAPPY', 'UNCOMPRESSED'),
    pages: fc.array(
      fc.record({
        isDictionary: fc.boolean(),
        values: fc.oneof(fc.nat(40), fc.nat(2 ** 31 - 1)),
        encoding: fc.constantFrom(0, 3, 5, 8),
        body: fc.uint8Array({ maxLength: 120 }),
        size: fc.option(fc.nat(2 ** 31 - 1)),
        hasLevels: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  };

  it('and altered bytes is refused, or gives as many rows, and asks for little memory', () => {
    const alteration = fc.record({ page: fc.nat(3), at: fc.nat(), byte: fc.nat(255) });
    const claim = fc.option(
      fc.record({ page: fc.nat(3), values: fc.nat(600), encoding: fc.constantFrom(0, 5, 8) }),
      { freq: 3 },
    );
    let survivors = 0;
    fc.assert(
      fc.property(
        anyColumn,
        fc.record({
          delta: fc.boolean(),
          compression: fc.constantFrom('auto' as const, 'none' as const, 'snappy' as const),
        }),
        fc.array(alteration, { maxLength: 3 }),
        claim,
        (column, options, alterations, wrong) => {
          const { bytes, facts } = encodeChunk(column, options);
          const pages = pagesOf(bytes);
          for (const { page, at, byte } of alterations) {
            const body = pages[page]?.body;
            if (body !== undefined) body[at % body.length] = byte;
          }
          const header = pages[wrong?.page ?? -1]?.header.data_page_header;
          if (header) Object.assign(header, { num_values: wrong?.values, encoding: wrong?.encoding });
          const altered = Buffer.concat(pages.map(withChecksum));
          const asked = memoryAskedFor(() => {
            const read = orRefused(() =>
              decodeChunk(altered, { ...facts, length: altered.length, offset: 4 }),
            );
            if (read === null) return;
            expect(cellsOf(read)).toHaveLength(column.length);
            survivors++;
          });
          expect(asked).toBeLessThan(MEMORY);
        },
      ),
      { numRuns: 1500 },
    );
    expect(survivors).toBeGreaterThan(100);
  });

  it('and whatever claims and bytes is refused, or gives as many rows, and asks for little memory', () => {
    fc.assert(
      fc.property(fc.record(claims), fc.nat(40), ({ type, rows, codec, pages }, nullCount) => {
        const bytes = Buffer.concat(pages.map((page) => pageOf(page, rows)));
        const chunk: PlacedChunk = {
          ...NO_FACTS,
          type,
          rows,
          nullCount: Math.min(nullCount, rows),
          length: bytes.length,
          codec,
        };
        const asked = memoryAskedFor(() => {
          const column = orRefused(() => decodeChunk(bytes, chunk));
          if (column === null) return;
          expect(cellsOf(column)).toHaveLength(rows);
        });
        expect(asked).toBeLessThan(MEMORY);
      }),
      { numRuns: 2000 },
    );
  });

  it('that claims two thousand million values in a few bytes is refused without memory for them', () => {
    for (const type of TYPES)
      for (const encoding of [0, 5, 8]) {
        const body = Uint8Array.of(2, 0, 0, 0, 0xfe, 0xff);
        const page = pageOf(
          { isDictionary: true, values: 2 ** 31 - 1, encoding, body, size: null, hasLevels: false },
          0,
        );
        const chunk = { ...NO_FACTS, type, rows: 8, length: page.length };
        expect(
          memoryAskedFor(() => {
            expect(() => decodeChunk(page, chunk)).toThrow(corrupt);
          }),
        ).toBeLessThan(1 << 16);
      }
  });

  it('of a group with more rows than are ever written is refused without memory for them', () => {
    const chunk = { ...NO_FACTS, rows: MAX_GROUP_ROWS + 1, length: 0 };
    expect(
      memoryAskedFor(() => {
        expect(() => decodeChunk(new Uint8Array(), chunk)).toThrow(corrupt);
      }),
    ).toBeLessThan(1000);
  });
});

/** Far more than a few hundred rows and bytes need. */
const MEMORY = 4 * 1024 * 1024;

const NO_FACTS: PlacedChunk = {
  type: 'DOUBLE',
  rows: 0,
  nullCount: 0,
  offset: 4,
  length: 0,
  dictionaryLength: 0,
  uncompressedLength: 0,
  codec: 'UNCOMPRESSED',
  encodings: [],
  min: null,
  max: null,
};

interface PageClaims {
  readonly isDictionary: boolean;
  readonly values: number;
  readonly encoding: number;
  readonly body: Uint8Array;
  readonly size: number | null;
  /** Begins with levels that say that every row has a value. */
  readonly hasLevels: boolean;
}

function pageOf(
  { isDictionary, values, encoding, body, size, hasLevels }: PageClaims,
  rows: number,
): Uint8Array {
  const stored = hasLevels
    ? Uint8Array.of(3, 0, 0, 0, ((rows << 1) & 127) | 128, rows >> 6, 1, ...body)
    : body;
  const writer = new CompactWriter();
  new (structs().PageHeader)({
    type: structs().PageType[isDictionary ? 'DICTIONARY_PAGE' : 'DATA_PAGE'] ?? 0,
    uncompressed_page_size: size ?? stored.length,
    compressed_page_size: stored.length,
    crc: crc32(stored) | 0,
    data_page_header: isDictionary
      ? null
      : new (structs().DataPageHeader)({
          num_values: hasLevels ? rows : values,
          encoding,
          definition_level_encoding: 3,
          repetition_level_encoding: 3,
        }),
    dictionary_page_header: isDictionary
      ? new (structs().DictionaryPageHeader)({ num_values: values, encoding })
      : null,
  }).write(writer);
  return Buffer.concat([writer.bytes, stored]);
}

interface StoredPage {
  readonly header: PageHeader;
  readonly body: Uint8Array;
}

function pagesOf(bytes: Uint8Array): StoredPage[] {
  const cursor = new ByteCursor(Uint8Array.from(bytes));
  const pages: StoredPage[] = [];
  while (cursor.left > 0) {
    const header = new (structs().PageHeader)();
    header.read(new CompactReader(cursor));
    pages.push({ header, body: cursor.read(header.compressed_page_size ?? 0) });
  }
  return pages;
}

function withChecksum({ header, body }: StoredPage): Uint8Array {
  const writer = new CompactWriter();
  header.crc = crc32(body) | 0;
  header.write(writer);
  return Buffer.concat([writer.bytes, body]);
}

/** Bytes of all typed arrays that are made by length meanwhile. */
function memoryAskedFor(work: () => void): number {
  let asked = 0;
  for (const type of [Uint8Array, Int32Array, Float64Array, BigInt64Array]) {
    vi.stubGlobal(
      type.name,
      new Proxy(type, {
        construct: (target, args: unknown[], newTarget): object => {
          if (typeof args[0] === 'number') asked += Math.max(0, args[0]) * type.BYTES_PER_ELEMENT;
          return Reflect.construct(target, args, newTarget) as object;
        },
      }),
    );
  }
  try {
    work();
  } finally {
    vi.unstubAllGlobals();
  }
  return asked;
}
