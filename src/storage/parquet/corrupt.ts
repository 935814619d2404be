import { ExpmanError } from '../../model/errors.js';

/** The error for bytes that fail a check; `what` completes "the Parquet file is corrupt: ...". */
export function corrupt(what: string, cause?: unknown): ExpmanError {
  return new ExpmanError(
    'CORRUPT',
    `the Parquet file is corrupt: ${what}`,
    cause === undefined ? {} : { cause },
  );
}

/** Runs a decoder and turns any other error that it throws on hostile bytes into `CORRUPT`. */
export function orCorrupt<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ExpmanError) throw error;
    throw corrupt(what, error);
  }
}
