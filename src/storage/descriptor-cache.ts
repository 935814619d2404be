import { attempt } from '../model/attempt.js';
import { ExpmanError, errnoOf } from '../model/errors.js';
import type { FsPort } from './fs-port.js';
import { readProc } from './read-proc.js';

/** @bound loses nothing: a file that was closed is opened again */
const MOST = 40;
const LEAST = 4;
/** Descriptors left to Node, the caller and files that are open briefly. */
const FOR_OTHERS = 40;

/**
 * Returns the number of descriptors that may be kept under the process's limit: `ulimit -n 64` must
 * not make a run fail.
 */
function affordable(fs: FsPort): number {
  const allowed = Number(
    /^Max open files\s+(\d+)/m.exec(readProc(fs, '/proc/self/limits') ?? '')?.[1] ?? Infinity,
  );
  return Math.max(LEAST, Math.min(MOST, Math.floor((allowed - FOR_OTHERS) / 2)));
}

/**
 * Descriptors of files that are written repeatedly, at most `limit` open at once.
 *
 * A thousand runs share one writer thread and must not need a thousand descriptors: the least
 * recently used one is closed, and reopened by its path when needed, if the file there is still the
 * same.
 */
export class DescriptorCache {
  private readonly open = new Map<string, number>();
  private readonly inodes = new Map<string, number>();

  constructor(
    private readonly fs: FsPort,
    private readonly limit = affordable(fs),
  ) {}

  /**
   * Creates a file and returns its descriptor, which the cache owns; on failure, nothing of it
   * remains.
   */
  create(path: string): number {
    const fd = this.sparing(() => this.fs.open(path, 'create'));
    try {
      this.inodes.set(path, this.fs.statOpen(fd).inode);
    } catch (error) {
      attempt(() => this.fs.close(fd));
      attempt(() => this.fs.remove(path));
      throw error;
    }
    return this.keep(path, fd);
  }

  /**
   * Caches a file that was created under this name in another way; it is opened now, if a
   * descriptor is available.
   */
  adopt(path: string, inode: number): void {
    this.close(path);
    this.inodes.set(path, inode);
    attempt(() => this.get(path));
  }

  /**
   * Returns the descriptor of a file created or adopted here.
   *
   * @throws {@link ExpmanError} `IO` when another file has taken its place
   */
  get(path: string): number {
    const open = this.open.get(path);
    if (open !== undefined) {
      this.open.delete(path);
      this.open.set(path, open);
      return open;
    }
    const fd = this.sparing(() => this.fs.open(path, 'update'));
    try {
      if (this.fs.statOpen(fd).inode !== this.inodes.get(path))
        throw new ExpmanError('IO', `${path} was replaced by another file`, { path });
    } catch (error) {
      attempt(() => this.fs.close(fd));
      throw error;
    }
    return this.keep(path, fd);
  }

  /** Closes a file for good. */
  release(path: string): void {
    this.inodes.delete(path);
    this.close(path);
  }

  /** Closes a file until it is needed again. */
  close(path: string): void {
    const fd = this.open.get(path);
    if (fd === undefined) return;
    this.open.delete(path);
    // Everything that had to be durable was synced before.
    attempt(() => this.fs.close(fd));
  }

  /**
   * Runs an operation that needs a descriptor; when the process has none left, closes half of the
   * cached ones and retries.
   */
  sparing<T>(operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      const errno = errnoOf(error);
      if ((errno !== 'EMFILE' && errno !== 'ENFILE') || this.open.size === 0) throw error;
      for (const path of [...this.open.keys()].slice(0, Math.ceil(this.open.size / 2))) this.close(path);
      return operation();
    }
  }

  private keep(path: string, fd: number): number {
    this.open.set(path, fd);
    const [oldest] = this.open.keys();
    if (this.open.size > this.limit && oldest !== undefined) this.close(oldest);
    return fd;
  }
}
