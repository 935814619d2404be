import { crc32 } from 'node:zlib';
import { ExpmanError } from '../../model/errors.js';
import { memoised } from '../../model/memoised.js';
import { CompactWriter } from './compact-writer.js';
import { rowGroupEntry } from './encode-row-group.js';
import { MAX_FOOTER_BYTES } from './facts.js';
import type { FileFooter, RowGroup } from './facts.js';
import { CREATED_BY, parquetjs, structs } from './parquetjs.js';
import type { KeyValue, Schema, ThriftOutput } from './parquetjs.js';
import { formatRegions, hex } from './regions.js';
import { toSchema, toSchemaElements } from './schema.js';

/** The file's first four bytes, and its last. */
export const MAGIC: Uint8Array = Buffer.from('PAR1');

/** The metadata entry that holds {@link FileFooter.regions}. */
export const REGIONS_KEY = 'expman.regions';
/** The metadata entry that holds the CRC-32 of the footer, computed with zeros in its place. */
export const CRC_KEY = 'expman.crc';
export const CRC_PLACEHOLDER = '00000000';

/**
 * Encodes the end of a file: the metadata, its length and `PAR1`. The data lies between
 * {@link MAGIC} and this.
 *
 * Some 70 bytes a chunk; 3 microseconds a chunk of a new group, almost nothing for a group that was
 * in an earlier footer.
 *
 * @throws ExpmanError `INVALID_NAME` for two fields of one name or a reserved metadata key,
 *   `WRITE_FAILED` beyond 64 MB; RangeError for a group whose chunks do not fit the fields
 */
export function encodeFooter(footer: FileFooter): Uint8Array {
  check(footer);
  const sections: Uint8Array[] = [];
  const { FooterEnvelope } = classes();
  const { KeyValue } = structs();
  const envelope = new FooterEnvelope(toSchema(footer.fields), sections);
  for (const group of footer.groups) envelope.addRowGroup(group);
  envelope.writeMetadata([
    ...[...footer.metadata].map(([key, value]) => new KeyValue({ key, value })),
    new KeyValue({ key: REGIONS_KEY, value: formatRegions(footer.regions) }),
  ]);
  const [bytes] = sections;
  if (bytes === undefined || bytes.length > MAX_FOOTER_BYTES) {
    throw new ExpmanError('WRITE_FAILED', 'the footer of the Parquet file would be larger than 64 MB');
  }
  return bytes;
}

/** The classes that extend those of parquetjs-lite, and so are made when it is loaded. */
const classes = memoised(() => {
  /** The entry of the footer's own checksum: notes where its digits come to lie, to set them when all is written. */
  class Checksum extends structs().KeyValue {
    #at = 0;

    constructor() {
      super({ key: CRC_KEY, value: CRC_PLACEHOLDER });
    }

    override write(output: ThriftOutput): void {
      super.write(output);
      // The value is the struct's last field, followed by the stop byte.
      if (output instanceof CompactWriter) this.#at = output.length - CRC_PLACEHOLDER.length - 1;
    }

    patch(metadata: Uint8Array): void {
      metadata.set(Buffer.from(hex(crc32(metadata))), this.#at);
    }
  }

  /**
   * parquetjs-lite's envelope writer with the row groups described and the metadata serialized by us: its own
   * `writeRowGroup` copies the group once per column and knows no dictionary page, its `writeFooter` takes 60 ms for
   * 2,000 chunks.
   */
  class FooterEnvelope extends parquetjs().ParquetEnvelopeWriter {
    constructor(schema: Schema, sections: Uint8Array[]) {
      super(
        schema,
        (bytes) => sections.push(bytes),
        () => undefined,
        0,
        {},
      );
    }

    addRowGroup(group: RowGroup): void {
      this.rowGroups.push(rowGroupEntry(this.schema.fieldList, group));
      this.rowCount += group.rows;
    }

    writeMetadata(entries: readonly KeyValue[]): void {
      const checksum = new Checksum();
      const { FileMetaData, ColumnOrder, TypeDefinedOrder } = structs();
      // Without an order, engines must not trust `min_value` and `max_value`.
      const order = new ColumnOrder({ TYPE_ORDER: new TypeDefinedOrder() });
      const output = new CompactWriter(1 << 16);
      new FileMetaData({
        version: 2,
        schema: toSchemaElements(this.schema),
        num_rows: this.rowCount,
        row_groups: this.rowGroups,
        key_value_metadata: [...entries, checksum],
        created_by: CREATED_BY,
        column_orders: this.schema.fieldList.map(() => order),
      }).write(output);
      checksum.patch(output.bytes);
      this.writeSection(withTrailer(output.bytes));
    }
  }

  return { FooterEnvelope };
});

function check({ fields, groups, metadata }: FileFooter): void {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name))
      throw new ExpmanError('INVALID_NAME', `two columns are named ${JSON.stringify(name)}`, { value: name });
    names.add(name);
  }
  for (const { chunks } of groups) {
    const differs = chunks.findIndex((chunk, i) => chunk.type !== fields[i]?.type);
    if (differs >= 0)
      throw new RangeError(`chunk ${String(differs)} of a row group is not of its column's type`);
  }
  for (const key of [REGIONS_KEY, CRC_KEY]) {
    if (metadata.has(key)) {
      throw new ExpmanError('INVALID_NAME', `the metadata key ${key} is reserved for the Parquet writer`, {
        value: key,
      });
    }
  }
}

function withTrailer(metadata: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafeSlow(metadata.length + 8);
  out.set(metadata);
  out.writeUInt32LE(metadata.length, metadata.length);
  out.set(MAGIC, metadata.length + 4);
  return out;
}
