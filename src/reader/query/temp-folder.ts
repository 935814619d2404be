import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own (mode 0700) outside every folder of experiments, made when it is first asked for. */
export class TempFolder implements Disposable {
  private made: string | null = null;

  get path(): string {
    // As the system names it: the database compares paths by their text.
    return (this.made ??= realpathSync(mkdtempSync(join(tmpdir(), 'expman-query-'))));
  }

  [Symbol.dispose](): void {
    if (this.made !== null) rmSync(this.made, { recursive: true, force: true });
    this.made = null;
  }
}
