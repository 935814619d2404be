import { ExpmanError } from '../model/errors.js';
import { VERSION } from '../model/version.js';

/** The format of a file that a later version of this package wrote. */
export interface NewerFormat {
  /** The kind of file, for example `write-ahead log`. */
  readonly what: string;
  readonly version: number | undefined;
  /** The latest format this version reads. */
  readonly known: number;
  /** The version of expman-rx that wrote the file; empty or undefined where the file does not say. */
  readonly writtenBy: string | undefined;
}

/** The error for a file of a later format; its `value` is the version of expman-rx that is needed, where that is known. */
export function unsupportedVersion(
  path: string,
  { what, version, known, writtenBy = '' }: NewerFormat,
): ExpmanError {
  const needed =
    writtenBy === '' ? `a version that reads format ${version ?? 'of it'}` : `${writtenBy} or later`;
  return new ExpmanError(
    'UNSUPPORTED_VERSION',
    `${path} is a ${what} of format ${version ?? 'unknown'}; expman-rx ${VERSION} reads formats up to ${known}. ` +
      `Install expman-rx ${needed} to open this run`,
    { path, value: writtenBy, rule: `format ${known} or lower` },
  );
}
