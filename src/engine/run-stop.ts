import { type Observable, ReplaySubject, take } from 'rxjs';
import type { RunControl } from '../channel/run-control.js';
import { type StopRequest, stopText } from '../model/stop-request.js';
import type { FsPort } from '../storage/fs-port.js';
import { type StopTarget, readStopRequest } from '../run/stop-file.js';

const UNKNOWN: StopRequest = { reason: '', at: '', by: '' };

const stops = new WeakMap<object, RunStop>();

/**
 * A request to end a run, in a thread of its caller: as a stream, and as a signal, which also notices
 * it in a loop that lets no message in.
 */
export class RunStop {
  private readonly requests$ = new ReplaySubject<StopRequest>(1);
  /** Emits the first request, also to those who come later; completes after it, or with the run. */
  readonly stop$: Observable<StopRequest> = this.requests$.pipe(take(1));
  private controller: AbortController | undefined;
  private request: StopRequest | null = null;

  /** @param look - finds a request that no message has brought yet */
  constructor(private readonly look: () => StopRequest | null) {}

  /** Passes on a request; only the first one counts. */
  requested(request: StopRequest): void {
    if (this.request !== null) return;
    this.request = request;
    this.controller?.abort(reasonOf(request));
    this.requests$.next(request);
  }

  /** Completes the stream: the run is over. */
  finish(): void {
    this.requests$.complete();
  }

  /** The signal, made for the first call; each access looks for a request. */
  get signal(): AbortSignal {
    const found = this.request === null ? this.look() : null;
    if (found !== null) this.requested(found);
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.request !== null) this.controller.abort(reasonOf(this.request));
    }
    return this.controller.signal;
  }
}

/** The run whose folder may hold a request. */
export interface StopPlace {
  readonly fs: FsPort;
  readonly folder: string;
  readonly target: StopTarget;
  readonly control: RunControl;
}

/** Reads the request that the writer has found; without one, a look costs one load of shared memory. */
export const foundRequest = ({ fs, folder, target, control }: StopPlace): StopRequest | null =>
  control.isStopRequested
    ? (readStopRequest(fs, folder, target) ?? { ...UNKNOWN, at: new Date().toISOString() })
    : null;

/** Registers the stop of `run`, for {@link requestStop}. */
export function admitStop(run: object, stop: RunStop): void {
  stops.set(run, stop);
}

/** Passes a request to a run that this thread has opened, as if its own folder had one. */
export function requestStop(run: object, request: StopRequest): void {
  stops.get(run)?.requested(request);
}

const reasonOf = (request: StopRequest): DOMException => new DOMException(stopText(request), 'AbortError');
