import type { FileFacts, FsPort, OpenMode } from '../../src/storage/fs-port.js';

/** What a call that changes something did; enough to do it again elsewhere. */
export type Change =
  | { readonly kind: 'create'; readonly path: string; readonly inode: number }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'write'; readonly inode: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'sync'; readonly inode: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly inode: number }
  | { readonly kind: 'link'; readonly to: string; readonly inode: number }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'sync folder'; readonly path: string };

/** The calls of the port, as a fault is aimed at them. */
export type Call = keyof FsPort;

/** What becomes of a call: nothing, an error, a delay, a write that takes only so many bytes, or one that says it took all and did not. */
export type Fault =
  | { readonly errno: string }
  | { readonly delayMs: number }
  | { readonly takes: number }
  | { readonly keeps: number }
  | null;

const NEVER = new Int32Array(new SharedArrayBuffer(4));

interface Inode {
  readonly number: number;
  bytes: Buffer;
  size: number;
  links: number;
  modifiedMs: number;
}

type Node = { readonly kind: 'file'; readonly inode: Inode } | { readonly kind: 'folder' };

const PAGE = 4096;
let boots = 1;

/**
 * A file system in memory behind the storage code's port, for what no real one does on request.
 *
 * It records every change, so that the state at any moment can be made again; `afterPowerLoss` makes what a disk may hold
 * when the power goes: of what was not synced, any pages and any folder entries. A `close` syncs nothing.
 */
export class MemoryFs implements FsPort {
  /** Every change so far. */
  readonly changes: Change[] = [];
  /** How many calls there were, reading ones included. */
  calls = 0;
  /** Asked before each call; what it answers happens instead. */
  onCall: (call: Call, path: string, index: number) => Fault = () => null;
  /** Changes with a boot, by which a lock's owner is known to be dead. */
  bootId = 'boot-1';
  private readonly nodes = new Map<string, Node>();
  private readonly inodes = new Map<number, Inode>();
  private readonly open_ = new Map<
    number,
    { readonly inode: Inode; readonly path: string; readonly appends: boolean }
  >();
  private nextFd = 100;
  private nextInode = 1;

  constructor() {
    this.nodes.set('/', { kind: 'folder' });
  }

  /** The file system as it was after the first `count` changes, made to `fs` where they did not begin with nothing. */
  static replay(changes: readonly Change[], count: number, fs = new MemoryFs()): MemoryFs {
    for (const change of changes.slice(0, count)) fs.apply(change);
    return fs;
  }

  /**
   * What a disk may hold when the power goes after `count` changes: everything synced, and of the rest what `survives`
   * says, page by page and entry by entry.
   */
  static afterPowerLoss(changes: readonly Change[], count: number, survives: () => boolean): MemoryFs {
    const done = changes.slice(0, count);
    const fs = new MemoryFs();
    done.forEach((change, at) => {
      const later = done.slice(at + 1);
      if (change.kind === 'create') fs.inodes.set(change.inode, newInode(change.inode));
      if (change.kind === 'write') {
        const synced = later.some((sync) => sync.kind === 'sync' && sync.inode === change.inode);
        for (const page of synced ? [change] : pagesOf(change).filter(survives)) fs.apply(page);
      } else if (later.some((sync) => coversEntry(sync, change)) || survives()) fs.applyEntry(change);
    });
    fs.reboot();
    return fs;
  }

  open(path: string, mode: OpenMode): number {
    if (path.startsWith('/proc/')) return this.openProc(path);
    this.before('open', path);
    const node = this.nodes.get(path);
    if (node?.kind === 'folder') throw errno('EISDIR', path);
    if (mode.startsWith('create') && node !== undefined) throw errno('EEXIST', path);
    if (node === undefined && (mode === 'read' || mode === 'update')) throw errno('ENOENT', path);
    const inode = node?.inode ?? this.make(path);
    return this.openInode(inode, path, mode === 'append');
  }

  read(fd: number, bytes: Uint8Array, position: number): number {
    const { inode, path } = this.fileOf(fd);
    // What tells one boot from another is no disk's to refuse.
    if (!path.startsWith('/proc/')) this.before('read', path);
    const part = inode.bytes.subarray(position, Math.min(inode.size, position + bytes.length));
    bytes.set(part);
    return part.length;
  }

  write(fd: number, bytes: Uint8Array, position: number | null): number {
    const { inode, path, appends } = this.fileOf(fd);
    const fault = this.before('write', path);
    const taken = fault !== null && 'takes' in fault ? Math.min(fault.takes, bytes.length) : bytes.length;
    const at = appends || position === null ? inode.size : position;
    const kept = fault !== null && 'keeps' in fault ? Math.min(fault.keeps, taken) : taken;
    if (kept > 0)
      this.change({
        kind: 'write',
        inode: inode.number,
        at,
        bytes: Uint8Array.from(bytes.subarray(0, kept)),
      });
    return taken;
  }

