import { type FileSystemSpace, spaceOf } from './node-fs.js';

/** The bytes and inodes of a file system that a process may still use; every file takes an inode; null where that is unknown. */
export interface RoomLeft {
  readonly bytes: number;
  readonly inodes: number | null;
}

/** Reads the room left in a folder's file system. @throws the file system's own error */
export const roomLeftIn = (folder: string): RoomLeft => roomLeft(spaceOf(folder));

/** Some file systems make inodes on demand and report 0 of them. */
export const roomLeft = ({ bavail, bsize, files, ffree }: FileSystemSpace): RoomLeft => ({
  bytes: bavail * bsize,
  inodes: files === 0 ? null : ffree,
});

// What a run has given back by then, its reserve among it, is not what was there when the disk refused.
const FEW_INODES = 16;
const FEW_BYTES = 256 * 1024;

/** Names what has run out after a file system refused a write: the error is the same for bytes, inodes and quotas. */
export function shortageOf({ bytes, inodes }: RoomLeft): string {
  if (inodes !== null && inodes < FEW_INODES) return `${inodes} inodes are left (and ${bytes} bytes)`;
  if (bytes < FEW_BYTES) return `${bytes} bytes are left`;
  return `${bytes} bytes are free: a quota, or other files took the room and gave it back`;
}

/** Appends that to a text, after a colon; returns the text alone where it cannot be found out. */
export function withShortage(message: string, folder: string): string {
  try {
    return `${message}: ${shortageOf(roomLeftIn(folder))}`;
  } catch {
    return message;
  }
}
