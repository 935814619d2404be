import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteCursor } from '../../../src/storage/parquet/byte-cursor.js';
import { CompactReader } from '../../../src/storage/parquet/compact-reader.js';
import { CompactWriter } from '../../../src/storage/parquet/compact-writer.js';
import { structs } from '../../../src/storage/parquet/parquetjs.js';
import type { ColumnMetaData } from '../../../src/storage/parquet/parquetjs.js';

const PARQUETJS = new URL('../../../dist/modules/storage/parquet/parquetjs.js', import.meta.url).href;
const require = createRequire(import.meta.url);
const { serializeThrift } = require('parquetjs-lite/lib/util') as {
  readonly serializeThrift: (struct: unknown) => Buffer;
};

const count = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 31, 2 ** 32, 2 ** 53 - 1), fc.maxSafeInteger());
const text = fc.string({ unit: 'grapheme' });
// The package serializes a Buffer and no other Uint8Array.
const bytes = fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array));

const columnMetaData = fc
  .record({
    type: fc.nat(7),
    encodings: fc.array(fc.nat(8), { maxLength: 20 }),
    path_in_schema: fc.array(text, { maxLength: 3 }),
    codec: fc.nat(6),
    num_values: count,
    total_uncompressed_size: count,
    total_compressed_size: count,
    data_page_offset: count,
    dictionary_page_offset: fc.option(count),
    statistics: fc
      .record({ null_count: count, min_value: fc.option(bytes), max_value: fc.option(bytes) })
      .map((fields) => new (structs().Statistics)(fields)),
  })
  .map((fields) => new (structs().ColumnMetaData)(fields));

const fileMetaData = fc
  .record({ columns: fc.array(columnMetaData, { maxLength: 20 }), rows: count, key: text, value: text })
  .map(({ columns, rows, key, value }) => {
    const unit = new (structs().TimeUnit)({ MICROS: new (structs().MicroSeconds)() });
    const TIMESTAMP = new (structs().TimestampType)({ isAdjustedToUTC: rows % 2 === 0, unit });
    const logicalType = new (structs().LogicalType)({ TIMESTAMP });
    const chunks = columns.map((meta_data) => new (structs().ColumnChunk)({ file_offset: 0, meta_data }));
    return new (structs().FileMetaData)({
      version: 2,
      schema: [new (structs().SchemaElement)({ name: key, num_children: 1, logicalType })],
      num_rows: rows,
      row_groups: [new (structs().RowGroup)({ columns: chunks, total_byte_size: rows, num_rows: rows })],
      key_value_metadata: [new (structs().KeyValue)({ key, value })],
      created_by: value,
      column_orders: [new (structs().ColumnOrder)({ TYPE_ORDER: new (structs().TypeDefinedOrder)() })],
    });
  });

function written(struct: { write(output: CompactWriter): void }): Uint8Array {
  const writer = new CompactWriter(1);
  struct.write(writer);
  return Uint8Array.from(writer.bytes);
}

describe('the compact protocol', () => {
  it('writes the bytes that the package writes itself', () => {
    fc.assert(
      fc.property(fileMetaData, (struct) => {
        expect(Buffer.from(written(struct))).toEqual(serializeThrift(struct));
      }),
      { numRuns: 60 },
    );
  });

  it('writes page headers as the package does, whatever the checksum', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), (crc, size) => {
        const data_page_header = new (structs().DataPageHeader)({
          num_values: size,
          encoding: 8,
          definition_level_encoding: 3,
          repetition_level_encoding: 3,
        });
        const header = {
          type: 0,
          uncompressed_page_size: size,
          compressed_page_size: size,
          crc,
          data_page_header,
        };
        const struct = new (structs().PageHeader)(header);
        expect(Buffer.from(written(struct))).toEqual(serializeThrift(struct));
      }),
    );
  });

  it('reads back what it wrote, text as bytes', () => {
    fc.assert(
      fc.property(columnMetaData, (struct) => {
        const read: ColumnMetaData = new (structs().ColumnMetaData)();
        read.read(new CompactReader(new ByteCursor(written(struct))));
        expect(written(read)).toEqual(written(struct));
        expect(read.path_in_schema?.every((path) => path instanceof Uint8Array)).toBe(true);
      }),
    );
  });

  it.each(['structs', 'parquetjs'])(
    'leaves no class of the generated code in the global scope: %s loaded first',
    (first) => {
      const program = `
        const loaded = await import(${JSON.stringify(PARQUETJS)});
        const before = new Set(Object.getOwnPropertyNames(globalThis));
        loaded[${JSON.stringify(first)}]();
        const classes = Object.keys(loaded.structs());
        const leaked = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
        console.log(JSON.stringify([classes.includes('Statistics'), leaked]));`;
      const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
        encoding: 'utf8',
      });
      expect(JSON.parse(printed)).toEqual([true, []]);
    },
  );

  it('writes 64-bit integers up to 2^53 on both sides', () => {
    const edges = fc.constantFrom(
      0,
      -1,
      2 ** 30,
      -(2 ** 30) - 1,
      2 ** 32,
      -(2 ** 52) - 1,
      2 ** 53 - 1,
      1 - 2 ** 53,
    );
    fc.assert(
      fc.property(fc.oneof(edges, fc.maxSafeInteger()), (value) => {
        const writer = new CompactWriter();
        writer.writeI64(value);
        expect(new CompactReader(new ByteCursor(writer.bytes)).readI64()).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  it('does not take more structs than their bytes can hold', () => {
    const writer = new CompactWriter();
    // A list of empty structs, a byte each in the file and a hundred in memory.
    new (structs().FileMetaData)({ version: 2, key_value_metadata: [] }).write(writer);
    const bytes = Buffer.from(writer.bytes);
    const flood = Buffer.concat([
      bytes.subarray(0, -2),
      Buffer.of(0xfc, 0xa0, 0x8d, 0x06),
      Buffer.alloc(100_001),
    ]);
    const metadata = new (structs().FileMetaData)();
    expect(() => metadata.read(new CompactReader(new ByteCursor(flood)))).toThrow(
      'more structs than its size allows',
    );
  });

  it('does not follow unknown structs deeper than any of ours nest', () => {
    const nested = Buffer.alloc(2000, 0xfc);
    expect(() => new (structs().FileMetaData)().read(new CompactReader(new ByteCursor(nested)))).toThrow(
      'nested too deep',
    );
  });
});
