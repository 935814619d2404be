import { join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { tempName } from '../../storage/atomic-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { writeAll } from '../../storage/write-all.js';

/** Room for the smallest frame of the log, the head of its segment, and a run.yaml beside the one it replaces. */
const RESERVE_BYTES = 64 * 1024;

/**
 * A file of zeros beside a run's own: once the disk is full it is removed, which makes room for the rows at hand and for a run.yaml
 * that says what is wrong.
 *
 * It has the name of a temporary file, so that the next owner of a run that was cut off removes it.
 */
export class ReserveFile {
  private path: string | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
  ) {}

  /** Makes the file if it is not there; when there is no room for it, it counts as used. */
  keep(): void {
    if (this.path !== null) return;
    const path = join(this.folder, tempName('reserve'));
    try {
      const file = this.fs.open(path, 'create');
      this.path = path;
      try {
        writeAll(this.fs, file, new Uint8Array(RESERVE_BYTES), 0);
      } finally {
        this.fs.close(file);
      }
    } catch {
      this.release();
    }
  }

  /** Removes the file, so that as many bytes are free. */
  release(): void {
    const { path } = this;
    if (path === null) return;
    this.path = null;
    attempt(() => this.fs.remove(path));
  }
}