  sync(fd: number): void {
    this.syncInode('sync', fd);
  }

  syncData(fd: number): void {
    this.syncInode('syncData', fd);
  }

  close(fd: number): void {
    const { path } = this.fileOf(fd);
    // A close that fails has closed all the same, as on Linux.
    this.open_.delete(fd);
    if (!path.startsWith('/proc/')) this.before('close', path);
  }

  statOpen(fd: number): FileFacts {
    const { inode, path } = this.fileOf(fd);
    this.before('statOpen', path);
    return factsOf(inode);
  }

  stat(path: string): FileFacts | null {
    this.before('stat', path);
    const node = this.nodes.get(path);
    if (node === undefined) return null;
    return node.kind === 'file'
      ? factsOf(node.inode)
      : { kind: 'folder', size: 0, modifiedMs: 0, inode: 0, device: 1, bornMs: 0, links: 1 };
  }

  list(folder: string): string[] {
    this.before('list', folder);
    if (this.nodes.get(folder)?.kind !== 'folder') throw errno('ENOENT', folder);
    return this.namesIn(folder);
  }

  makeFolder(folder: string): void {
    this.before('makeFolder', folder);
    if (this.nodes.has(folder)) throw errno('EEXIST', folder);
    if (this.nodes.get(parentOf(folder))?.kind !== 'folder') throw errno('ENOENT', folder);
    this.change({ kind: 'folder', path: folder });
  }

  removeFolder(folder: string): void {
    this.before('removeFolder', folder);
    if (this.nodes.get(folder)?.kind !== 'folder') throw errno('ENOENT', folder);
    if (this.namesIn(folder).length > 0) throw errno('ENOTEMPTY', folder);
    this.change({ kind: 'remove', path: folder });
  }

  rename(from: string, to: string): void {
    this.before('rename', from);
    const node = this.nodes.get(from);
    if (node?.kind !== 'file') throw errno('ENOENT', from);
    this.change({ kind: 'rename', from, to, inode: node.inode.number });
  }

  link(from: string, to: string): void {
    this.before('link', from);
    const node = this.nodes.get(from);
    if (node?.kind !== 'file') throw errno('ENOENT', from);
    if (this.nodes.has(to)) throw errno('EEXIST', to);
    this.change({ kind: 'link', to, inode: node.inode.number });
  }

  remove(path: string): void {
    this.before('remove', path);
    if (this.nodes.get(path)?.kind !== 'file') throw errno('ENOENT', path);
    this.change({ kind: 'remove', path });
  }

  syncFolder(folder: string): void {
    this.before('syncFolder', folder);
    if (!this.nodes.has(folder)) throw errno('ENOENT', folder);
    this.change({ kind: 'sync folder', path: folder });
  }

  /** The bytes of a file, for a spec that looks. */
  bytesOf(path: string): Buffer {
    const node = this.nodes.get(path);
    if (node?.kind !== 'file') throw errno('ENOENT', path);
    return Buffer.from(node.inode.bytes.subarray(0, node.inode.size));
  }

  /** Puts other bytes where a file has its own, as damage does. */
  overwrite(path: string, bytes: Uint8Array): void {
    const node = this.nodes.get(path);
    const inode = node?.kind === 'file' ? node.inode : this.make(path);
    inode.bytes = Buffer.from(bytes);
    inode.size = bytes.length;
  }

  /** Another boot, long after: no process of before lives, and no file was touched lately. */
  reboot(): void {
    this.bootId = `boot-${++boots}`;
    for (const inode of this.inodes.values()) inode.modifiedMs = 0;
  }

  /** Descriptors that are open. */
  get openFiles(): number {
    return this.open_.size;
  }

