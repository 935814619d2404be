import type { SchemaElement } from 'hyparquet';
import { startThread, threadFailure } from '../../channel/start-thread.js';
import { ExpmanError, errnoOf } from '../../model/errors.js';
import { corruptAt } from '../source/source-files.js';
import type { FromParquetThread, ToParquetThread } from './parquet-thread-messages.js';

const ENTRY = (): URL => new URL('./parquet-thread.js', import.meta.url);
/** What may pass before the thread has answered: ten times what a small file takes, and what a large group does. */
const PATIENCE = { ms: 1000, bytesPerMs: 2000 };
/** More than a group within the limits takes. */
const HEAP_MB = 4096;

/** A Parquet file that anybody wrote. */
export interface ForeignParquet {
  /** Its columns at the top; one that holds others has no type. */
  readonly columns: readonly SchemaElement[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Its rows, values in the order of the columns; a row group is in memory at a time. */
  readonly rows: () => AsyncGenerator<readonly unknown[], void>;
}

/**
 * Opens a Parquet file that anybody wrote, on a thread of its own: one made to be read for ever, or to fill the memory, is given up.
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

/** A thread that reads one file at a time, asked one thing after the other; one that gave no answer is not used again. */
class ParquetThread {
  /** The one that waits for its next file; it keeps no process alive. */
  private static idle: ParquetThread | null = null;

  /** The idle thread, or a new one. */
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
    // Whoever asks hears of it then.
    this.running.catch(() => undefined);
    // What ends it between two files is heard of by the next.
    this.worker.on('error', () => (this.usable = false));
  }

  /**
   * Turns to a file, and tells what it is.
   *
   * @throws {@link ExpmanError} `CORRUPT` or `IO`
   */
  async open(path: string): Promise<FromParquetThread & { kind: 'file' }> {
    this.path = path;
    const opened = await this.ask({ kind: 'open', path }, 0);
    if (opened.kind === 'file') return opened;
    throw corruptAt(path, 'it is no Parquet file');
  }

  /**
   * What comes next in the file; `bytes` is how much of it there is to read.
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
    // That a thread does not begin is the machine's doing, not the file's: no clock runs.
    await this.running;
    const answer = this.answer(PATIENCE.ms + bytes / PATIENCE.bytesPerMs);
    this.worker.postMessage(message);
    return answer;
  }

  private end(): void {
    this.usable = false;
    void this.worker.terminate();
  }

  /** The next thing the thread tells, within `ms` where they are given. */
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
          ? failed('reading it takes more memory than there is', error)
          : failed(`the thread that reads it has failed: ${threadFailure(error)}`, error, 'IO');
      const onExit = (): void => failed('the thread that read it went away');
      const late = (): void =>
        failed(`reading it goes on for ever; given up after ${Math.round(ms ?? 0)} ms`);
      const timer = ms === undefined ? undefined : setTimeout(late, ms);
      this.worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    });
  }
}
