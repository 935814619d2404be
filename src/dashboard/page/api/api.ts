import type {
  ApiError,
  ArtifactAnswer,
  ArtifactsAnswer,
  ArtifactVersionDetails,
  ExperimentFacts,
  HistogramsAnswer,
  HistoryAnswer,
  HistoryRequest,
  LiveLogs,
  LivePoints,
  LogLineAnswer,
  RunAnswer,
  RunChange,
  RunFactsAnswer,
  RunsAnswer,
  RunsRequest,
  SeriesAnswer,
  SeriesRequest,
  ServerFacts,
  SweepAnswer,
  SystemAnswer,
} from '../../api.js';

/** The curves to request. */
export interface SeriesQuery {
  readonly runs: readonly string[];
  readonly metrics: readonly string[];
  readonly x: SeriesRequest['x'];
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The log lines to request. */
export interface LogsQuery {
  readonly level?: string | undefined;
  readonly text?: string | undefined;
  readonly last?: number | undefined;
}

/** The events to listen for; without runs, only changes of their list. */
export interface LiveQuery {
  readonly runs: readonly string[];
  readonly metrics: readonly string[];
  readonly logs: boolean;
}

/** Listeners, named after the events of the stream. */
export interface LiveListeners {
  readonly points?: (points: LivePoints) => void;
  readonly logs?: (logs: LiveLogs) => void;
  readonly run?: (facts: RunFactsAnswer) => void;
  readonly reset?: (run: string) => void;
  readonly runs?: () => void;
  /** Called when the stream is open; `again` if it was open before. */
  readonly open?: (again: boolean) => void;
}

/**
 * The state of the live connection; `expired` if the server was restarted and wants another token,
 * `none` in a report.
 */
export type Connection = 'connecting' | 'connected' | 'disconnected' | 'expired' | 'none';

/**
 * The source of all data on the page: a server, or the report that embeds it. Requests fail with
 * {@link ApiFailure}.
 */
export interface Api {
  /** True if there is a server, and with it live events, writing and exact curves. */
  readonly isLive: boolean;
  server(): Promise<ServerFacts>;
  experiments(): Promise<readonly ExperimentFacts[]>;
  runs(query: RunsRequest, signal?: AbortSignal): Promise<RunsAnswer>;
  history(query: HistoryRequest, signal?: AbortSignal): Promise<HistoryAnswer>;
  /** The first artifacts by name; of one, its newest versions; of a version, its first files. */
  artifacts(): Promise<ArtifactsAnswer>;
  artifact(name: string): Promise<ArtifactAnswer>;
  version(name: string, version: number): Promise<ArtifactVersionDetails>;
  run(id: string): Promise<RunAnswer>;
  /** Changes tags or notes; resolves once they are changed. */
  change(id: string, change: RunChange): Promise<void>;
  series(query: SeriesQuery, signal?: AbortSignal): Promise<SeriesAnswer>;
  logs(id: string, query: LogsQuery): Promise<readonly LogLineAnswer[]>;
  system(id: string): Promise<SystemAnswer['columns']>;
  histograms(id: string, metric: string): Promise<HistogramsAnswer>;
  sweep(experiment: string): Promise<SweepAnswer['sweep']>;
  /** Listens for events until the returned function is called. */
  live(query: LiveQuery, listeners: LiveListeners): () => void;
  /**
   * Reports the state of the connection, at once and on each change, until the returned function is
   * called.
   */
  connection(listener: (state: Connection) => void): () => void;
}

/** A request that failed. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';

  constructor(
    readonly status: number,
    readonly answer: ApiError,
  ) {
    super(answer.message);
  }
}

/** Wraps any error as one with a code. */
export function failureOf(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiFailure(0, { code: 'PAGE', message });
}
