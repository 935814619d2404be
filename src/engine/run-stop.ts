import { type Observable, ReplaySubject, take } from 'rxjs';
import type { RunControl } from '../channel/run-control.js';
import { type StopRequest, stopText } from '../model/stop-request.js';
import type { FsPort } from '../storage/fs-port.js';
import { type StopTarget, readStopRequest } from '../run/stop-file.js';

const UNKNOWN: StopRequest = { reason: '', at: '', by: '' };

/** Options of a {@link RunStop}. */
export interface RunStopOptions {
  readonly fs: FsPort;
  readonly folder: string;
  readonly target: StopTarget;
  readonly control: RunControl;
}

/**
 * A request to end a run, on the caller's thread: as a stream, and as a signal, which also notices
 * it in a loop that lets no message in.
 */
export class RunStop {
  private readonly requests$ = new ReplaySubject<StopRequest>(1);
  /** Emits the first request, also to those who come later; completes after it, or with the run. */
  readonly stop$: Observable<StopRequest> = this.requests$.pipe(take(1));
  private controller: AbortController | undefined;
  private request: StopRequest | null = null;

  constructor(private readonly options: RunStopOptions) {}

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

  /** The signal, made for the first call; each look at it costs one load of shared memory. */
  get signal(): AbortSignal {
    const { fs, folder, target, control } = this.options;
    if (this.request === null && control.isStopRequested)
      this.requested(readStopRequest(fs, folder, target) ?? { ...UNKNOWN, at: new Date().toISOString() });
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.request !== null) this.controller.abort(reasonOf(this.request));
    }
    return this.controller.signal;
  }
}

const reasonOf = (request: StopRequest): DOMException => new DOMException(stopText(request), 'AbortError');
