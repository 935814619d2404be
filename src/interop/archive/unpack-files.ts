import { closeSync, constants, fsyncSync, mkdirSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { amount, callback } from '../../model/option-rules.js';
import { tempName } from '../../storage/atomic-file.js';
import { makeFolders } from '../../storage/make-folders.js';
import { nodeFs, umaskFs } from '../../storage/node-fs.js';
import type { ArchivedName } from './archive-names.js';
import { type ArchiveSink, readArchive } from './read-archive.js';

/** How much of an archive is unpacked, and who is told of it. */
export interface UnpackOptions {
  /** The maximum number of files; default 100,000. */
  readonly maxFiles?: number | undefined;
  /** The maximum bytes of all files together; default 64 GiB. */
  readonly maxBytes?: number | undefined;
  /** Called with the bytes of files unpacked so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * The limits on an archive unless others are given.
 *
 * @bound refuses: UNSAFE_ARCHIVE
 */
export const DEFAULT_LIMITS = { maxFiles: 100_000, maxBytes: 64 * 2 ** 30 };

/** The rules of {@link UnpackOptions}. */
export const UNPACK_RULES = {
  maxFiles: amount(0, Infinity).byDefault(DEFAULT_LIMITS.maxFiles),
  maxBytes: amount(0, Infinity).byDefault(DEFAULT_LIMITS.maxBytes),
  onBytes: callback<(bytes: number) => void>().orNull(),
};

/** Checked {@link UnpackOptions}. */
interface Unpacking {
  readonly maxFiles: number;
  readonly maxBytes: number;
  readonly onBytes: ((bytes: number) => void) | null | undefined;
}

/**
 * Gives `work` a new folder in a folder of experiments, which only its owner may enter, and removes
 * it afterwards with what is left in it; a folder of experiments that was made for it goes, too, if
 * it is empty.
 */
export async function inPrivateFolder<T>(base: string, work: (temp: string) => Promise<T>): Promise<T> {
  const isNew = nodeFs.stat(base) === null;
  makeFolders(umaskFs, base);
  const temp = join(base, tempName('unarchive'));
  mkdirSync(temp, { mode: 0o700 });
  try {
    return await work(temp);
  } finally {
    rmSync(temp, { recursive: true, force: true });
    // Only removes an empty folder: nothing is left of an archive that was refused.
    if (isNew) attempt(() => rmdirSync(base));
  }
}

/**
 * Unpacks the files of an archive into a private folder, each to the path that `pathOf` gives it;
 * returns their number.
 *
 * @throws {@link ExpmanError} `UNSAFE_ARCHIVE`, `CORRUPT`, `IO`
 */
export async function unpackFiles(
  path: string,
  { maxFiles, maxBytes, onBytes }: Unpacking,
  manyRuns: boolean,
  pathOf: (name: Exclude<ArchivedName, { readonly kind: 'folder' }>) => string,
): Promise<number> {
  let [files, bytes] = [0, 0];
  const reportBytes = (more: number): void => onBytes?.((bytes += more));
  await readArchive(path, { maxFiles, maxBytes, manyRuns }, (name) => {
    if (name.kind === 'folder') return null;
    files++;
    return newFile(pathOf(name), reportBytes);
  });
  return files;
}

/** Creates a file; the folder is private, so nobody can have put a link in the way. */
function newFile(path: string, report: (bytes: number) => void): ArchiveSink {
  const ofThisPlatform: Partial<typeof constants> = constants;
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | (ofThisPlatform.O_NOFOLLOW ?? 0));
  return {
    write: (bytes) => {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      report(bytes.length);
    },
    close: () => {
      try {
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    },
  };
}
