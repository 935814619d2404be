/**
 * Modes of {@link FsPort.open}: `create` fails if the file exists, and so does `create-private`,
 * whose file only its owner may read, and `create-read-only`, whose file only this descriptor can
 * write; no mode follows a symbolic link.
 */
export type OpenMode = 'read' | 'create' | 'create-private' | 'create-read-only' | 'append' | 'update';

/** Result of {@link FsPort.stat} for a file, a folder, or anything else of that name. */
export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
  readonly inode: number;
  readonly device: number;
  /**
   * The time it was made, in milliseconds since the epoch; on a file system that does not know it, 0
   * or the time of its last change.
   */
  readonly bornMs: number;
  /** Number of names the file has; 0 once it was deleted under an open descriptor. */
  readonly links: number;
}

/**
 * The file system as the storage code sees it: synchronous, small, and replaceable by one that
 * injects faults.
 *
 * Every call throws an error with a `code` such as `ENOSPC`. `write` may write less than it was
 * given, without an error; `write-all.ts` has the loop. A `close` does not sync.
 */
export interface FsPort {
  /** Opens a file and returns its descriptor. */
  open(path: string, mode: OpenMode): number;
  /** Reads up to `bytes.length` bytes at `position`; returns the number read, 0 at the end. */
  read(fd: number, bytes: Uint8Array, position: number): number;
  /**
   * Writes at `position`, or at the end for a descriptor opened to append; returns the number of
   * bytes written.
   */
  write(fd: number, bytes: Uint8Array, position: number | null): number;
  /** fsync: the file's bytes and size are on the device when it returns. */
  sync(fd: number): void;
  /** fdatasync. */
  syncData(fd: number): void;
  close(fd: number): void;
  /** The facts of an open file. */
  statOpen(fd: number): FileFacts;
  /** The facts of a path, links not followed; null if it does not exist. */
  stat(path: string): FileFacts | null;
  /** The names in a folder, in no order. */
  list(folder: string): string[];
  /** Makes one folder; EEXIST if it exists. */
  makeFolder(folder: string): void;
  /** Removes an empty folder. */
  removeFolder(folder: string): void;
  rename(from: string, to: string): void;
  /** Gives a file a second name; EEXIST if something has it. Some file systems refuse every link. */
  link(from: string, to: string): void;
  remove(path: string): void;
  /** fsync of a folder: names made, renamed and removed in it are on the device when it returns. */
  syncFolder(folder: string): void;
}
