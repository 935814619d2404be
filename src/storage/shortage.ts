import { type FileSystemSpace, spaceOf } from './node-fs.js';

/**
 * The bytes and inodes of a file system that a process may still use; every file takes an inode;
 * null where that is unknown.
 */
export interface RoomLeft {
  readonly bytes: number;
  readonly inodes: number | null;
}

/** Reads the room left in a folder's file system. @throws the file system's own error */
export const roomLeftIn = (folder: string): RoomLeft => roomLeft(spaceOf(folder));

/** Computes the room left; some file systems make inodes on demand and report 0 of them. */
export const roomLeft = ({ bavail, bsize, files, ffree }: FileSystemSpace): RoomLeft => ({
  bytes: bavail * bsize,
  inodes: files === 0 ? null : ffree,
});

// By then a run has freed some space, including its reserve, so more is free than when the disk
// refused.
const FEW_INODES = 16;
const FEW_BYTES = 256 * 1024;

/**
 * Describes the shortage after a file system refused a write: the error is the same for bytes,
 * inodes and quotas.
 */
export function shortageOf({ bytes, inodes }: RoomLeft): string {
  if (inodes !== null && inodes < FEW_INODES) return `${inodes} inodes are left (and ${bytes} bytes)`;
  if (bytes < FEW_BYTES) return `${bytes} bytes are left`;
  return `${bytes} bytes are free: a quota was reached, or other files used the space and freed it again`;
}

/**
 * Appends the shortage to a text, after a colon; returns the text alone if it cannot be determined.
 */
export function withShortage(message: string, folder: string): string {
  try {
    return `${message}: ${shortageOf(roomLeftIn(folder))}`;
  } catch {
    return message;
  }
}
