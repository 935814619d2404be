import { join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { tempName } from '../../storage/atomic-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { writeAll } from '../../storage/write-all.js';

/**
 * The room for the smallest frame of the log, the head of its segment, and a run.yaml beside the
 * one it replaces.
 */
const RESERVE_BYTES = 64 * 1024;

/**
 * A file of zeros beside a run's own: once the disk is full it is removed, which makes room for the
 * current rows and for a run.yaml that reports the failure.
 *
 * It has the name of a temporary file, so that the next owner of an interrupted run removes it.
 */
export class ReserveFile {
  private path: string | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly folder: string,
  ) {}

  /** Creates the file if it is missing; if there is no room for it, it counts as used. */
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

  /** Removes the file to free its space. */
  release(): void {
    const { path } = this;
    if (path === null) return;
    this.path = null;
    attempt(() => this.fs.remove(path));
  }
}
