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

/** What is to be kept, but for what only the keeping tells. */
export interface NewMedia extends Omit<MediaFile, 'file' | 'bytes' | 'sha256'> {
  readonly content: Uint8Array;
  /** Of the file's name. */
  readonly extension: string;
}

/** @bound loses nothing: the manifest has the whole name, and the file a number */
const MOST_NAME = 100;
const NEWLINE = 0x0a;
const ATTEMPTS = 10_000;

/**
 * A run's `media/` folder: files that are never replaced, and the manifest that lists them in the order they came.
 *
 * A file is written whole before its line is, so what the manifest lists was whole; a process that is killed in
 * between leaves a file that no reader looks at.
 */
export class MediaFolder {
  private readonly folder: string;
  /** The number of the last file; null before the folder was looked at. */
  private last: number | null = null;
  /** The manifest may end within a line. */
  private torn = true;

  constructor(
    private readonly fs: FsPort,
    private readonly runDir: string,
    /** Whether what is kept is synced before `keep` returns. */
    private readonly power: boolean,
  ) {
    this.folder = join(runDir, MEDIA_FOLDER);
  }

  /**
   * Writes a file and its line; on failure neither is there.
   *
   * @throws ExpmanError `INVALID_NAME` where `media/` is a link, `INVALID_VALUE` where the manifest is full, `IO` when the file system refuses
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

  /** Makes the folder, or finds how many files it has. */
  private look(): number {
    const { fs, folder, runDir } = this;
    if (tryMakeFolder(fs, folder)) return 0;
    const kind = fs.stat(folder)?.kind;
    if (kind === 'link')
      throw new ExpmanError('INVALID_NAME', `${folder} is a link, a run's files must stay in it`, {
        path: folder,
      });
    if (kind !== 'folder') throw Object.assign(new Error(`ENOTDIR: ${runDir}`), { code: 'ENOTDIR' });
    return fs.list(folder).length;
  }

  /** Readers refuse a manifest that is larger: then none of the files before could be listed either. */
  private checkRoom(): void {
    if (manifestBytes(this.fs, this.runDir) + MAX_MEDIA_LINE <= MAX_MANIFEST_BYTES) return;
    throw new ExpmanError(
      'INVALID_VALUE',
      `${join(this.folder, MANIFEST_NAME)} is full, it may have ${MAX_MANIFEST_BYTES} bytes; saveArtifact takes more files`,
      { rule: `at most ${MAX_MANIFEST_BYTES} bytes`, path: this.folder },
    );
  }

  /** Writes a file of a name that is new, and returns the name. */
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

  /** Appends a line in one write; one that was cut off before is closed first, and stays no line of JSON. */
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

/** How many bytes a run's manifest has. */
export const manifestBytes = (fs: FsPort, runDir: string): number =>
  fs.stat(join(runDir, MEDIA_FOLDER, MANIFEST_NAME))?.size ?? 0;

/** Whether a file's last byte is no newline. */
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

/** The name and step as the beginning of a file name that every system takes. */
function stemOf({ name, step }: Pick<NewMedia, 'name' | 'step'>): string {
  const safe = name.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, MOST_NAME);
  const stem = safe.startsWith('-') ? `_${safe.slice(1)}` : safe;
  return step === null ? stem : `${stem}-${step}`;
}

function refused(folder: string, error: unknown): ExpmanError {
  const errno = errnoOf(error);
  return new ExpmanError('IO', `a file cannot be kept in ${folder}: ${errno ?? String(error)}`, {
    path: folder,
    cause: error,
    ...(errno !== undefined && { errno }),
  });
}
