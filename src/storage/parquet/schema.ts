import type { ColumnField, ColumnType } from '../../columnar/column.js';
import { corrupt } from './corrupt.js';
import { parquetjs, structs } from './parquetjs.js';
import type { LogicalType, Schema, SchemaElement } from './parquetjs.js';
import { decodeText } from './text.js';

/** The names of our column types in parquetjs-lite. */
const PACKAGE_TYPES: Readonly<Record<ColumnType, string>> = {
  BOOLEAN: 'BOOLEAN',
  INT64: 'INT64',
  DOUBLE: 'DOUBLE',
  UTF8: 'UTF8',
  TIMESTAMP: 'TIMESTAMP_MICROS',
};

/** The Parquet schema of the fields, all of them optional. */
export function toSchema(fields: readonly ColumnField[]): Schema {
  // The package keys plain objects by name: '__proto__' would vanish, and '1' would come before
  // 'a'. So it gets safe names, and the fields get their own afterwards.
  const safe = fields.map(
    ({ type }, i) => [`c${String(i)}`, { type: PACKAGE_TYPES[type], optional: true }] as const,
  );
  const { ParquetSchema } = parquetjs();
  const schema = new ParquetSchema(Object.fromEntries(safe));
  schema.fieldList.forEach((field, i) => {
    const name = fields[i]?.name ?? '';
    field.name = name;
    field.path = [name];
  });
  return schema;
}

/** The schema as the footer holds it: the root and then the fields. */
export function toSchemaElements(schema: Schema): SchemaElement[] {
  const { Type, ConvertedType, FieldRepetitionType, SchemaElement } = structs();
  const root = new SchemaElement({ name: 'schema', num_children: schema.fieldList.length });
  const fields = schema.fieldList.map(
    ({ name, primitiveType, originalType, repetitionType }) =>
      new SchemaElement({
        name,
        type: Type[primitiveType] ?? null,
        repetition_type: FieldRepetitionType[repetitionType] ?? null,
        converted_type: originalType === undefined ? null : (ConvertedType[originalType] ?? null),
        logicalType: logicalType(originalType),
      }),
  );
  return [root, ...fields];
}

/**
 * The fields that a footer's schema describes.
 *
 * @throws ExpmanError `CORRUPT` for anything but a flat schema of optional columns of our types
 */
export function fromSchemaElements(elements: readonly SchemaElement[]): ColumnField[] {
  const [root, ...rest] = elements;
  if (root?.num_children !== rest.length) throw corrupt('its schema is not flat');
  const fields = rest.map((element) => ({
    name: decodeText(element.name, 'a column name'),
    type: typeOf(element),
  }));
  if (new Set(fields.map(({ name }) => name)).size !== fields.length)
    throw corrupt('two columns have the same name');
  return fields;
}

/**
 * The logical type; the older converted type means the same, but does not say whether a timestamp
 * is UTC.
 */
function logicalType(originalType: string | undefined): LogicalType | null {
  const { LogicalType, MicroSeconds, StringType, TimestampType, TimeUnit } = structs();
  switch (originalType) {
    case 'UTF8':
      return new LogicalType({ STRING: new StringType() });
    case 'TIMESTAMP_MICROS': {
      const unit = new TimeUnit({ MICROS: new MicroSeconds() });
      return new LogicalType({
        TIMESTAMP: new TimestampType({ isAdjustedToUTC: true, unit }),
      });
    }
    default:
      return null;
  }
}

function typeOf(element: SchemaElement): ColumnType {
  const { Type, ConvertedType, FieldRepetitionType } = structs();
  const { type, converted_type: converted } = element;
  if (element.repetition_type === FieldRepetitionType['OPTIONAL'] && element.num_children === null) {
    if (type === Type['BYTE_ARRAY'] && converted === ConvertedType['UTF8']) return 'UTF8';
    if (type === Type['INT64'] && converted === ConvertedType['TIMESTAMP_MICROS']) return 'TIMESTAMP';
    if (type === Type['INT64'] && converted === null) return 'INT64';
    if (type === Type['DOUBLE'] && converted === null) return 'DOUBLE';
    if (type === Type['BOOLEAN'] && converted === null) return 'BOOLEAN';
  }
  throw corrupt('a column has a type that this package never writes');
}
