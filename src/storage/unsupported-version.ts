import { ExpmanError } from '../model/errors.js';
import { VERSION } from '../model/version.js';

/** The format of a file that a later version of this package wrote. */
export interface NewerFormat {
  /** The kind of file, for example `write-ahead log`. */
  readonly what: string;
  readonly version: number | undefined;
  /** The latest format this version reads. */
  readonly known: number;
  /** The version of expman-rx that wrote the file; empty or undefined if the file does not say. */
  readonly writtenBy: string | undefined;
}

/**
 * Makes the error for a file of a later format; its `value` is the version of expman-rx that is
 * needed, if known.
 */
export function unsupportedVersion(
  path: string,
  { what, version, known, writtenBy = '' }: NewerFormat,
): ExpmanError {
  const needed = writtenBy === '' ? 'a later version of expman-rx' : `expman-rx ${writtenBy} or later`;
  return new ExpmanError(
    'UNSUPPORTED_VERSION',
    `${path} is a ${what} of format ${version ?? 'unknown'}; expman-rx ${VERSION} reads formats up to ${known}. ` +
      `Install ${needed} to open this run`,
    { path, value: writtenBy, rule: `format ${known} or lower` },
  );
}
