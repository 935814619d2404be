import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { defaultCacheDir } from '../run-index.js';

/**
 * Folders for temporary files: a container may have no /tmp, or a TMPDIR that does not exist. The
 * last one is in memory.
 */
const PLACES: readonly (() => string)[] = [
  tmpdir,
  () => {
    const folder = defaultCacheDir();
    if (folder === null) throw new Error('the user has no home folder');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  },
  ...(process.platform === 'linux' ? [() => '/dev/shm'] : []),
];

/**
 * A private folder (mode 0700) outside every folder of experiments, created when it is first used.
 */
export class TempFolder implements Disposable {
  /** The reason why it cannot be created, after the first attempt. */
  failure: ExpmanError | null = null;
  private made: string | null = null;

  constructor(private readonly places = PLACES) {}

  /** @throws ExpmanError `IO` if no folder for temporary files is writable */
  get path(): string {
    // The real path: the database compares paths as text.
    return (this.made ??= realpathSync(this.make()));
  }

  [Symbol.dispose](): void {
    if (this.made !== null) rmSync(this.made, { recursive: true, force: true });
    this.made = null;
  }

  private make(): string {
    const failures: string[] = [];
    for (const place of this.places)
      try {
        return mkdtempSync(join(place(), 'expman-query-'));
      } catch (error) {
        failures.push(messageOf(error));
      }
    throw (this.failure = new ExpmanError(
      'IO',
      `a query needs a folder for temporary files, and none can be created: ${failures.join('; ')}. Set TMPDIR to a writable folder`,
      { path: tmpdir() },
    ));
  }
}
