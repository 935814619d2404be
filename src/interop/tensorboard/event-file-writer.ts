import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import type { FsPort } from '../../storage/fs-port.js';
import { makeFolders } from '../../storage/make-folders.js';
import { umaskFs } from '../../storage/node-fs.js';
import { versionEvent } from './event-writing.js';
import { ioError } from './io-error.js';
import { frameRecord } from './record-frame.js';

/** Options of {@link EventFileWriter}. */
export interface EventFileOptions {
  /**
   * The longest time in milliseconds that an event waits in memory, unless the event loop is
   * blocked; 0 for as long as there is room.
   */
  readonly flushIntervalMs: number;
  /** Appended to the file's name. */
  readonly suffix?: string;
}

const FLUSH_BYTES = 64 * 1024;
/** @bound refuses: WRITE_FAILED, with the count of dropped events */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

const openWriters = new Set<EventFileWriter>();
let fileCount = 0;

/**
 * Appends events to a new event file in a folder, in whole records, so that TensorBoard can read
 * along.
 *
 * Events are written once 64 kB wait, after `flushIntervalMs`, and when the process ends. While the
 * file system refuses them they wait, up to 16 MiB; further ones are dropped and counted. Uses one
 * descriptor and no thread; its timer does not keep the process alive.
 */
export class EventFileWriter {
  /** The file's path. */
  readonly path: string;
  private readonly fd: number;
  private readonly flushIntervalMs: number;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private dropped = 0;
  private failure: ExpmanError | null = null;
  private timer: NodeJS.Timeout | null = null;
  private closed = false;

  /** @throws {@link ExpmanError} `IO` if the folder or the file cannot be created */
  constructor(
    folder: string,
    { flushIntervalMs, suffix = '' }: EventFileOptions,
    private readonly fs: FsPort = umaskFs,
  ) {
    this.flushIntervalMs = flushIntervalMs;
    const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0');
    const host = hostname().replace(/[^A-Za-z0-9.-]/g, '_');
    const name = `events.out.tfevents.${seconds}.${host}.${process.pid}.${fileCount++}${suffix}`;
    this.path = join(resolve(folder), name);
    try {
      makeFolders(fs, resolve(folder));
      this.fd = fs.open(this.path, 'create');
    } catch (error) {
      throw ioError(this.path, error);
    }
    if (openWriters.size === 0) process.on('exit', flushAll);
    openWriters.add(this);
    this.append(versionEvent(Date.now() / 1000));
    this.tryFlush();
  }

  /** Adds an event; after close, or without room, it is dropped. */
  append(event: Uint8Array): void {
    if (this.closed || this.waitingBytes > MAX_WAITING_BYTES) {
      this.dropped++;
      return;
    }
    const framed = frameRecord(event);
    this.waiting.push(framed);
    this.waitingBytes += framed.length;
    if (this.waitingBytes >= FLUSH_BYTES && this.failure === null) this.tryFlush();
    else this.arm();
  }

  /**
   * Writes waiting events.
   *
   * @throws {@link ExpmanError} `IO` if the file system refuses, with the `count` of events dropped
   * so far
   */
  flush(): void {
    this.tryFlush();
    this.check();
  }

  /** @throws {@link ExpmanError} as {@link flush}, for failures so far */
  check(): void {
    if (this.failure !== null) throw this.failure;
    if (this.dropped > 0)
      throw new ExpmanError('WRITE_FAILED', `${this.path}: ${this.dropped} events were dropped`, {
        path: this.path,
        count: this.dropped,
      });
  }

  /** Writes waiting events and closes the file; may be called again. @throws as {@link flush} */
  close(): void {
    if (this.closed) return;
    try {
      this.flush();
    } finally {
      this.closed = true;
      this.waiting = [];
      if (this.timer !== null) clearTimeout(this.timer);
      openWriters.delete(this);
      if (openWriters.size === 0) process.off('exit', flushAll);
      this.fs.close(this.fd);
    }
  }

  /**
   * Writes waiting events; an error is kept for {@link flush} to throw, and unwritten events keep
   * waiting.
   */
  tryFlush(): void {
    if (this.closed) return;
    let rest: Uint8Array = Buffer.concat(this.waiting);
    try {
      while (rest.length > 0) {
        const taken = this.fs.write(this.fd, rest, null);
        if (taken === 0) throw Object.assign(new Error('ENOSPC: write took no bytes'), { code: 'ENOSPC' });
        rest = rest.subarray(taken);
      }
      this.failure = null;
    } catch (error) {
      this.failure = ioError(this.path, error, this.dropped);
      this.arm();
    }
    this.waiting = rest.length > 0 ? [rest] : [];
    this.waitingBytes = rest.length;
  }

  private arm(): void {
    if (this.timer !== null || this.flushIntervalMs === 0) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.tryFlush();
    }, this.flushIntervalMs).unref();
  }
}

function flushAll(): void {
  for (const writer of openWriters) writer.tryFlush();
}
