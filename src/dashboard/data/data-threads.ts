import type { Worker } from 'node:worker_threads';
import { startThread, threadFailure } from '../../channel/start-thread.js';
import { ExpmanError } from '../../model/errors.js';
import type {
  DataRequest,
  DataThreadData,
  FromDataThread,
  LiveNews,
  RunPlace,
  ToDataThread,
  Watch,
} from './data-messages.js';
import { Waiting } from './waiting.js';

const ENTRY = (): URL => new URL('./data-thread.js', import.meta.url);
/**
 * Questions beyond this number are refused.
 *
 * @bound refuses: HTTP 503
 */
const MAX_WAITING = 64;
/**
 * A question that waits longer is refused; one that is being answered is given up after this time,
 * and its thread is ended.
 */
const PATIENCE_MS = 30_000;
const RESTART_MS = 1000;
/**
 * A small young generation: garbage is collected early, and two threads do not take twice the
 * memory.
 */
const HEAP = { maxOldGenerationSizeMb: 2048, maxYoungGenerationSizeMb: 8 };

/** The questions that may take long: how much they read has no small bound. */
const LONG: readonly DataRequest['kind'][] = [
  ...(['series', 'histograms', 'system'] as const),
  ...(['artifacts', 'artifact', 'version'] as const),
];

/** The client name of the server's own questions. */
const OWN = '';

/** Thrown if more questions are asked than can be answered; HTTP 503. */
export class BusyError extends Error {}

/** Thrown if the client has disconnected. */
class GoneError extends Error {}

/** The threads that read runs: one for short and live questions, one for long ones. */
export class DataThreads {
  private readonly short: DataThread;
  private readonly long: DataThread;

  constructor(dir: string, onNews: (news: LiveNews) => void) {
    this.short = new DataThread(dir, onNews);
    this.long = new DataThread(dir);
    // By the time the page is opened, the list is read and both threads are running.
    this.short.ask({ kind: 'news', ids: [] }).catch(() => undefined);
    this.long.begin();
  }

  /**
   * Asks a thread; resolves with the answer as text.
   *
   * @throws {@link BusyError}, {@link ExpmanError}
   */
  ask(request: DataRequest, asker?: Asker): Promise<string> {
    const isLong = LONG.includes(request.kind);
    return (isLong ? this.long : this.short).ask(request, asker);
  }

  /** Resolves with the places of those runs that exist. @throws as {@link ask} */
  async places(ids: readonly string[], asker?: Asker): Promise<RunPlace[]> {
    return JSON.parse(await this.ask({ kind: 'places', ids }, asker)) as RunPlace[];
  }

  /**
   * Reports news of these runs from now on; resolves once those that are alive are being followed.
   *
   * @throws as {@link ask}
   */
  watch(watches: readonly Watch[]): Promise<void> {
    return this.short.watch(watches);
  }

  async close(): Promise<void> {
    await Promise.all([this.short.close(), this.long.close()]);
  }
}

/** The client behind a question. */
export interface Asker {
  /** Clients are answered in turn; the server itself counts as one. */
  readonly client?: string;
  /** Aborted when the client no longer waits for the answer. */
  readonly signal?: AbortSignal;
}

interface Call {
  readonly number: number;
  readonly request: DataRequest;
  readonly resolve: (text: string) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
  /** Removes the timer and the listener of the client's signal. */
  readonly settle: () => void;
}

/**
 * One thread, started with the first question and again after it ended. It gets one question at a
 * time, so that waiting ones can still be dropped.
 */
class DataThread {
  private worker: Worker | null = null;
  private readonly waiting = new Waiting<Call>();
  private running: Call | null = null;
  private readonly unwanted = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  private watches: readonly Watch[] = [];
  private lastCall = 0;
  private isClosed = false;

  constructor(
    private readonly dir: string,
    private readonly onNews: (news: LiveNews) => void = () => undefined,
  ) {}

