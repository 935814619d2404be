import { memoised } from '../../model/memoised.js';
import { CompactWriter } from './compact-writer.js';
import type { PlacedChunk, RowGroup } from './facts.js';
import { CODEC_NUMBERS, ENCODING_NUMBERS, TYPE_NUMBERS } from './numbers.js';
import { structs } from './parquetjs.js';
import type { RowGroup as RowGroupEntry, SchemaField, ThriftOutput } from './parquetjs.js';
import { MARKS_KEY } from './text-marks.js';

const encoded = new WeakMap<RowGroup, { fields: readonly SchemaField[]; bytes: Uint8Array }>();
const writer = new CompactWriter(1 << 12);

/**
 * Describes a row group as an entry of the footer. A sealed group is in every later footer of the file: its entry is encoded once
 * and copied from then on, for as long as the same object describes the group and the columns have the same names.
 *
 * @throws RangeError when the group does not have one chunk for each field
 */
export function rowGroupEntry(fields: readonly SchemaField[], group: RowGroup): RowGroupEntry {
  const earlier = encoded.get(group);
  if (earlier !== undefined && haveSameNames(earlier.fields, fields))
    return new (entries().Encoded)(earlier.bytes);
  const bytes = encodeRowGroup(fields, group);
  encoded.set(group, { fields, bytes });
  return new (entries().Encoded)(bytes);
}

function encodeRowGroup(fields: readonly SchemaField[], group: RowGroup): Uint8Array {
  if (group.chunks.length !== fields.length)
    throw new RangeError('a row group must have one chunk for each field');
  const { Chunk } = entries();
  const columns = group.chunks.map((chunk, i) => new Chunk(fields[i], chunk));
  const size = group.chunks.reduce((sum, chunk) => sum + chunk.uncompressedLength, 0);
  writer.reset();
  new (structs().RowGroup)({ columns, total_byte_size: size, num_rows: group.rows }).write(writer);
  return Uint8Array.from(writer.bytes);
}

function haveSameNames(some: readonly SchemaField[], others: readonly SchemaField[]): boolean {
  return some.length === others.length && some.every(({ name }, i) => name === others[i]?.name);
}

/** The classes of entries, which extend generated ones and so are made when those are loaded. */
const entries = memoised(() => {
  const { ColumnChunk, ColumnMetaData, KeyValue, RowGroup: Group, Statistics } = structs();

  /** A row group that was encoded before. */
  class Encoded extends Group {
    readonly #bytes: Uint8Array;

    constructor(bytes: Uint8Array) {
      super();
      this.#bytes = bytes;
    }

    override write(output: ThriftOutput): void {
      if (!(output instanceof CompactWriter))
        throw new TypeError('an encoded row group can only be written in the compact protocol');
      output.writeEncoded(this.#bytes);
    }
  }

  const statistics = new Statistics();
  const metadata = new ColumnMetaData({ encodings: [], statistics });
  // The offset would be that of a second copy of the metadata after the chunk, which is not written.
  const chunk = new ColumnChunk({ file_offset: 0, meta_data: metadata });

  /**
   * A chunk's entry, described only while it is written, in structs that all chunks share: making the structs of 50,000
   * chunks first takes longer than writing them.
   */
  class Chunk extends ColumnChunk {
    readonly #field: SchemaField;
    readonly #facts: PlacedChunk;

    constructor(field: SchemaField | undefined, facts: PlacedChunk) {
      super();
      if (field === undefined) throw new RangeError('a chunk has no field');
      this.#field = field;
      this.#facts = facts;
    }

    override write(output: ThriftOutput): void {
      const facts = this.#facts;
      metadata.type = TYPE_NUMBERS[facts.type];
      metadata.encodings = facts.encodings.map((encoding) => ENCODING_NUMBERS[encoding]);
      metadata.path_in_schema = this.#field.path;
      metadata.codec = CODEC_NUMBERS[facts.codec];
      metadata.num_values = facts.rows;
      metadata.total_uncompressed_size = facts.uncompressedLength;
      metadata.total_compressed_size = facts.length;
      metadata.data_page_offset = facts.offset + facts.dictionaryLength;
      metadata.dictionary_page_offset = facts.dictionaryLength === 0 ? null : facts.offset;
      statistics.null_count = facts.nullCount;
      statistics.min_value = facts.min;
      statistics.max_value = facts.max;
      metadata.key_value_metadata =
        facts.marks === undefined ? null : [new KeyValue({ key: MARKS_KEY, value: facts.marks })];
      chunk.write(output);
    }
  }

  return { Chunk, Encoded };
});
