import type { SchemaElement } from 'hyparquet';
import type { ErrorCode, ErrorFacts } from '../../model/errors.js';

/** A time in a Parquet file, in a form that crosses threads; microseconds since the epoch. */
export interface FileTime {
  readonly microsSinceEpoch: number;
}

/** True if a value of a Parquet file is a time. */
export function isFileTime(value: unknown): value is FileTime {
  return (
    typeof value === 'object' &&
    value !== null &&
    'microsSinceEpoch' in value &&
    typeof value.microsSinceEpoch === 'number'
  );
}

/** Requests to the thread, one at a time: open the file at a path, or return its next part. */
export type ToParquetThread = { readonly kind: 'open'; readonly path: string } | { readonly kind: 'next' };

/**
 * Messages from the thread: that it runs, the file's description, its rows in portions, the end; or
 * why it failed.
 */
export type FromParquetThread =
  | { readonly kind: 'running' }
  | {
      readonly kind: 'file';
      readonly columns: readonly SchemaElement[];
      readonly metadata: ReadonlyMap<string, string>;
      readonly groupBytes: readonly number[];
    }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly unknown[])[]; readonly group: number }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly facts: Pick<ErrorFacts, 'path' | 'errno'>;
    };
