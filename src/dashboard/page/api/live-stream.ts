import type { LiveLogs, LivePoints, LiveReset, RunFactsAnswer } from '../../api.js';
import { type Connection, failureOf, type LiveListeners, type LiveQuery } from './api.js';
import { runId } from '../facts/run-values.js';
import { queryText, request } from './request.js';

const FIRST_WAIT_MS = 1000;
/** @bound loses nothing: a time between two tries */
const LONGEST_WAIT_MS = 15_000;
/** A page hidden for longer than this closes its connection. */
const AWAY_MS = 3000;

/** A listener and the events it wants. */
interface Hearer {
  readonly query: LiveQuery;
  readonly listeners: LiveListeners;
  /** True once a stream has been open for it; before that it has missed nothing. */
  isKnown: boolean;
}

/**
 * All events of a stream, by name; server and page share version and schema, so they are not
 * checked.
 */
interface LiveEvents {
  readonly points: LivePoints;
  readonly logs: LiveLogs;
  readonly run: RunFactsAnswer;
  readonly reset: LiveReset;
  readonly runs: unknown;
  readonly here: unknown;
}

/**
 * Shares one stream of events among all parts of the page: a browser allows six connections per
 * server, for all its tabs together. For the same reason a hidden page has none.
 *
 * If other events are wanted, a new stream opens and resumes where the old one was. The browser
 * resumes a broken stream by itself, with the id of the last event; if it gives up (the server
 * answered with an error), the stream is opened again after a while.
 */
export class LiveStream {
  private readonly hearers = new Set<Hearer>();
  private source: EventSource | null = null;
  /** The query the stream was opened with. */
  private subject = '';
  /** The id of the last event received; a new stream resumes after it. */
  private lastId = '';
  /** True until all missed events have arrived. */
  private isCatchingUp = false;
  private isAway = document.hidden;
  private waitMs = FIRST_WAIT_MS;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private changeTimer: ReturnType<typeof setTimeout> | undefined;
  private awayTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly onState: (state: Connection) => void) {
    document.addEventListener('visibilitychange', () => this.look());
  }

  /** Listens for events until the returned function is called. */
  hear(query: LiveQuery, listeners: LiveListeners): () => void {
    const hearer: Hearer = { query, listeners, isKnown: false };
    this.hearers.add(hearer);
    this.changeSoon();
    return () => {
      this.hearers.delete(hearer);
      this.changeSoon();
    };
  }

  private look(): void {
    clearTimeout(this.awayTimer);
    const settle = (): void => {
      this.isAway = document.hidden;
      this.change();
    };
    if (document.hidden) this.awayTimer = setTimeout(settle, AWAY_MS);
    else settle();
  }

  /** Changes the stream once all parts of a page that has just changed have registered. */
  private changeSoon(): void {
    this.changeTimer ??= setTimeout(() => this.change(), 0);
  }

  private change(): void {
    clearTimeout(this.changeTimer);
    this.changeTimer = undefined;
    if (this.isAway || this.hearers.size === 0) this.close();
    else {
      const subject = subjectOf([...this.hearers].map(({ query }) => query));
      if (this.source === null || subject !== this.subject) this.open(subject);
      else if (this.source.readyState === EventSource.OPEN && !this.isCatchingUp) this.welcome();
    }
  }

  private open(subject: string): void {
    // A stream that replaces an open one misses nothing, or a `reset` says so.
    let isGoingOn = this.source?.readyState === EventSource.OPEN;
    this.close();
    this.subject = subject;
    const source = new EventSource(addressOf(subject, this.since()));
    this.source = source;
    source.onopen = () => {
      this.onState('connected');
      this.waitMs = FIRST_WAIT_MS;
      this.isCatchingUp = true;
      if (!isGoingOn) for (const { isKnown, listeners } of this.hearers) if (isKnown) listeners.open?.(true);
      isGoingOn = false;
    };
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) void this.refused(source, subject);
      else this.onState('disconnected');
    };
    this.listen(source);
  }

  /** The browser does not report the HTTP status, so another request finds it out. */
  private async refused(source: EventSource, subject: string): Promise<void> {
    const status = await request('/api/server').then(
      () => 200,
      (error: unknown) => failureOf(error).status,
    );
    if (this.source !== source) return;
    this.onState(status === 401 ? 'expired' : 'disconnected');
    this.retryTimer = setTimeout(() => this.open(subject), this.waitMs);
    this.waitMs = Math.min(LONGEST_WAIT_MS, this.waitMs * 2);
  }

  private close(): void {
    clearTimeout(this.retryTimer);
    this.source?.close();
    this.source = null;
  }

  /** The event to resume after, if any listener has received events of a run before. */
  private since(): string | undefined {
    const isHeard = [...this.hearers].some(({ isKnown, query }) => isKnown && query.runs.length > 0);
    return isHeard ? this.lastId : undefined;
  }

  /** Marks listeners that were added since the stream opened; they receive events from here on. */
  private welcome(): void {
    for (const hearer of this.hearers) {
      if (hearer.isKnown) continue;
      hearer.isKnown = true;
      hearer.listeners.open?.(false);
    }
  }

  private listen(source: EventSource): void {
    const on = <Name extends keyof LiveEvents>(
      name: Name,
      give: (event: LiveEvents[Name], hearer: Hearer) => void,
    ): void =>
      source.addEventListener(name, ({ data, lastEventId }: MessageEvent<string>) => {
        if (lastEventId !== '') this.lastId = lastEventId;
        const event = JSON.parse(data) as LiveEvents[Name];
        for (const hearer of this.hearers) give(event, hearer);
        if (name !== 'here') return;
        this.isCatchingUp = false;
        this.welcome();
      });
    on('points', ({ run, series }, { query, listeners }) => {
      const wanted = series.filter(({ metric }) => query.metrics.includes(metric));
      if (wanted.length > 0 && query.runs.includes(run)) listeners.points?.({ run, series: wanted });
    });
    on('logs', (logs, { query, listeners }) => {
      if (query.logs && query.runs.includes(logs.run)) listeners.logs?.(logs);
    });
    on('run', (facts, { query, listeners }) => {
      if (query.runs.includes(runId(facts))) listeners.run?.(facts);
    });
    on('reset', ({ run }, { isKnown, query, listeners }) => {
      // Events missed by an earlier stream do not matter to a listener that was not on it.
      if (query.runs.includes(run) && (isKnown || !this.isCatchingUp)) listeners.reset?.(run);
    });
    on('runs', (_, { listeners }) => listeners.runs?.());
    on('here', () => undefined);
  }
}

/** Combines the queries of all listeners into one. */
function subjectOf(queries: readonly LiveQuery[]): string {
  const all = (names: (query: LiveQuery) => readonly string[]): string[] =>
    [...new Set(queries.flatMap(names))].sort();
  const runs = all((query) => query.runs).join(',');
  return queryText({
    runs: runs === '' ? undefined : runs,
    metric: all((query) => query.metrics),
    logs: queries.some(({ logs }) => logs) ? '1' : undefined,
  });
}

function addressOf(subject: string, since: string | undefined): string {
  const more = since === undefined ? '' : `${subject === '' ? '?' : '&'}since=${since}`;
  return `/api/live${subject}${more}`;
}