  /** The names in a folder; nobody is asked. */
  namesIn(folder: string): string[] {
    const prefix = folder === '/' ? '/' : `${folder}/`;
    return [...this.nodes.keys()]
      .filter((path) => path !== '/' && path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length));
  }

  private before(call: Call, path: string): Fault {
    const fault = this.onCall(call, path, this.calls++);
    if (fault !== null && 'errno' in fault) throw errno(fault.errno, path);
    // A disk that takes its time holds up the thread that asks.
    if (fault !== null && 'delayMs' in fault) Atomics.wait(NEVER, 0, 0, fault.delayMs);
    return fault;
  }

  private change(change: Change): void {
    this.apply(change);
    this.changes.push(change);
  }

  private apply(change: Change): void {
    switch (change.kind) {
      case 'create':
        this.nextInode = Math.max(this.nextInode, change.inode + 1);
        this.inodes.set(change.inode, newInode(change.inode));
        this.applyEntry(change);
        return;
      case 'write': {
        const inode = this.inodes.get(change.inode);
        if (inode !== undefined) writeInto(inode, change.at, change.bytes);
        return;
      }
      case 'folder':
      case 'rename':
      case 'link':
      case 'remove':
        this.applyEntry(change);
        return;
      case 'sync':
      case 'sync folder':
        return;
      default:
        change satisfies never;
    }
  }

  /** Changes the folder a change is in; of a file it names, all there need be is its inode. */
  private applyEntry(change: Change): void {
    if (change.kind === 'create' && this.nodes.has(parentOf(change.path)))
      this.put(change.path, change.inode);
    else if (change.kind === 'link' && this.nodes.has(parentOf(change.to))) {
      const inode = this.inodes.get(change.inode);
      if (inode !== undefined) inode.links++;
      this.put(change.to, change.inode);
    } else if (change.kind === 'folder' && this.nodes.has(parentOf(change.path)))
      this.nodes.set(change.path, { kind: 'folder' });
    else if (change.kind === 'remove') this.unlink(change.path);
    else if (change.kind === 'rename') {
      const from = this.nodes.get(change.from);
      if (from?.kind === 'file' && from.inode.number === change.inode) this.nodes.delete(change.from);
      this.unlink(change.to);
      if (this.nodes.has(parentOf(change.to))) this.put(change.to, change.inode);
    }
  }

  private put(path: string, number: number): void {
    const inode = this.inodes.get(number);
    if (inode === undefined) return;
    this.nodes.set(path, { kind: 'file', inode });
  }

  private unlink(path: string): void {
    const node = this.nodes.get(path);
    if (node?.kind === 'file') node.inode.links = Math.max(0, node.inode.links - 1);
    else if (node === undefined || this.namesIn(path).length > 0) return;
    this.nodes.delete(path);
  }

  private make(path: string): Inode {
    if (this.nodes.get(parentOf(path))?.kind !== 'folder') throw errno('ENOENT', path);
    this.change({ kind: 'create', path, inode: this.nextInode });
    const node = this.nodes.get(path);
    if (node?.kind !== 'file') throw errno('EIO', path);
    return node.inode;
  }

  private openInode(inode: Inode, path: string, appends: boolean): number {
    const fd = this.nextFd++;
    this.open_.set(fd, { inode, path, appends });
    return fd;
  }

  private openProc(path: string): number {
    if (path !== '/proc/sys/kernel/random/boot_id') throw errno('ENOENT', path);
    const inode = newInode(0);
    writeInto(inode, 0, Buffer.from(`${this.bootId}\n`));
    return this.openInode(inode, path, false);
  }

  private syncInode(call: 'sync' | 'syncData', fd: number): void {
    const { inode, path } = this.fileOf(fd);
    this.before(call, path);
    this.change({ kind: 'sync', inode: inode.number });
  }

  private fileOf(fd: number): { readonly inode: Inode; readonly path: string; readonly appends: boolean } {
    const file = this.open_.get(fd);
    if (file === undefined) throw errno('EBADF', String(fd));
    return file;
  }
}

/** Whether a later sync made an entry's change durable: that of its folder. */
function coversEntry(sync: Change, change: Change): boolean {
  if (sync.kind !== 'sync folder') return false;
  if (change.kind === 'rename' || change.kind === 'link') return sync.path === parentOf(change.to);
  return 'path' in change && sync.path === parentOf(change.path);
}

function pagesOf({ inode, at, bytes }: Change & { readonly kind: 'write' }): Change[] {
  const pages: Change[] = [];
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + PAGE - ((at + from) % PAGE));
    pages.push({ kind: 'write', inode, at: at + from, bytes: bytes.subarray(from, to) });
    from = to;
  }
  return pages;
}

function newInode(number: number): Inode {
  return { number, bytes: Buffer.alloc(0), size: 0, links: 1, modifiedMs: Date.now() };
}

function writeInto(inode: Inode, at: number, bytes: Uint8Array): void {
  const end = at + bytes.length;
  if (end > inode.bytes.length) {
    const grown = Buffer.alloc(Math.max(end, inode.bytes.length * 2));
    grown.set(inode.bytes.subarray(0, inode.size));
    inode.bytes = grown;
  }
  inode.bytes.set(bytes, at);
  inode.size = Math.max(inode.size, end);
  inode.modifiedMs = Date.now();
}

function factsOf({ number, size, links, modifiedMs }: Inode): FileFacts {
  return { kind: 'file', size, modifiedMs, inode: number, device: 1, bornMs: 0, links };
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
