import { once } from 'node:events';
import { type FileHandle, constants, open } from 'node:fs/promises';
import { Parser, type ReadEntry } from 'tar';
import { ExpmanError, errnoOf, messageOf } from '../../model/errors.js';
import { systemError } from '../source/source-files.js';
import { ArchiveNames, type ArchivedName, unsafe } from './archive-names.js';

/** Limits on the contents of an archive. */
export interface ArchiveLimits {
  readonly maxFiles: number;
  /** The total size of all files, unpacked. */
  readonly maxBytes: number;
  /** True for a whole experiment; otherwise an archive holds one run. */
  readonly manyRuns: boolean;
}

/** Receives the bytes of a file of an archive. */
export interface ArchiveSink {
  write(bytes: Uint8Array): void;
  close(): void;
}

/**
 * The largest ratio of the contents to the archive's size: a log of nothing but one stack trace
 * reaches 126.
 *
 * @bound refuses: UNSAFE_ARCHIVE
 */
const MAX_RATIO = 200;
/** The size up to which the ratio is not checked: too small to do harm. */
const HARMLESS_BYTES = 16 * 1024 * 1024;
/** The disk space that a file takes beside its bytes: even an empty one has a cost. */
const ENTRY_BYTES = 4096;
/**
 * The parser's own ratio limit: nothing declares the zeros between two entries, and it reads them
 * for half a minute.
 */
const PARSER_RATIO = 500;
/**
 * The parser copies everything unpacked from a piece with every 16 kB of it: 50 MB of zeros took
 * half a minute.
 */
const PIECE_BYTES = 4096;
const FILES: ReadonlySet<string> = new Set(['File', 'OldFile']);

/**
 * Reads an archive from start to end, twice: first all names and sizes are checked, so that no file
 * is created from an archive that is refused, and then every file is passed to its sink.
 *
 * @throws ExpmanError `UNSAFE_ARCHIVE`, `CORRUPT` if it is not a complete archive, `IO`
 */
export async function readArchive(
  path: string,
  limits: ArchiveLimits,
  open: (name: ArchivedName) => ArchiveSink | null,
): Promise<void> {
  const file = await openRegular(path);
  try {
    const { size } = await file.stat();
    await readThrough(file, path, new Reading(limits, size, () => null));
    await readThrough(file, path, new Reading(limits, size, open));
  } finally {
    await file.close();
  }
}

async function readThrough(file: FileHandle, path: string, reading: Reading): Promise<void> {
  try {
    await reading.feed(file.createReadStream({ start: 0, autoClose: false }));
  } catch (error) {
    throw error instanceof ExpmanError ? error : (systemError(error, path) ?? corrupt(path, error));
  } finally {
    reading.leave();
  }
}

class Reading {
  private readonly names: ArchiveNames;
  private readonly parser: Parser;
  private failure: unknown = null;
  private sink: ArchiveSink | null = null;
  private files = 0;
  private bytes = 0;

  /** @param size of the archive, in bytes on disk */
  constructor(
    private readonly limits: ArchiveLimits,
    private readonly size: number,
    private readonly open: (name: ArchivedName) => ArchiveSink | null,
  ) {
    this.names = new ArchiveNames(limits.manyRuns);
    this.parser = new Parser({
      strict: true,
      maxDecompressionRatio: PARSER_RATIO,
      onReadEntry: (entry) => this.trying(() => this.enter(entry)),
    });
    this.parser.on('ignoredEntry', (entry: ReadEntry) => this.trying(() => this.enter(entry)));
    this.parser.on('error', (error: unknown) => (this.failure ??= error));
  }

  async feed(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const ended = new Promise<void>((resolve) => this.parser.once('end', resolve));
    for await (const chunk of chunks)
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const wantsMore = this.parser.write(Buffer.from(chunk.subarray(at, at + PIECE_BYTES)));
        this.check();
        if (!wantsMore) await once(this.parser, 'drain');
      }
    this.parser.end();
    this.check();
    await ended;
    this.check();
  }

  /** Closes the sink that an error may have left open. */
  leave(): void {
    this.sink?.close();
    this.sink = null;
  }

  private enter(entry: ReadEntry): void {
    const isFolder = entry.type === 'Directory';
    if (!isFolder && !FILES.has(entry.type)) throw unsafe(entry.path, `is not a regular file: ${entry.type}`);
    const name = this.names.admit(entry.path, isFolder);
    if (++this.files > this.limits.maxFiles)
      throw unsafe(entry.path, `exceeds the limit of ${this.limits.maxFiles} files`);
    this.count(entry.path, entry.size);
    const sink = isFolder ? null : this.open(name);
    this.sink = sink;
    entry.on('data', (bytes) => this.trying(() => sink?.write(bytes)));
    entry.on('end', () => this.trying(() => this.leave()));
  }

  private count(path: string, bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.limits.maxBytes)
      throw unsafe(path, `exceeds the limit of ${this.limits.maxBytes} bytes`);
    if (this.bytes + this.files * ENTRY_BYTES > HARMLESS_BYTES + this.size * MAX_RATIO)
      throw unsafe(path, `unpacks to more than ${MAX_RATIO} times the archive's size`);
  }

  /** Keeps errors thrown in the parser's events: they would be lost there, or end the process. */
  private trying(work: () => void): void {
    if (this.failure !== null) return;
    try {
      work();
    } catch (error) {
      this.failure = error;
    }
  }

  private check(): void {
    if (this.failure === null) return;
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what the parser or a sink has thrown
    throw this.failure;
  }
}

async function openRegular(path: string): ReturnType<typeof open> {
  const ofThisPlatform: Partial<typeof constants> = constants;
  try {
    // Opening a fifo must not hang.
    const file = await open(path, constants.O_RDONLY | (ofThisPlatform.O_NONBLOCK ?? 0));
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    const errno = errnoOf(cause);
    throw new ExpmanError('IO', `${path} cannot be read: ${messageOf(cause)}`, {
      path,
      cause,
      ...(errno !== undefined && { errno }),
    });
  }
  throw new ExpmanError('IO', `${path} is not a regular file`, { path });
}

function corrupt(path: string, cause: unknown): ExpmanError {
  const message = messageOf(cause);
  if (/ratio/i.test(message)) return unsafe(path, `unpacks to more than ${PARSER_RATIO} times its size`);
  return new ExpmanError('CORRUPT', `${path} is not a complete archive: ${message}`, { path, cause });
}
