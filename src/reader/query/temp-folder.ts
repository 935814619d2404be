import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { defaultCacheDir } from '../run-index.js';

/** Where temporary files may go: a container may have no /tmp, or a TMPDIR that leads nowhere. The last one is in memory. */
const PLACES: readonly (() => string)[] = [
  tmpdir,
  () => {
    const folder = defaultCacheDir();
    if (folder === null) throw new Error('there is no home folder');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  },
  ...(process.platform === 'linux' ? [() => '/dev/shm'] : []),
];

/** A folder of its own (mode 0700) outside every folder of experiments, made when it is first asked for. */
export class TempFolder implements Disposable {
  /** Why it cannot be made, once it was asked for. */
  failure: ExpmanError | null = null;
  private made: string | null = null;

  constructor(private readonly places = PLACES) {}

  /** @throws ExpmanError `IO` where no folder for temporary files can be written to */
  get path(): string {
    // As the system names it: the database compares paths by their text.
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
      `a query needs a folder for temporary files, and none can be made: ${failures.join('; ')}. Set TMPDIR to a folder that can be written to`,
      { path: tmpdir() },
    ));
  }
}
