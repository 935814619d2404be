import type { SchemaElement } from 'hyparquet';

/** A record: one value of one attribute of a run. */
export interface NeptuneRecord {
  readonly attribute_path: string;
  readonly attribute_type: string;
  readonly step?: number | null;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number | null;
  readonly int_value?: bigint;
  readonly float_value?: number;
  readonly string_value?: string;
  readonly bool_value?: boolean;
  /** Milliseconds since the epoch. */
  readonly datetime_value?: number;
  readonly string_set_value?: readonly string[];
}

/** The factor for steps, which are decimals of 18 digits, 6 of them after the point. */
export const STEP_SCALE = 1_000_000;
/**
 * The largest step that fits into such a decimal.
 *
 * @bound loses nothing: the export says that it loses steps beyond 12 digits
 */
export const MAX_STEP = 999_999_999_999;

const text = (name: string): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
});
const plain = (name: string, type: 'INT64' | 'DOUBLE' | 'BOOLEAN'): SchemaElement => ({
  name,
  type,
  repetition_type: 'OPTIONAL',
});
const time = (name: string): SchemaElement => ({
  name,
  type: 'INT64',
  repetition_type: 'OPTIONAL',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
});
const listOf = (name: string, element: SchemaElement): SchemaElement[] => [
  {
    name,
    repetition_type: 'OPTIONAL',
    num_children: 1,
    converted_type: 'LIST',
    logical_type: { type: 'LIST' },
  },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  element,
];

/** The columns of neptune-exporter's files, in its order. */
export const SCHEMA: readonly SchemaElement[] = [
  { name: 'schema', num_children: 14 },
  text('project_id'),
  text('run_id'),
  text('attribute_path'),
  text('attribute_type'),
  {
    name: 'step',
    type: 'FIXED_LEN_BYTE_ARRAY',
    type_length: 8,
    repetition_type: 'OPTIONAL',
    converted_type: 'DECIMAL',
    precision: 18,
    scale: 6,
    logical_type: { type: 'DECIMAL', precision: 18, scale: 6 },
  },
  time('timestamp'),
  plain('int_value', 'INT64'),
  plain('float_value', 'DOUBLE'),
  text('string_value'),
  plain('bool_value', 'BOOLEAN'),
  time('datetime_value'),
  ...listOf('string_set_value', text('element')),
  { name: 'file_value', repetition_type: 'OPTIONAL', num_children: 1 },
  text('path'),
  { name: 'histogram_value', repetition_type: 'OPTIONAL', num_children: 3 },
  text('type'),
  ...listOf('edges', plain('element', 'DOUBLE')),
  ...listOf('values', plain('element', 'DOUBLE')),
];

/** The top-level columns, as the Parquet writer takes them. */
export const COLUMNS = [
  'project_id',
  'run_id',
  'attribute_path',
  'attribute_type',
  'step',
  'timestamp',
  'int_value',
  'float_value',
  'string_value',
  'bool_value',
  'datetime_value',
  'string_set_value',
  'file_value',
  'histogram_value',
] as const;
