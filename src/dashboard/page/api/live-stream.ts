import type { LiveLogs, LivePoints, LiveReset, RunFactsAnswer } from '../../api.js';
import { type Connection, failureOf, type LiveListeners, type LiveQuery } from './api.js';
import { runId } from '../facts/run-values.js';
import { queryText, request } from './request.js';

const FIRST_WAIT_MS = 1000;
/** @bound loses nothing: a time between two tries */
const LONGEST_WAIT_MS = 15_000;
/** A page that nobody looks at for so long lets its connection go. */
const AWAY_MS = 3000;

/** Who hears of what. */
interface Hearer {
  readonly query: LiveQuery;
  readonly listeners: LiveListeners;
  /** Whether a stream has been open for it; until then it has missed nothing. */
  isKnown: boolean;
}

/** Everything a stream can say, by the event's name; of one version and one schema with the server, as every answer. */
interface LiveEvents {
  readonly points: LivePoints;
  readonly logs: LiveLogs;
  readonly run: RunFactsAnswer;
  readonly reset: LiveReset;
  readonly runs: unknown;
  readonly here: unknown;
}

/**
 * The news for all parts of the page, over one stream: a browser has six connections to a server at the most, for all its tabs
 * together. For the same reason a page that nobody looks at has none.
 *
 * When other news is wanted, another stream is opened that goes on where the one before was. The browser takes a broken one up
 * by itself, with the id of the last event; where it gives up (the server answered with an error) it is opened again after a
 * while.
 */
export class LiveStream {
  private readonly hearers = new Set<Hearer>();
  private source: EventSource | null = null;
  /** What the stream was opened for. */
  private subject = '';
  /** Behind which event it goes on. */
  private lastId = '';
  /** Until all that was missed has been told. */
  private isCatchingUp = false;
  private isAway = document.hidden;
  private waitMs = FIRST_WAIT_MS;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private changeTimer: ReturnType<typeof setTimeout> | undefined;
  private awayTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly onState: (state: Connection) => void) {
    document.addEventListener('visibilitychange', () => this.look());
  }

  /** Hears what is new until the function it returns is called. */
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

  /** Once, when all parts of a page that has just changed have said what they want. */
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
    // Of one that takes the place of another nothing is missed, or it says so.
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

  /** The browser does not say with which status: another question does. */
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

  /** Behind which event a stream goes on, where anybody has heard of a run before. */
  private since(): string | undefined {
    const isHeard = [...this.hearers].some(({ isKnown, query }) => isKnown && query.runs.length > 0);
    return isHeard ? this.lastId : undefined;
  }

  /** Those who came since the stream was opened hear from here on. */
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
      // What was missed by a stream before is nothing to one who did not hear it.
      if (query.runs.includes(run) && (isKnown || !this.isCatchingUp)) listeners.reset?.(run);
    });
    on('runs', (_, { listeners }) => listeners.runs?.());
    on('here', () => undefined);
  }
}

/** What all of them want to hear together, as a query. */
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
