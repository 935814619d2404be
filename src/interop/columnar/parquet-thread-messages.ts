import type { SchemaElement } from 'hyparquet';
import type { ErrorCode, ErrorFacts } from '../../model/errors.js';

/** A time in a Parquet file, as it crosses between threads; microseconds since the epoch. */
export interface FileTime {
  readonly microsSinceEpoch: number;
}

/** Whether a value of a Parquet file is a time. */
export function isFileTime(value: unknown): value is FileTime {
  return (
    typeof value === 'object' &&
    value !== null &&
    'microsSinceEpoch' in value &&
    typeof value.microsSinceEpoch === 'number'
  );
}

/** What the thread is asked, one thing after the other: the file at a path, and what comes next in it. */
export type ToParquetThread = { readonly kind: 'open'; readonly path: string } | { readonly kind: 'next' };

/** What the thread tells: that it runs, what the file is, its rows in portions, the end; or why it cannot go on. */
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
