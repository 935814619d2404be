import type { ColumnType } from '../../columnar/column.js';
import type { Codec, Encoding } from './facts.js';
import { structs } from './parquetjs.js';

/** The numbers of our encodings in a file. */
export const ENCODING_NUMBERS: Readonly<Record<Encoding, number>> = {
  PLAIN: numberOf(structs.Encoding, 'PLAIN'),
  RLE: numberOf(structs.Encoding, 'RLE'),
  RLE_DICTIONARY: numberOf(structs.Encoding, 'RLE_DICTIONARY'),
  DELTA_BINARY_PACKED: numberOf(structs.Encoding, 'DELTA_BINARY_PACKED'),
};

/** The numbers of the physical types of our column types. */
export const TYPE_NUMBERS: Readonly<Record<ColumnType, number>> = {
  BOOLEAN: numberOf(structs.Type, 'BOOLEAN'),
  INT64: numberOf(structs.Type, 'INT64'),
  TIMESTAMP: numberOf(structs.Type, 'INT64'),
  DOUBLE: numberOf(structs.Type, 'DOUBLE'),
  UTF8: numberOf(structs.Type, 'BYTE_ARRAY'),
};

/** The numbers of our codecs in a file. */
export const CODEC_NUMBERS: Readonly<Record<Codec, number>> = {
  UNCOMPRESSED: numberOf(structs.CompressionCodec, 'UNCOMPRESSED'),
  SNAPPY: numberOf(structs.CompressionCodec, 'SNAPPY'),
};

/** The encoding of a number in a file; undefined for one that is never written. */
export function encodingOf(number: number | null): Encoding | undefined {
  switch (number) {
    case ENCODING_NUMBERS.PLAIN:
      return 'PLAIN';
    case ENCODING_NUMBERS.RLE:
      return 'RLE';
    case ENCODING_NUMBERS.RLE_DICTIONARY:
      return 'RLE_DICTIONARY';
    case ENCODING_NUMBERS.DELTA_BINARY_PACKED:
      return 'DELTA_BINARY_PACKED';
    default:
      return undefined;
  }
}

/** The codec of a number in a file; undefined for one that is never written. */
export function codecOf(number: number | null): Codec | undefined {
  if (number === CODEC_NUMBERS.UNCOMPRESSED) return 'UNCOMPRESSED';
  return number === CODEC_NUMBERS.SNAPPY ? 'SNAPPY' : undefined;
}

function numberOf(numbers: Readonly<Record<string, number>>, name: string): number {
  const number = numbers[name];
  if (number === undefined) throw new RangeError(`parquet.thrift has no ${name}`);
  return number;
}
