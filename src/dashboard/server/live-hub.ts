import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { jsonText } from '../../model/json-text.js';
import type { DataThreads } from '../data/data-threads.js';
import type { ListNews, LiveNews, RunPlace, Watch } from '../data/data-messages.js';
import { type Kept, KeptNews } from './kept-news.js';

/**
 * Unread bytes after which a client is dropped.
 *
 * @bound loses nothing: the connection ends, and the client resumes where it was when it reconnects
 */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** @bound refuses: HTTP 503 */
const MAX_CLIENTS = 32;
/** The interval for checking whether the list of runs has changed. */
const LIST_MS = 1000;
/** Keeps proxies from closing an idle connection. */
const KEEP_ALIVE_MS = 15_000;
/** A client that reconnects within this time finds its runs still being followed. */
const GRACE_MS = 20_000;
/**
 * Wishes of disconnected clients that are kept; a page is not reloaded that often.
 *
 * @bound loses nothing: a client that reconnects is told to read again
 */
const MAX_LEFT = 32;

/** The events that a client wants. */
export interface LiveWish {
  readonly places: readonly RunPlace[];
  readonly metrics: readonly string[];
  readonly logs: boolean;
}

interface Client extends LiveWish {
  readonly response: ServerResponse;
  readonly runs: ReadonlySet<string>;
}

