import { describe, expect, it } from 'vitest';
import { CODEC_NUMBERS, ENCODING_NUMBERS, TYPE_NUMBERS } from '../../../src/storage/parquet/numbers.js';
import { structs } from '../../../src/storage/parquet/parquetjs.js';

describe('the numbers in a Parquet file', () => {
  it('are those that parquetjs-lite has from parquet.thrift', () => {
    const { CompressionCodec, Encoding, Type } = structs();
    for (const [name, number] of Object.entries(ENCODING_NUMBERS))
      expect([name, number]).toEqual([name, Encoding[name]]);
    for (const [name, number] of Object.entries(CODEC_NUMBERS))
      expect([name, number]).toEqual([name, CompressionCodec[name]]);
    const physical = { ...TYPE_NUMBERS, TIMESTAMP: undefined, UTF8: undefined };
    for (const [name, number] of Object.entries(physical))
      if (number !== undefined) expect([name, number]).toEqual([name, Type[name]]);
    expect([TYPE_NUMBERS.TIMESTAMP, TYPE_NUMBERS.UTF8]).toEqual([Type['INT64'], Type['BYTE_ARRAY']]);
  });
});
