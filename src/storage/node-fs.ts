import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, messageOf } from '../model/errors.js';
import type { FileMode } from '../model/experiment-options.js';
import type { FileFacts, FsPort, OpenMode } from './fs-port.js';

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_APPEND } = fs.constants;
const ofThisPlatform: Partial<typeof fs.constants> = fs.constants;

// Both flags are undefined on Windows; a FIFO must not block an open, a link must not be followed.
const SAFE = (ofThisPlatform.O_NOFOLLOW ?? 0) | (ofThisPlatform.O_NONBLOCK ?? 0);
const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY | SAFE,
  create: O_RDWR | O_CREAT | O_EXCL | SAFE,
  'create-private': O_RDWR | O_CREAT | O_EXCL | SAFE,
  'create-read-only': O_RDWR | O_CREAT | O_EXCL | SAFE,
  append: O_WRONLY | O_CREAT | O_APPEND | SAFE,
  update: O_RDWR | SAFE,
};

function factsOf(stats: fs.Stats): FileFacts {
  return {
    kind: stats.isFile()
      ? 'file'
      : stats.isDirectory()
        ? 'folder'
        : stats.isSymbolicLink()
          ? 'link'
          : 'other',
    size: stats.size,
    modifiedMs: stats.mtimeMs,
    inode: stats.ino,
    device: stats.dev,
    bornMs: stats.birthtimeMs,
    links: stats.nlink,
  };
}

/** The reason why the system or the runtime refuses to sync; null if it has not refused. */
let refusal: string | null = null;
/**
 * Codes that mean "not supported here", whatever the file; all others mean that the sync failed.
 */
const REFUSALS: ReadonlySet<string> = new Set([
  'ERR_ACCESS_DENIED',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EINVAL',
]);

/**
 * Syncs if that is supported: Node's permission model and some file systems always refuse it, and a
 * run can do without.
 */
function synced(sync: (fd: number) => void, fd: number): void {
  try {
    sync(fd);
  } catch (error) {
    tolerateRefusal(error);
  }
}

/** Throws the error of a sync again, unless it says that syncing is not supported here. */
export function tolerateRefusal(error: unknown): void {
  if (!REFUSALS.has(errnoOf(error) ?? '')) throw error;
  refusal ??= messageOf(error);
}

/** The reason why nothing can be synced here; null as long as no sync was refused. */
export const syncRefusal = (): string | null => refusal;

/** The mode bits that give rights to others than the owner. */
const OF_OTHERS = 0o077;
/** The mode bits that give rights to read. */
const TO_READ = 0o444;
/** The rights of new files and folders, before the umask of the process. */
const RIGHTS = {
  private: { file: 0o600, folder: 0o700 },
  umask: { file: 0o666, folder: 0o777 },
} as const;
type Rights = (typeof RIGHTS)[FileMode];

/**
 * Returns the rights of new files and folders in a folder: private if only its owner may enter it.
 *
 * So everything in the folder of a private run is private, whoever writes it: the writer thread, a
 * recovery, a later session.
 */
export const rightsIn = (folder: string): Rights => RIGHTS[isPrivateFolder(folder) ? 'private' : 'umask'];

/** Tells if only its owner may enter a folder. */
export function isPrivateFolder(folder: string): boolean {
  if (process.platform === 'win32') return false; // Windows has lists of rights, which a new file inherits.
  const stats = fs.statSync(folder, { throwIfNoEntry: false });
  return stats !== undefined && (stats.mode & OF_OTHERS) === 0;
}

/** Removes all rights of others to a folder. */
export function makePrivate(folder: string): void {
  if (!isPrivateFolder(folder)) fs.chmodSync(folder, RIGHTS.private.folder);
}

/** Makes the {@link FsPort} of the real file system, by the rights of what is made in a folder. */
const fsWith = (rightsFor: (folder: string) => Rights): FsPort => ({
  open: (path, mode) => {
    switch (mode) {
      case 'create-private':
        return fs.openSync(path, FLAGS[mode], RIGHTS.private.file);
      case 'create-read-only':
        return fs.openSync(path, FLAGS[mode], rightsFor(dirname(path)).file & TO_READ);
      case 'create':
      case 'append':
        return fs.openSync(path, FLAGS[mode], rightsFor(dirname(path)).file);
      case 'read':
      case 'update':
        return fs.openSync(path, FLAGS[mode]);
    }
  },
  read: (fd, bytes, position) => fs.readSync(fd, bytes, 0, bytes.length, position),
  write: (fd, bytes, position) => fs.writeSync(fd, bytes, 0, bytes.length, position),
  sync: (fd) => synced(fs.fsyncSync, fd),
  syncData: (fd) => synced(fs.fdatasyncSync, fd),
  close: (fd) => fs.closeSync(fd),
  statOpen: (fd) => factsOf(fs.fstatSync(fd)),
  stat: (path) => {
    const stats = fs.lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? null : factsOf(stats);
  },
  list: (folder) => fs.readdirSync(folder),
  makeFolder: (folder) => fs.mkdirSync(folder, rightsFor(dirname(folder)).folder),
  removeFolder: (folder) => fs.rmdirSync(folder),
  rename: (from, to) => fs.renameSync(from, to),
  link: (from, to) => fs.linkSync(from, to),
  remove: (path) => fs.unlinkSync(path),
  syncFolder: (folder) => {
    if (process.platform === 'win32') return; // Windows has no fsync of a folder.
    const fd = fs.openSync(folder, O_RDONLY);
    try {
      synced(fs.fsyncSync, fd);
    } finally {
      fs.closeSync(fd);
    }
  },
});

/** The {@link FsPort} in which new files and folders have the rights of {@link rightsIn}. */
export const nodeFs = fsWith(rightsIn);

/** Returns an {@link FsPort} that gives new files and folders these rights in every folder. */
export const nodeFsOf = (mode: FileMode): FsPort => fsWith(() => RIGHTS[mode]);

/** The file system for files that only their owner may read. */
export const privateFs = nodeFsOf('private');

/** The file system for files outside a run's folder, such as exports: they follow the umask. */
export const umaskFs = nodeFsOf('umask');

/**
 * The free space of a file system: blocks free for this user and their size, inodes in total and
 * free.
 */
export type FileSystemSpace = Pick<fs.StatsFs, 'bavail' | 'bsize' | 'files' | 'ffree'>;

/**
 * Reads the free space of the file system that holds a folder. @throws the file system's own error
 */
export const spaceOf = (folder: string): FileSystemSpace => fs.statfsSync(folder);
