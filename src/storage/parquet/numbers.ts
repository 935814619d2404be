import type { ColumnType } from '../../columnar/column.js';
import type { Codec, Encoding } from './facts.js';

// Those of parquet.thrift; specs/storage/parquet/numbers.spec.ts compares them with parquetjs-lite's.

/** The numbers of our encodings in a file. */
export const ENCODING_NUMBERS: Readonly<Record<Encoding, number>> = {
  PLAIN: 0,
  RLE: 3,
  RLE_DICTIONARY: 8,
  DELTA_BINARY_PACKED: 5,
};

/** The numbers of the physical types of our column types. */
export const TYPE_NUMBERS: Readonly<Record<ColumnType, number>> = {
  BOOLEAN: 0,
  INT64: 2,
  TIMESTAMP: 2,
  DOUBLE: 5,
  UTF8: 6,
};

/** The numbers of our codecs in a file. */
export const CODEC_NUMBERS: Readonly<Record<Codec, number>> = {
  UNCOMPRESSED: 0,
  SNAPPY: 1,
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
