import { type ExpmanError, errnoOf, messageOf } from './errors.js';

const ABSENT: ReadonlySet<string | undefined> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/**
 * Loads a package that need not be installed.
 *
 * @param refused - makes the error if it cannot be loaded; `isAbsent` is true if it is not installed
 */
export async function importOptional(
  name: string,
  refused: (isAbsent: boolean, cause: unknown) => ExpmanError,
): Promise<unknown> {
  try {
    // Not by its literal name: a bundler would follow it, and must build without it.
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  } catch (cause) {
    throw refused(ABSENT.has(errnoOf(cause)) && messageOf(cause).includes(`'${name}'`), cause);
  }
}
