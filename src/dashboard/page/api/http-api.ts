import type {
  ArtifactAnswer,
  ArtifactsAnswer,
  ArtifactVersionDetails,
  ExperimentFacts,
  HistogramsAnswer,
  HistoryAnswer,
  LogsAnswer,
  RunAnswer,
  RunsAnswer,
  SeriesAnswer,
  ServerFacts,
  SweepAnswer,
  SystemAnswer,
} from '../../api.js';
import type { Api, Connection } from './api.js';
import { LiveStream } from './live-stream.js';
import { queryText, request } from './request.js';

/**
 * @bound tells: the page says how many more there are; specs/dashboard/browser/artifacts.spec.ts
 * "say how many files of a version are not shown, how many aliases, and what cannot be found"
 */
const FIRST = '?limit=1000';

/** The API of `expman serve`, over HTTP. */
export function httpApi(): Api {
  const connection = connectionState();
  const stream = new LiveStream(connection.set);
  let writeToken: string | null = null;
  return {
    isLive: true,
    server: async () => {
      const facts = await request<ServerFacts>('/api/server');
      writeToken = facts.writeToken;
      return facts;
    },
    experiments: async () =>
      (await request<{ experiments: ExperimentFacts[] }>('/api/experiments')).experiments,
    runs: (query, signal) =>
      request<RunsAnswer>(`/api/runs${queryText({ ...query })}`, signal === undefined ? {} : { signal }),
    history: (query, signal) =>
      request<HistoryAnswer>(
        `/api/history${queryText({ ...query })}`,
        signal === undefined ? {} : { signal },
      ),
    artifacts: () => request<ArtifactsAnswer>(`/api/artifacts${FIRST}`),
    artifact: (name) => request<ArtifactAnswer>(`/api/artifacts/${encodeURIComponent(name)}${FIRST}`),
    version: (name, version) =>
      request<ArtifactVersionDetails>(`/api/artifacts/${encodeURIComponent(name)}/v${version}${FIRST}`),
    run: (id) => request<RunAnswer>(runPath(id)),
    change: (id, change) =>
      request(runPath(id), {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/json', 'X-Expman-Write': writeToken ?? '' },
        body: JSON.stringify(change),
      }),
    series: ({ runs, metrics, ...rest }, signal) =>
      request<SeriesAnswer>(
        `/api/series${queryText({ runs: runs.join(','), metric: metrics, ...rest })}`,
        signal === undefined ? {} : { signal },
      ),
    logs: async (id, query) =>
      (await request<LogsAnswer>(`${runPath(id)}/logs${queryText({ ...query })}`)).lines,
    system: async (id) => (await request<SystemAnswer>(`${runPath(id)}/system`)).columns,
    histograms: (id, metric) =>
      request<HistogramsAnswer>(`${runPath(id)}/histograms${queryText({ metric })}`),
    sweep: async (experiment) =>
      (await request<SweepAnswer>(`/api/experiments/${encodeURIComponent(experiment)}/sweep`)).sweep,
    live: (query, listeners) => stream.hear(query, listeners),
    connection: connection.hear,
  };
}

const runPath = (id: string): string => `/api/runs/${id.split('/').map(encodeURIComponent).join('/')}`;

interface ConnectionState {
  readonly set: (state: Connection) => void;
  readonly hear: Api['connection'];
}

function connectionState(): ConnectionState {
  const listeners = new Set<(state: Connection) => void>();
  let state: Connection = 'connecting';
  return {
    set: (next) => {
      state = next;
      listeners.forEach((listener) => listener(state));
    },
    hear: (listener) => {
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
  };
}
