import type { Column, ColumnField } from './column.js';
import { nullColumn } from './concat.js';
import { gatherColumn } from './gather.js';
import type { NamedColumn } from './record-batch.js';

/** Columns by field name; a missing column is empty. */
export const namedColumns = (fields: readonly ColumnField[], columns: readonly Column[]): NamedColumn[] =>
  fields.map(({ name, type }, index) => ({ ...(columns[index] ?? nullColumn(type, 0)), name }));

/** Selects the rows of columns listed in `source`, in that order. */
export const gatherRows = (columns: readonly NamedColumn[], source: Int32Array): NamedColumn[] =>
  columns.map((column) => ({ ...gatherColumn(column, source), name: column.name }));