/** Sends the news of runs to all listening clients as server-sent events. */
export class LiveHub {
  /** Event numbers are valid for this server only. */
  private readonly boot = randomBytes(4).toString('hex');
  private readonly clients = new Set<Client>();
  /** Wishes of all clients, and for a while of those that disconnected. */
  private readonly wishes = new Set<LiveWish>();
  private readonly kept = new KeptNews();
  /** The number from which each subject ({@link subjectsOf}) is reported. */
  private readonly since = new Map<string, number>();
  private version: string | null = null;
  /** The facts that were last sent of each run. */
  private readonly facts = new Map<string, string>();
  /** Clients that may have read the list before its last change. */
  private readonly unsure = new Set<Client>();
  private listTimer: NodeJS.Timeout | undefined;
  private keepAlive: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly threads: DataThreads) {}

  get isFull(): boolean {
    return this.clients.size >= MAX_CLIENTS;
  }

  /**
   * Sends a client, once its runs are followed, all news from then on, or all after the last event
   * it had.
   */
  async connect(response: ServerResponse, wish: LiveWish, lastEventId: string | undefined): Promise<void> {
    // A response queued after another one on its connection gets no event when the connection
    // closes.
    const { socket } = response.req;
    const hasGone = (): boolean => socket.destroyed || this.isClosed;
    if (hasGone()) return;
    const client: Client = { ...wish, response, runs: new Set(wish.places.map(({ id }) => id)) };
    const asked = this.kept.last;
    this.wishes.add(wish);
    socket.once('close', () => {
      this.disconnect(client, wish);
    });
    await this.follow();
    if (hasGone()) return;
    this.clients.add(client);
    this.unsure.add(client);
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 1000\n\n');
    if (lastEventId !== undefined) this.catchUp(client, wish, lastEventId);
    // Facts of its runs that changed while it waited.
    else
      for (const kept of this.kept.after(asked) ?? [])
        if (kept.news.kind === 'run') this.deliver(client, kept);
    // Gives it a number at once: a stream that breaks before its first news has missed something,
    // too.
    this.send(client, 'here', '{}', this.idOf(this.kept.last));
    this.keepAlive ??= setInterval(() => {
      for (const each of this.clients) this.write(each, ': here\n\n');
    }, KEEP_ALIVE_MS).unref();
    if (this.listTimer === undefined) this.scheduleListCheck();
  }

  /** Keeps news from a thread and sends it to the clients. */
  receive(news: LiveNews): void {
    const kept = this.kept.add(news);
    for (const client of this.clients) this.deliver(client, kept);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.listTimer);
    clearInterval(this.keepAlive);
    for (const { response } of this.clients) response.req.socket.destroy();
  }

  private disconnect(client: Client, wish: LiveWish): void {
    this.clients.delete(client);
    this.unsure.delete(client);
    const graceMs = this.wishes.size - this.clients.size > MAX_LEFT ? 0 : GRACE_MS;
    setTimeout(() => {
      this.wishes.delete(wish);
      if (!this.isClosed) void this.follow();
    }, graceMs).unref();
    if (this.clients.size > 0) return;
    clearInterval(this.keepAlive);
    this.keepAlive = undefined;
  }

  private catchUp(client: Client, wish: LiveWish, lastEventId: string): void {
    const [boot, number] = lastEventId.split('-');
    const from = boot === this.boot ? Number(number) : NaN;
    const missed = this.kept.after(from);
    const isTold = (subject: string): boolean => (this.since.get(subject) ?? Infinity) <= from;
    const seen = wish.places.filter((place) => missed !== null && subjectsOf(wish, place).every(isTold));
    const runs = new Set(seen.map(({ id }) => id));
    for (const kept of missed ?? []) if (runs.has(kept.news.run)) this.deliver(client, kept);
    for (const run of client.runs)
      if (!runs.has(run)) this.send(client, 'reset', jsonText({ run }), this.idOf(this.kept.last));
  }

  private idOf(number: number): string {
    return `${this.boot}-${number}`;
  }

  private deliver(client: Client, { number, news }: Kept): void {
    if (!client.runs.has(news.run)) return;
    const id = this.idOf(number);
    switch (news.kind) {
      case 'points': {
        const series = news.series.filter(({ metric }) => client.metrics.includes(metric));
        if (series.length > 0) this.send(client, 'points', jsonText({ run: news.run, series }), id);
        return;
      }
      case 'logs':
        if (client.logs) this.send(client, 'logs', news.text, id);
        return;
      case 'run':
        this.send(client, 'run', news.facts, id);
        return;
      case 'reset':
        this.send(client, 'reset', jsonText({ run: news.run }), id);
        return;
      default:
        news satisfies never;
    }
  }

  private send(client: Client, event: string, data: string, id?: string): void {
    this.write(client, `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`);
  }

  private write({ response }: Client, text: string): void {
    // A client that does not read resumes where it was when it reconnects.
    if (response.writableLength > MAX_UNREAD_BYTES) response.req.socket.destroy();
    else response.write(text);
  }

  /** Follows exactly the runs that any client wants. */
  private async follow(): Promise<void> {
    const watches = new Map<string, Watch>();
    const subjects = new Set<string>();
    for (const wish of this.wishes)
      for (const place of wish.places) {
        const known = watches.get(place.id);
        watches.set(place.id, {
          place,
          metrics: [...new Set([...(known?.metrics ?? []), ...wish.metrics])],
          logs: wish.logs || known?.logs === true,
        });
        for (const subject of subjectsOf(wish, place)) subjects.add(subject);
      }
    for (const subject of this.since.keys()) if (!subjects.has(subject)) this.since.delete(subject);
    const number = this.kept.skip();
    for (const subject of subjects) if (!this.since.has(subject)) this.since.set(subject, number);
    // A thread that ended is started again and then reports a reset.
    await this.threads.watch([...watches.values()]).catch(() => undefined);
  }

  private scheduleListCheck(): void {
    const look = async (): Promise<void> => {
      await this.checkList();
      this.listTimer = undefined;
      if (this.clients.size > 0 && !this.isClosed) this.scheduleListCheck();
    };
    this.listTimer = setTimeout(() => void look(), LIST_MS).unref();
  }

  /** Sends changes of the list and of runs in it. */
  private async checkList(): Promise<void> {
    const ids = [...new Set([...this.clients].flatMap(({ runs }) => [...runs]))];
    const text = await this.threads.ask({ kind: 'news', ids }).catch(() => null);
    if (text !== null) this.sendList(JSON.parse(text) as ListNews);
  }

  private sendList({ version, facts }: ListNews): void {
    for (const client of version === this.version ? this.unsure : this.clients)
      this.send(client, 'runs', '{}');
    this.version = version;
    for (const [run, text] of Object.entries(facts)) {
      const isKnown = this.facts.get(run) === text;
      this.facts.set(run, text);
      if (!isKnown) this.receive({ kind: 'run', run, facts: text });
      else for (const client of this.unsure) if (client.runs.has(run)) this.send(client, 'run', text);
    }
    for (const run of this.facts.keys()) if (!(run in facts)) this.facts.delete(run);
    this.unsure.clear();
  }
}

/** The subjects of a run that a wish covers. */
const subjectsOf = ({ metrics, logs }: LiveWish, { id }: RunPlace): string[] => [
  ...[id, ...metrics.map((metric) => `${id} ${metric}`)],
  ...(logs ? [`${id}\n`] : []),
];
