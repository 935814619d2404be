import type { SchemaElement } from 'hyparquet';
import { startThread, threadFailure } from '../../channel/start-thread.js';
import { ExpmanError, errnoOf } from '../../model/errors.js';
import { corruptAt } from '../source/source-files.js';
import type { FromParquetThread, ToParquetThread } from './parquet-thread-messages.js';

const ENTRY = (): URL => new URL('./parquet-thread.js', import.meta.url);
/**
 * The time allowed for an answer of the thread: ten times what a small file takes, and the time for
 * a large group.
 */
const PATIENCE = { ms: 1000, bytesPerMs: 2000 };
/** More than a group within the limits needs. */
const HEAP_MB = 4096;

/** A Parquet file from any writer. */
export interface ForeignParquet {
  /** Its top-level columns; a nested one has no type. */
  readonly columns: readonly SchemaElement[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Its rows, with values in the order of the columns; one row group is in memory at a time. */
  readonly rows: () => AsyncGenerator<readonly unknown[], void>;
}

/**
 * Opens a Parquet file from any writer, in its own thread: one crafted to be read forever, or to
 * fill the memory, is abandoned.
 *
 * @throws {@link ExpmanError} `CORRUPT` or `IO`
 */
export async function foreignParquet(path: string): Promise<ForeignParquet> {
  const thread = ParquetThread.acquire();
  try {
    const { columns, metadata } = await thread.open(path);
    return { columns, metadata, rows: () => rowsIn(path) };
  } finally {
    thread.release();
  }
}

async function* rowsIn(path: string): AsyncGenerator<readonly unknown[], void> {
  const thread = ParquetThread.acquire();
  try {
    const { groupBytes } = await thread.open(path);
    for (let group = 0; ;) {
      const answer = await thread.next(groupBytes[group] ?? 0);
      if (answer.kind !== 'rows') return;
      yield* answer.rows;
      group = answer.group + 1;
    }
  } finally {
    thread.release();
  }
}

/**
 * A thread that reads one file at a time, with one request at a time; one that failed to answer is
 * not used again.
 */
class ParquetThread {
  /** A thread that waits for its next file; it does not keep the process alive. */
  private static idle: ParquetThread | null = null;

  /** Returns the idle thread, or a new one. */
  static acquire(): ParquetThread {
    const thread = ParquetThread.idle ?? new ParquetThread();
    ParquetThread.idle = null;
    thread.worker.ref();
    return thread;
  }

  private readonly worker = startThread(ENTRY, {
    name: 'expman-parquet',
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  private readonly running = this.answer();
  private path = '';
  private usable = true;

  private constructor() {
    // The next request reports the failure.
    this.running.catch(() => undefined);
    // An error between two files is reported by the next one.
    this.worker.on('error', () => (this.usable = false));
  }

  /**
   * Switches to a file, and returns its description.
   *
   * @throws {@link ExpmanError} `CORRUPT` or `IO`
   */
  async open(path: string): Promise<FromParquetThread & { kind: 'file' }> {
    this.path = path;
    const opened = await this.ask({ kind: 'open', path }, 0);
    if (opened.kind === 'file') return opened;
    throw corruptAt(path, 'it is not a Parquet file');
  }

  /**
   * Returns the next part of the file; `bytes` is the amount to read.
   *
   * @throws {@link ExpmanError} `CORRUPT` or `IO`
   */
  next(bytes: number): Promise<FromParquetThread> {
    return this.ask({ kind: 'next' }, bytes);
  }

  release(): void {
    if (this.usable && ParquetThread.idle === null) {
      ParquetThread.idle = this;
      this.worker.unref();
    } else this.end();
  }

  private async ask(message: ToParquetThread, bytes: number): Promise<FromParquetThread> {
    const answer = await this.answerTo(message, bytes).catch((error: unknown) => {
      this.end();
      throw error;
    });
    if (answer.kind === 'failed') throw new ExpmanError(answer.code, answer.message, answer.facts);
    return answer;
  }

  private async answerTo(message: ToParquetThread, bytes: number): Promise<FromParquetThread> {
    // Starting the thread is up to the machine, not the file: the time is not limited.
    await this.running;
    const answer = this.answer(PATIENCE.ms + bytes / PATIENCE.bytesPerMs);
    this.worker.postMessage(message);
    return answer;
  }

  private end(): void {
    this.usable = false;
    void this.worker.terminate();
  }

  /** Waits for the thread's next message, for at most `ms` if given. */
  private answer(ms?: number): Promise<FromParquetThread> {
    return new Promise((resolve, reject) => {
      const settled = (settle: () => void): void => {
        clearTimeout(timer);
        this.worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        settle();
      };
      const failed = (what: string, cause?: unknown, code: 'CORRUPT' | 'IO' = 'CORRUPT'): void =>
        settled(() => reject(new ExpmanError(code, `${this.path}: ${what}`, { path: this.path, cause })));
      const onMessage = (message: FromParquetThread): void => settled(() => resolve(message));
      const onError = (error: unknown): void =>
        errnoOf(error) === 'ERR_WORKER_OUT_OF_MEMORY'
          ? failed('reading it takes more memory than is available', error)
          : failed(`the thread that reads it has failed: ${threadFailure(error)}`, error, 'IO');
      const onExit = (): void => failed('the thread that read it has ended');
      const late = (): void => failed(`reading it takes too long; abandoned after ${Math.round(ms ?? 0)} ms`);
      const timer = ms === undefined ? undefined : setTimeout(late, ms);
      this.worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    });
  }
}
