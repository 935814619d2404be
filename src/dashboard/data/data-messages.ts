import type { LogFilter } from '../../reader/read-log.js';
import type {
  ArtifactsRequest,
  HistoryRequest,
  LivePoints,
  RunChange,
  RunsRequest,
  SeriesRequest,
} from '../api.js';

/** The place of a run in the list. */
export interface RunPlace {
  /** `experiment/run`. */
  readonly id: string;
  readonly runDir: string;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
}

/**
 * A question to a data thread. Every answer is text; except for `places`, `news` and `watch` it is
 * the JSON that the client gets.
 */
export type DataRequest =
  | { readonly kind: 'runs'; readonly query: RunsRequest }
  | { readonly kind: 'experiments' }
  | { readonly kind: 'places'; readonly ids: readonly string[] }
  /** The present state of the list and of some runs in it, as {@link ListNews}. */
  | { readonly kind: 'news'; readonly ids: readonly string[] }
  | { readonly kind: 'run'; readonly place: RunPlace }
  | { readonly kind: 'sweep'; readonly experiment: string }
  | { readonly kind: 'history'; readonly query: HistoryRequest }
  | { readonly kind: 'artifacts'; readonly part: ArtifactsRequest }
  | { readonly kind: 'artifact'; readonly name: string; readonly part: ArtifactsRequest }
  | {
      readonly kind: 'version';
      readonly name: string;
      readonly version: number;
      readonly part: ArtifactsRequest;
    }
  | { readonly kind: 'logs'; readonly place: RunPlace; readonly filter: LogFilter }
  | { readonly kind: 'system'; readonly place: RunPlace }
  | { readonly kind: 'histograms'; readonly place: RunPlace; readonly metric: string }
  | {
      readonly kind: 'series';
      /** Each `experiment/run`. */
      readonly ids: readonly string[];
      readonly wish: Omit<SeriesRequest, 'runs'>;
    }
  | { readonly kind: 'change'; readonly place: RunPlace; readonly change: RunChange }
  /** Replaces everything that is watched; answered once each live run is being followed. */
  | { readonly kind: 'watch'; readonly watches: readonly Watch[] };

/** The parts of a run that are reported live. */
export interface Watch {
  readonly place: RunPlace;
  readonly metrics: readonly string[];
  readonly logs: boolean;
}

/** The state of the list. */
export interface ListNews {
  /** Differs whenever anything in the list has changed. */
  readonly version: string;
  /** JSON text of a run's facts, by its id; of the runs asked for, those that exist. */
  readonly facts: Readonly<Record<string, string>>;
}

/** Live news of a run; `facts` is JSON text of its facts, `text` that of a `LiveLogs`. */
export type LiveNews =
  | ({ readonly kind: 'points' } & LivePoints)
  | { readonly kind: 'logs'; readonly run: string; readonly text: string }
  | { readonly kind: 'run'; readonly run: string; readonly facts: string }
  | { readonly kind: 'reset'; readonly run: string };

export interface DataThreadData {
  /** The folder whose runs are shown, absolute. */
  readonly dir: string;
  /** Shared memory: the number of the last call that was abandoned. */
  readonly unwanted: Int32Array;
}

export interface ToDataThread {
  readonly call: number;
  readonly request: DataRequest;
}

export type FromDataThread =
  | { readonly kind: 'running' }
  | { readonly kind: 'answer'; readonly call: number; readonly text: string }
  | {
      readonly kind: 'failed';
      readonly call: number;
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: 'news'; readonly news: LiveNews };
