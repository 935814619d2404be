import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { jsonText } from '../../model/json-text.js';
import type { DataThreads } from '../data/data-threads.js';
import type { ListNews, LiveNews, RunPlace, Watch } from '../data/messages.js';

/** So many news are kept for a client whose connection broke. */
const KEPT = 2000;
/** What a client may leave unread before it is dropped. */
const MAX_UNREAD_BYTES = 1024 * 1024;
const MAX_CLIENTS = 32;
/** How often it is looked whether the list of runs has changed. */
const LIST_MS = 1000;
/** So that nothing between takes the connection for dead. */
const KEEP_ALIVE_MS = 15_000;
/** A client that reloads finds its runs still being followed. */
const GRACE_MS = 20_000;

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

interface Kept {
  readonly number: number;
  readonly news: LiveNews;
}

/** Gives what is new in runs to all who listen, as server-sent events. */
export class LiveHub {
  /** Numbers of events hold for this server alone. */
  private readonly boot = randomBytes(4).toString('hex');
  private readonly clients = new Set<Client>();
  private readonly kept: Kept[] = [];
  private number = 0;
  private version: string | null = null;
  /** What was told of each run last. */
  private readonly facts = new Map<string, string>();
  private listTimer: NodeJS.Timeout | undefined;
  private keepAlive: NodeJS.Timeout | undefined;
  private grace: NodeJS.Timeout | undefined;

  constructor(private readonly threads: DataThreads) {}

  get isFull(): boolean {
    return this.clients.size >= MAX_CLIENTS;
  }

  /** Gives a client what is new from now on, or behind the event it has had last. */
  connect(response: ServerResponse, wish: LiveWish, lastEventId: string | undefined): void {
    const client: Client = { ...wish, response, runs: new Set(wish.places.map(({ id }) => id)) };
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 1000\n\n');
    this.clients.add(client);
    response.on('close', () => {
      this.clients.delete(client);
      this.changed();
    });
    if (lastEventId !== undefined) this.catchUp(client, lastEventId);
    this.changed();
  }

  /** Takes what a thread tells, and gives it on. */
  receive(news: LiveNews): void {
    const kept = { number: ++this.number, news };
    this.kept.push(kept);
    if (this.kept.length > KEPT) this.kept.shift();
    for (const client of this.clients) this.give(client, kept);
  }

  close(): void {
    clearTimeout(this.listTimer);
    clearInterval(this.keepAlive);
    clearTimeout(this.grace);
    for (const { response } of this.clients) response.destroy();
  }

  private catchUp(client: Client, lastEventId: string): void {
    const [boot, number] = lastEventId.split('-');
    const from = Number(number);
    const isKnown = boot === this.boot && from >= (this.kept[0]?.number ?? this.number + 1) - 1;
    if (isKnown) for (const kept of this.kept) if (kept.number > from) this.give(client, kept);
    if (!isKnown) for (const run of client.runs) this.send(client, 'reset', jsonText({ run }));
  }

  private give(client: Client, { number, news }: Kept): void {
    if (!client.runs.has(news.run)) return;
    const id = `${this.boot}-${number}`;
    switch (news.kind) {
      case 'points': {
        const series = news.series.filter(({ metric }) => client.metrics.includes(metric));
        if (series.length > 0) this.send(client, 'points', jsonText({ run: news.run, series }), id);
        return;
      }
      case 'logs':
        if (client.logs) this.send(client, 'logs', jsonText({ run: news.run, lines: news.lines }), id);
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

  private send({ response }: Client, event: string, data: string, id?: string): void {
    response.write(`event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`);
    // One that does not read goes on where it was when it comes again.
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  }

  /** Follows what anybody wants to hear, and nothing more. */
  private changed(): void {
    clearTimeout(this.grace);
    if (this.clients.size === 0) {
      clearTimeout(this.listTimer);
      clearInterval(this.keepAlive);
      this.listTimer = this.keepAlive = undefined;
      this.grace = setTimeout(() => {
        this.threads.watch([]);
      }, GRACE_MS);
      this.grace.unref();
      return;
    }
    const watches = new Map<string, Watch>();
    for (const { places, metrics, logs } of this.clients)
      for (const place of places) {
        const known = watches.get(place.id);
        watches.set(place.id, {
          place,
          metrics: [...new Set([...(known?.metrics ?? []), ...metrics])],
          logs: logs || known?.logs === true,
        });
      }
    this.threads.watch([...watches.values()]);
    this.keepAlive ??= setInterval(() => {
      for (const { response } of this.clients) response.write(': here\n\n');
    }, KEEP_ALIVE_MS);
    if (this.listTimer === undefined) this.lookAtList();
  }

  private lookAtList(): void {
    this.listTimer = setTimeout(() => {
      const ids = [...new Set([...this.clients].flatMap(({ runs }) => [...runs]))];
      this.threads
        .ask({ kind: 'news', ids })
        .then((text) => {
          this.tellList(JSON.parse(text) as ListNews);
        })
        .catch(() => undefined)
        .finally(() => {
          if (this.clients.size > 0) this.lookAtList();
          else this.listTimer = undefined;
        });
    }, LIST_MS);
  }

  private tellList({ version, facts }: ListNews): void {
    if (this.version !== null && version !== this.version)
      for (const client of this.clients) this.send(client, 'runs', '{}');
    this.version = version;
    for (const [run, text] of Object.entries(facts)) {
      if (this.facts.get(run) === text) continue;
      this.facts.set(run, text);
      this.receive({ kind: 'run', run, facts: text });
    }
    for (const run of this.facts.keys()) if (!(run in facts)) this.facts.delete(run);
  }
}
