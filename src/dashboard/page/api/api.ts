import type {
  ApiError,
  ExperimentFacts,
  HistogramsAnswer,
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

/** Which curves are asked for. */
export interface SeriesQuery {
  readonly runs: readonly string[];
  readonly metrics: readonly string[];
  readonly x: SeriesRequest['x'];
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Which lines of a log are asked for. */
export interface LogsQuery {
  readonly level?: string | undefined;
  readonly text?: string | undefined;
  readonly last?: number | undefined;
}

/** What is to be heard of runs; without runs only that their list has changed. */
export interface LiveQuery {
  readonly runs: readonly string[];
  readonly metrics: readonly string[];
  readonly logs: boolean;
}

/** Who hears what, each as the stream's event of that name. */
export interface LiveListeners {
  readonly points?: (points: LivePoints) => void;
  readonly logs?: (logs: LiveLogs) => void;
  readonly run?: (facts: RunFactsAnswer) => void;
  readonly reset?: (run: string) => void;
  readonly runs?: () => void;
  /** The stream is open; `again` when it had been open before. */
  readonly open?: (again: boolean) => void;
}

/** Whether news arrive; `expired` where the server asks for the token of another start, `none` in a report. */
export type Connection = 'connecting' | 'connected' | 'disconnected' | 'expired' | 'none';

/** Where the page has everything from: a server, or the report it is in. What is asked fails with {@link ApiFailure}. */
export interface Api {
  /** Whether there is a server, and with it news, writing and exact curves. */
  readonly isLive: boolean;
  server(): Promise<ServerFacts>;
  experiments(): Promise<readonly ExperimentFacts[]>;
  runs(query: RunsRequest, signal?: AbortSignal): Promise<RunsAnswer>;
  run(id: string): Promise<RunAnswer>;
  /** Changes tags or notes; resolves with what the run is then. */
  change(id: string, change: RunChange): Promise<void>;
  series(query: SeriesQuery, signal?: AbortSignal): Promise<SeriesAnswer>;
  logs(id: string, query: LogsQuery): Promise<readonly LogLineAnswer[]>;
  system(id: string): Promise<SystemAnswer['columns']>;
  histograms(id: string, metric: string): Promise<HistogramsAnswer>;
  sweep(experiment: string): Promise<SweepAnswer['sweep']>;
  /** Hears what is new until the function it returns is called. */
  live(query: LiveQuery, listeners: LiveListeners): () => void;
  /** Hears whether news arrive, at once and whenever it changes, until the function it returns is called. */
  connection(listener: (state: Connection) => void): () => void;
}

/** What was asked could not be answered. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';

  constructor(
    readonly status: number,
    readonly answer: ApiError,
  ) {
    super(answer.message);
  }
}

/** Any error as one that has a code. */
export function failureOf(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiFailure(0, { code: 'PAGE', message });
}
