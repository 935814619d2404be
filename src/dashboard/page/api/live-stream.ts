import type { LiveLogs, LivePoints, LiveReset, RunFactsAnswer } from '../../api.js';
import type { LiveListeners, LiveQuery, Connection } from './api.js';
import { queryText } from './request.js';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

/**
 * Opens a stream of news, and opens it again when it breaks; returns what closes it.
 *
 * The browser takes a broken stream up by itself, with the id of the last event. Where it gives up (the server answered with
 * an error) a new one is opened after a while, and `open` says that news may have been missed.
 */
export function openLive(
  query: LiveQuery,
  listeners: LiveListeners,
  tell: (state: Connection) => void,
): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waitMs = FIRST_WAIT_MS;
  let wasOpen = false;
  const open = (): void => {
    source = new EventSource(addressOf(query));
    source.onopen = () => {
      tell('connected');
      listeners.open?.(wasOpen);
      [wasOpen, waitMs] = [true, FIRST_WAIT_MS];
    };
    source.onerror = () => {
      tell('disconnected');
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, waitMs);
      waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
    };
    hear(source, listeners);
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}

function addressOf({ runs, metrics, logs }: LiveQuery): string {
  return `/api/live${queryText({
    runs: runs.length === 0 ? undefined : runs.join(','),
    metric: metrics,
    logs: logs ? '1' : undefined,
  })}`;
}

/** Everything a stream can say, by the event's name; of one version and one schema with the server, as every answer. */
interface LiveEvents {
  readonly points: LivePoints;
  readonly logs: LiveLogs;
  readonly run: RunFactsAnswer;
  readonly reset: LiveReset;
  readonly runs: unknown;
}

function hear(source: EventSource, listeners: LiveListeners): void {
  const on = <Name extends keyof LiveEvents>(name: Name, listener: (event: LiveEvents[Name]) => void): void =>
    source.addEventListener(name, ({ data }: MessageEvent<string>) => {
      listener((data === '' ? null : JSON.parse(data)) as LiveEvents[Name]);
    });
  on('points', (points) => listeners.points?.(points));
  on('logs', (logs) => listeners.logs?.(logs));
  on('run', (facts) => listeners.run?.(facts));
  on('reset', ({ run }) => listeners.reset?.(run));
  on('runs', () => listeners.runs?.());
}
