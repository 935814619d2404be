import type { LogFilter } from '../../reader/read-log.js';
import type { LivePoints, RunChange, RunsRequest, SeriesRequest } from '../api.js';

/** Where a run is that the list of runs has. */
export interface RunPlace {
  /** `experiment/run`. */
  readonly id: string;
  readonly runDir: string;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
}

/** What a thread is asked; all answers but those of `places` and `watch` are JSON text that goes on as it is. */
export type DataRequest =
  | { readonly kind: 'runs'; readonly query: RunsRequest }
  | { readonly kind: 'experiments' }
  | { readonly kind: 'places'; readonly ids: readonly string[] }
  /** What the list is by now, and some runs in it; a {@link ListNews}. */
  | { readonly kind: 'news'; readonly ids: readonly string[] }
  | { readonly kind: 'run'; readonly place: RunPlace }
  | { readonly kind: 'sweep'; readonly experiment: string }
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
  /** All that is watched from now on; answered when each of the runs that live is followed. */
  | { readonly kind: 'watch'; readonly watches: readonly Watch[] };

/** What of a run is to be told as it comes. */
export interface Watch {
  readonly place: RunPlace;
  readonly metrics: readonly string[];
  readonly logs: boolean;
}

/** The list as it is. */
export interface ListNews {
  /** Another word when anything in the list has changed. */
  readonly version: string;
  /** By run that was asked for and is there: JSON text of what it is. */
  readonly facts: Readonly<Record<string, string>>;
}

/** What is told of a run as it comes; `facts` is the JSON text of what it is by now, `text` that of `LiveLogs`. */
export type LiveNews =
  | ({ readonly kind: 'points' } & LivePoints)
  | { readonly kind: 'logs'; readonly run: string; readonly text: string }
  | { readonly kind: 'run'; readonly run: string; readonly facts: string }
  | { readonly kind: 'reset'; readonly run: string };

export interface DataThreadData {
  /** The folder whose runs are shown, absolute. */
  readonly dir: string;
  /** Shared: the number of the call that nobody waits for any more. */
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
