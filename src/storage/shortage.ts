import { type FileSystemSpace, spaceOf } from './node-fs.js';

/** What a file system has left that a process may use: bytes, and inodes, of which every file takes one; null where it does not say. */
export interface RoomLeft {
  readonly bytes: number;
  readonly inodes: number | null;
}

/** @throws what the file system refuses */
export const roomLeftIn = (folder: string): RoomLeft => roomLeft(spaceOf(folder));

/** Some file systems make inodes as they are needed, and say that they have none at all. */
export const roomLeft = ({ bavail, bsize, files, ffree }: FileSystemSpace): RoomLeft => ({
  bytes: bavail * bsize,
  inodes: files === 0 ? null : ffree,
});

// What a run has given back by then, its reserve among it, is not what was there when the disk refused.
const FEW_INODES = 16;
const FEW_BYTES = 256 * 1024;

/** Says what has run out where a file system has refused to take more: the error is the same for bytes, inodes and quotas. */
export function shortageOf({ bytes, inodes }: RoomLeft): string {
  if (inodes !== null && inodes < FEW_INODES) return `${inodes} inodes are left (and ${bytes} bytes)`;
  if (bytes < FEW_BYTES) return `${bytes} bytes are left`;
  return `${bytes} bytes are free: a quota, or other files took the room and gave it back`;
}

/** The same of a folder, after a text and a colon; the text alone where that cannot be found out. */
export function withShortage(message: string, folder: string): string {
  try {
    return `${message}: ${shortageOf(roomLeftIn(folder))}`;
  } catch {
    return message;
  }
}
