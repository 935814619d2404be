import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { ExpmanError, errnoOf } from '../../model/errors.js';
import {
  MANIFEST_NAME,
  MAX_MANIFEST_BYTES,
  MAX_MEDIA_LINE,
  MEDIA_FOLDER,
  type MediaFile,
  mediaLine,
} from '../../model/media.js';
import type { FsPort } from '../../storage/fs-port.js';
import { tryMakeFolder } from '../../storage/make-folders.js';
import { writeAll } from '../../storage/write-all.js';

/** A file to be saved, without the facts that are only known once it is. */
export interface NewMedia extends Omit<MediaFile, 'file' | 'bytes' | 'sha256'> {
  readonly content: Uint8Array;
  /** The extension of the file's name. */
  readonly extension: string;
}

/** @bound loses nothing: the manifest has the whole name, and the file a number */
const MOST_NAME = 100;
const NEWLINE = 0x0a;
const ATTEMPTS = 10_000;

/**
 * A run's `media/` folder: files that are never replaced, and the manifest that lists them in
 * order.
 *
 * A file is written completely before its line, so every file in the manifest was complete; a
 * process killed in between leaves a file that no reader looks at.
 */
export class MediaFolder {
  private readonly folder: string;
  /** The number of the last file; null until the folder is inspected. */
  private last: number | null = null;
  /** True if the manifest may end within a line. */
  private torn = true;

  constructor(
    private readonly fs: FsPort,
    private readonly runDir: string,
    /** True if files are synced before `keep` returns. */
    private readonly power: boolean,
  ) {
    this.folder = join(runDir, MEDIA_FOLDER);
  }

  /**
   * Writes a file and its line; on failure neither remains.
   *
   * @throws ExpmanError `INVALID_NAME` if `media/` is a link, `INVALID_VALUE` if the manifest is
   * full, `IO` if the file system refuses
   */
  keep({ content, extension, ...media }: NewMedia): MediaFile {
    try {
      this.last ??= this.look();
      this.checkRoom();
      const file = this.write(stemOf(media), extension, content);
      const { length } = content;
      const sha256 = createHash('sha256').update(content).digest('hex');
      const { name, step, kind, type, caption, timestamp } = media;
      const line: MediaFile = { name, step, file, kind, type, bytes: length, sha256, caption, timestamp };
      try {
        this.append(mediaLine(line));
      } catch (error) {
        attempt(() => this.fs.remove(join(this.folder, file)));
        throw error;
      }
      return line;
    } catch (error) {
      throw error instanceof ExpmanError ? error : refused(this.folder, error);
    }
  }

  /** Makes the folder, or counts its files. */
  private look(): number {
    const { fs, folder, runDir } = this;
    if (tryMakeFolder(fs, folder)) return 0;
    const kind = fs.stat(folder)?.kind;
    if (kind === 'link')
      throw new ExpmanError(
        'INVALID_NAME',
        `${folder} is a link; the files of a run must stay in its folder`,
        {
          path: folder,
        },
      );
    if (kind !== 'folder') throw Object.assign(new Error(`ENOTDIR: ${runDir}`), { code: 'ENOTDIR' });
    return fs.list(folder).length;
  }

  /**
   * Checks the size of the manifest: readers refuse a larger one, and then no earlier file could be
   * listed either.
   */
  private checkRoom(): void {
    if (manifestBytes(this.fs, this.runDir) + MAX_MEDIA_LINE <= MAX_MANIFEST_BYTES) return;
    throw new ExpmanError(
      'INVALID_VALUE',
      `${join(this.folder, MANIFEST_NAME)} is full: it may have at most ${MAX_MANIFEST_BYTES} bytes; use saveArtifact for more files`,
      { rule: `at most ${MAX_MANIFEST_BYTES} bytes`, path: this.folder },
    );
  }

  /** Writes a file under a new name, and returns the name. */
  private write(stem: string, extension: string, content: Uint8Array): string {
    const { fs } = this;
    for (let tries = 1; ; tries++) {
      this.last = (this.last ?? 0) + 1;
      const file = `${stem}-${this.last}.${extension}`;
      const path = join(this.folder, file);
      try {
        const fd = fs.open(path, 'create');
        try {
          writeAll(fs, fd, content, 0);
          if (this.power) fs.sync(fd);
        } catch (error) {
          attempt(() => fs.remove(path));
          throw error;
        } finally {
          fs.close(fd);
        }
        return file;
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST' || tries === ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Appends a line in one write; an earlier incomplete line is ended first, and remains invalid
   * JSON.
   */
  private append(line: string): void {
    const { fs, folder } = this;
    const path = join(folder, MANIFEST_NAME);
    if (this.torn) this.torn = endsWithin(fs, path);
    const fd = fs.open(path, 'append');
    const heal = this.torn ? '\n' : '';
    this.torn = true;
    try {
      writeAll(fs, fd, Buffer.from(heal + line), null);
      if (this.power) fs.sync(fd);
    } finally {
      fs.close(fd);
    }
    if (this.power) fs.syncFolder(folder);
    this.torn = false;
  }
}

/** The size of a run's manifest in bytes. */
export const manifestBytes = (fs: FsPort, runDir: string): number =>
  fs.stat(join(runDir, MEDIA_FOLDER, MANIFEST_NAME))?.size ?? 0;

/** True if the last byte of a file is not a newline. */
function endsWithin(fs: FsPort, path: string): boolean {
  const size = fs.stat(path)?.size ?? 0;
  if (size === 0) return false;
  const fd = fs.open(path, 'read');
  try {
    const last = new Uint8Array(1);
    return fs.read(fd, last, size - 1) === 1 && last[0] !== NEWLINE;
  } finally {
    fs.close(fd);
  }
}

/** The name and step as the beginning of a file name that is valid on every system. */
function stemOf({ name, step }: Pick<NewMedia, 'name' | 'step'>): string {
  const safe = name.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, MOST_NAME);
  const stem = safe.startsWith('-') ? `_${safe.slice(1)}` : safe;
  return step === null ? stem : `${stem}-${step}`;
}

function refused(folder: string, error: unknown): ExpmanError {
  const errno = errnoOf(error);
  return new ExpmanError('IO', `a file cannot be saved in ${folder}: ${errno ?? String(error)}`, {
    path: folder,
    cause: error,
    ...(errno !== undefined && { errno }),
  });
}
