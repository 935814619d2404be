import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { jsonText } from '../../model/json-text.js';
import type { DataThreads } from '../data/data-threads.js';
import type { ListNews, LiveNews, RunPlace, Watch } from '../data/data-messages.js';
import { type Kept, KeptNews } from './kept-news.js';

/**
 * What a client may leave unread before it is dropped.
 *
 * @bound loses nothing: the connection ends, and goes on where it was when it comes again
 */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** @bound refuses: HTTP 503 */
const MAX_CLIENTS = 32;
/** How often it is asked whether the list of runs has changed. */
const LIST_MS = 1000;
/** So that nothing between takes the connection for dead. */
const KEEP_ALIVE_MS = 15_000;
/** A client that comes again by then finds its runs still being followed. */
const GRACE_MS = 20_000;
/**
 * So many wishes of clients that left are held; a page is not reloaded that often.
 *
 * @bound loses nothing: who comes again is told to read again
 */
const MAX_LEFT = 32;

/** What a client wants to hear. */
export interface LiveWish {
  readonly places: readonly RunPlace[];
  readonly metrics: readonly string[];
  readonly logs: boolean;
}

interface Client extends LiveWish {
  readonly response: ServerResponse;
  readonly runs: ReadonlySet<string>;
}

/** Gives what is new in runs to all who listen, as server-sent events. */
export class LiveHub {
  /** Numbers of events hold for this server alone. */
  private readonly boot = randomBytes(4).toString('hex');
  private readonly clients = new Set<Client>();
  /** Of all clients, and for a while of those that left. */
  private readonly wishes = new Set<LiveWish>();
  private readonly kept = new KeptNews();
  /** Since which number it is told, by {@link subjectsOf}. */
  private readonly since = new Map<string, number>();
  private version: string | null = null;
  /** What was told of each run last. */
  private readonly facts = new Map<string, string>();
  /** Clients that may have read the list before it changed last. */
  private readonly unsure = new Set<Client>();
  private listTimer: NodeJS.Timeout | undefined;
  private keepAlive: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly threads: DataThreads) {}

  get isFull(): boolean {
    return this.clients.size >= MAX_CLIENTS;
  }

  /** Gives a client, once its runs are followed, what is new from then on, or behind the event it has had last. */
  async connect(response: ServerResponse, wish: LiveWish, lastEventId: string | undefined): Promise<void> {
    // A response that waits behind another one of its connection is never told that the connection is gone.
    const { socket } = response.req;
    const hasGone = (): boolean => socket.destroyed || this.isClosed;
    if (hasGone()) return;
    const client: Client = { ...wish, response, runs: new Set(wish.places.map(({ id }) => id)) };
    const asked = this.kept.last;
    this.wishes.add(wish);
    socket.once('close', () => {
      this.leave(client, wish);
    });
    await this.follow();
    if (hasGone()) return;
    this.clients.add(client);
    this.unsure.add(client);
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 1000\n\n');
    if (lastEventId !== undefined) this.catchUp(client, wish, lastEventId);
    // What its runs were found to be while it waited.
    else
      for (const kept of this.kept.behind(asked) ?? []) if (kept.news.kind === 'run') this.give(client, kept);
    // With a number from the first moment on: a stream that breaks before its first news has missed something, too.
    this.send(client, 'here', '{}', this.idOf(this.kept.last));
    this.keepAlive ??= setInterval(() => {
      for (const each of this.clients) this.write(each, ': here\n\n');
    }, KEEP_ALIVE_MS).unref();
    if (this.listTimer === undefined) this.lookAtList();
  }

  /** Takes what a thread tells, and gives it on. */
  receive(news: LiveNews): void {
    const kept = this.kept.add(news);
    for (const client of this.clients) this.give(client, kept);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.listTimer);
    clearInterval(this.keepAlive);
    for (const { response } of this.clients) response.req.socket.destroy();
  }

  private leave(client: Client, wish: LiveWish): void {
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
    const missed = this.kept.behind(from);
    const isTold = (subject: string): boolean => (this.since.get(subject) ?? Infinity) <= from;
    const told = wish.places.filter((place) => missed !== null && subjectsOf(wish, place).every(isTold));
    const runs = new Set(told.map(({ id }) => id));
    for (const kept of missed ?? []) if (runs.has(kept.news.run)) this.give(client, kept);
    for (const run of client.runs)
      if (!runs.has(run)) this.send(client, 'reset', jsonText({ run }), this.idOf(this.kept.last));
  }

  private idOf(number: number): string {
    return `${this.boot}-${number}`;
  }

  private give(client: Client, { number, news }: Kept): void {
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
    // One that does not read goes on where it was when it comes again.
    if (response.writableLength > MAX_UNREAD_BYTES) response.req.socket.destroy();
    else response.write(text);
  }

  /** Follows what anybody wants to hear, and nothing more. */
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
    // A thread that has gone is begun again, and says so then.
    await this.threads.watch([...watches.values()]).catch(() => undefined);
  }

  private lookAtList(): void {
    const look = async (): Promise<void> => {
      await this.tellOfList();
      this.listTimer = undefined;
      if (this.clients.size > 0 && !this.isClosed) this.lookAtList();
    };
    this.listTimer = setTimeout(() => void look(), LIST_MS).unref();
  }

  /** Tells of a list, and of runs in it, that have changed. */
  private async tellOfList(): Promise<void> {
    const ids = [...new Set([...this.clients].flatMap(({ runs }) => [...runs]))];
    const text = await this.threads.ask({ kind: 'news', ids }).catch(() => null);
    if (text !== null) this.tellNews(JSON.parse(text) as ListNews);
  }

  private tellNews({ version, facts }: ListNews): void {
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

/** What is told of a run to one who has this wish. */
const subjectsOf = ({ metrics, logs }: LiveWish, { id }: RunPlace): string[] => [
  ...[id, ...metrics.map((metric) => `${id} ${metric}`)],
  ...(logs ? [`${id}\n`] : []),
];
