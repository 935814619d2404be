import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ExpmanError } from '../../model/errors.js';
import type {
  DataRequest,
  DataThreadData,
  FromDataThread,
  LiveNews,
  RunPlace,
  ToDataThread,
  Watch,
} from './messages.js';

const ENTRY = fileURLToPath(new URL('./data-thread.js', import.meta.url));
/** More questions than these at once are turned away. */
const MAX_WAITING = 64;
/** A question that is not answered by then is given up, and its thread with it. */
const PATIENCE_MS = 30_000;
const RESTART_MS = 1000;
/** A small nursery: what is thrown away is thrown away soon, and two threads are not twice as large. */
const HEAP = { maxOldGenerationSizeMb: 2048, maxYoungGenerationSizeMb: 8 };

/** There is more asked than can be answered; HTTP's 503. */
export class BusyError extends Error {}

/** The threads that read: one for what is short and what is live, one for what is long. */
export class DataThreads {
  private readonly short: DataThread;
  private readonly long: DataThread;

  constructor(dir: string, onNews: (news: LiveNews) => void) {
    this.short = new DataThread(dir, onNews);
    this.long = new DataThread(dir);
    // Whoever opens the page finds the list read, and the threads there.
    this.short.ask({ kind: 'news', ids: [] }).catch(() => undefined);
    this.long.begin();
  }

  /** The answer as JSON text. @throws {@link BusyError}, {@link ExpmanError} */
  ask(request: DataRequest): Promise<string> {
    const isLong = ['series', 'histograms', 'system'].includes(request.kind);
    return (isLong ? this.long : this.short).ask(request);
  }

  /** Where those of the runs are that the list has. @throws as {@link ask} */
  async places(ids: readonly string[]): Promise<RunPlace[]> {
    return JSON.parse(await this.ask({ kind: 'places', ids })) as RunPlace[];
  }

  /** Tells of these runs from now on; resolves when those that live are followed. @throws as {@link ask} */
  watch(watches: readonly Watch[]): Promise<void> {
    return this.short.watch(watches);
  }

  async close(): Promise<void> {
    await Promise.all([this.short.close(), this.long.close()]);
  }
}

interface Call {
  readonly resolve: (text: string) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** One thread, begun with the first question and again when it has gone. */
class DataThread {
  private worker: Worker | null = null;
  private readonly calls = new Map<number, Call>();
  private watches: readonly Watch[] = [];
  private lastCall = 0;
  private isClosed = false;

  constructor(
    private readonly dir: string,
    private readonly onNews: (news: LiveNews) => void = () => undefined,
  ) {}

  ask(request: DataRequest): Promise<string> {
    if (this.calls.size >= MAX_WAITING || this.isClosed)
      return Promise.reject(new BusyError('more is asked than can be answered; ask again in a moment'));
    const call = ++this.lastCall;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end(new ExpmanError('IO', `there was no answer within ${PATIENCE_MS / 1000} s`));
      }, PATIENCE_MS);
      // The server keeps the process, where anything does.
      timer.unref();
      this.calls.set(call, { resolve, reject, timer });
      this.post({ call, request });
    });
  }

  async watch(watches: readonly Watch[]): Promise<void> {
    this.watches = watches;
    if (this.worker !== null || watches.length > 0) await this.ask({ kind: 'watch', watches });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.fail(new BusyError('the dashboard is being closed'));
    await this.worker?.terminate();
  }

  begin(): void {
    this.worker ??= this.start();
  }

  private post(message: ToDataThread): void {
    this.worker ??= this.start();
    this.worker.postMessage(message);
  }

  private start(): Worker {
    const worker = new Worker(ENTRY, {
      name: 'expman-dashboard',
      workerData: { dir: this.dir } satisfies DataThreadData,
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
      resourceLimits: HEAP,
    });
    worker.on('message', (message: FromDataThread) => {
      this.received(message);
    });
    worker.on('error', (error) => {
      this.lost(worker, error);
    });
    worker.on('exit', () => {
      this.lost(worker, new Error('it ended by itself'));
    });
    // After the listeners: a listener for messages keeps the process alive again.
    worker.unref();
    return worker;
  }

  private received(message: FromDataThread): void {
    if (message.kind === 'news') this.onNews(message.news);
    if (message.kind !== 'answer' && message.kind !== 'failed') return;
    const call = this.calls.get(message.call);
    this.calls.delete(message.call);
    clearTimeout(call?.timer);
    if (message.kind === 'answer') call?.resolve(message.text);
    else call?.reject(new AnsweredError(message.code, message.message));
  }

  private end(error: unknown): void {
    void this.worker?.terminate();
    this.worker = null;
    this.fail(error);
    this.watchAgain();
  }

  private lost(worker: Worker, cause: Error): void {
    if (this.worker !== worker || this.isClosed) return;
    this.worker = null;
    this.fail(new ExpmanError('IO', 'the thread that reads the runs went away', { cause }));
    this.watchAgain();
  }

  private watchAgain(): void {
    if (this.watches.length === 0) return;
    // A run that ends every thread that reads it shall not keep the machine busy with beginning them.
    setTimeout(() => {
      const { watches } = this;
      this.watch(watches)
        .then(() => {
          // What came while nobody looked is not known.
          for (const { place } of watches) this.onNews({ kind: 'reset', run: place.id });
        })
        .catch(() => undefined);
    }, RESTART_MS).unref();
  }

  private fail(error: unknown): void {
    for (const { reject, timer } of this.calls.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.calls.clear();
  }
}

/** What a thread could not do, with the code of its error. */
export class AnsweredError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