  ask(request: DataRequest, { client = OWN, signal }: Asker = {}): Promise<string> {
    if (signal?.aborted === true) return Promise.reject(new GoneError());
    if (this.isClosed || !this.hasRoomFor(client)) return Promise.reject(tooMuch());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.expire(call);
      }, PATIENCE_MS);
      // Only the server may keep the process alive.
      timer.unref();
      const leave = (): void => {
        this.leave(call);
      };
      signal?.addEventListener('abort', leave, { once: true });
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
      };
      const call = { number: ++this.lastCall, request, resolve, reject, timer, settle };
      this.waiting.add(client, call);
      this.goOn();
    });
  }

  async watch(watches: readonly Watch[]): Promise<void> {
    this.watches = watches;
    if (this.worker !== null || watches.length > 0) await this.ask({ kind: 'watch', watches });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const closing = new BusyError('the dashboard is being closed');
    for (let call = this.waiting.next(); call !== undefined; call = this.waiting.next()) fail(call, closing);
    this.failRunning(closing);
    await this.worker?.terminate();
  }

  begin(): void {
    this.worker ??= this.start();
  }

  /**
   * True if a question of this client may wait; if the queue is full, the client with the most
   * questions loses one.
   */
  private hasRoomFor(client: string): boolean {
    if (this.waiting.size < MAX_WAITING || client === OWN) return true;
    const call = this.waiting.takeFromGreediest(client);
    if (call !== undefined) fail(call, tooMuch());
    return call !== undefined;
  }

  private goOn(): void {
    if (this.running !== null) return;
    const call = this.waiting.next();
    if (call === undefined) return;
    this.running = call;
    call.timer.refresh();
    try {
      this.worker ??= this.start();
    } catch (error) {
      this.failRunning(error);
      return;
    }
    this.worker.postMessage({ call: call.number, request: call.request } satisfies ToDataThread);
  }

  private leave(call: Call): void {
    if (this.waiting.delete(call)) fail(call, new GoneError());
    else {
      // Its timer keeps running: the thread checks for this only between batches.
      Atomics.store(this.unwanted, 0, call.number);
      call.reject(new GoneError());
    }
  }

  private expire(call: Call): void {
    if (this.waiting.delete(call)) fail(call, tooMuch());
    else this.end(new ExpmanError('IO', `no answer within ${PATIENCE_MS / 1000} s`));
  }

  private start(): Worker {
    const worker = startThread(ENTRY, {
      name: 'expman-dashboard',
      workerData: { dir: this.dir, unwanted: this.unwanted } satisfies DataThreadData,
      resourceLimits: HEAP,
    });
    worker.on('message', (message: FromDataThread) => {
      this.received(message);
    });
    worker.on('error', (error) => {
      this.lost(worker, error);
    });
    worker.on('exit', () => {
      this.lost(worker, new Error('it exited unexpectedly'));
    });
    // After the listeners are added: a message listener refs the worker again.
    worker.unref();
    return worker;
  }

  private received(message: FromDataThread): void {
    if (message.kind === 'news') this.onNews(message.news);
    if (message.kind !== 'answer' && message.kind !== 'failed') return;
    const call = this.running;
    if (call?.number !== message.call) return;
    this.running = null;
    call.settle();
    if (message.kind === 'answer') call.resolve(message.text);
    else call.reject(new AnsweredError(message.code, message.message));
    this.goOn();
  }

  private end(error: unknown): void {
    void this.worker?.terminate();
    this.worker = null;
    this.failRunning(error);
    this.watchAgain();
  }

  private lost(worker: Worker, cause: Error): void {
    if (this.worker !== worker || this.isClosed) return;
    this.worker = null;
    const why = `the thread that reads the runs has ended: ${threadFailure(cause)}`;
    this.failRunning(new ExpmanError('IO', why, { cause }));
    this.watchAgain();
  }

  private watchAgain(): void {
    if (this.watches.length === 0) return;
    // A pause, so that a run that crashes every thread that reads it does not keep the machine busy
    // with starting them.
    setTimeout(() => {
      const { watches } = this;
      this.watch(watches)
        .then(() => {
          // News in between was missed.
          for (const { place } of watches) this.onNews({ kind: 'reset', run: place.id });
        })
        .catch(() => undefined);
    }, RESTART_MS).unref();
  }

  /** Fails the question that was being answered; the waiting ones go to the next thread. */
  private failRunning(error: unknown): void {
    const call = this.running;
    this.running = null;
    if (call !== null) fail(call, error);
    if (!this.isClosed) this.goOn();
  }
}

function fail({ settle, reject }: Call, error: unknown): void {
  settle();
  reject(error);
}

const tooMuch = (): BusyError => new BusyError('the server is busy; try again in a moment');

/** An error that a thread returned, with its code. */
export class AnsweredError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
