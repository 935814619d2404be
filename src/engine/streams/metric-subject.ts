import { type Observable, type Observer, Subject, type Subscription } from 'rxjs';
import type { MetricRow } from '../../model/metric.js';
import { InTurn } from './in-turn.js';
import { type TapErrors, type TapOperator, guarded, lifted } from './taps.js';

/** The receiver of the rows sent to a {@link MetricSubject}. */
export interface Mailbox {
  /** Receives an unchecked row. */
  readonly row: (row: MetricRow) => void;
  /** Called at the end of the stream of rows, with an error or null. */
  readonly end: (error: { readonly error: unknown } | null) => void;
  /** Called when a tap has thrown. */
  readonly tapFailed: TapErrors;
}

/**
 * A run's mailbox: a real Subject whose rows go to the writer whether or not it is observed.
 *
 * There is no internal subscriber, so `observed` is false until there is a tap, and an unobserved
 * row costs no more than its way into shared memory. `complete` closes the run, `error` writes the
 * logged data and fails it.
 */
export class MetricSubject extends Subject<MetricRow> {
  #ended = false;
  readonly #mailbox: Mailbox;
  readonly #turn = new InTurn();
  readonly #pass = (row: MetricRow): void => {
    super.next(row);
  };

  constructor(mailbox: Mailbox) {
    super();
    this.#mailbox = mailbox;
  }

  override next(row: MetricRow): void {
    this.#mailbox.row(row);
  }

  /**
   * Passes a row on to the taps; the run already has it.
   *
   * If a tap logs a row or ends the run meanwhile, the other taps are notified of that after this
   * row.
   */
  notify(row: MetricRow): void {
    this.#turn.give(row, this.#pass);
  }

  override lift<R>(operator?: TapOperator<MetricRow, R>): Observable<R> {
    return lifted(this, operator, this.#mailbox.tapFailed);
  }

  override subscribe(observer?: Partial<Observer<MetricRow>> | ((row: MetricRow) => void)): Subscription;
  override subscribe(
    next?: ((row: MetricRow) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription;
  override subscribe(
    given?: Partial<Observer<MetricRow>> | ((row: MetricRow) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    return super.subscribe(guarded(given, error, complete, this.#mailbox.tapFailed));
  }

  override complete(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#turn.run(() => super.complete());
    this.#mailbox.end(null);
  }

  override error(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    // eslint-disable-next-line rxjs-x/throw-error -- the error is passed on unchanged
    this.#turn.run(() => super.error(error));
    this.#mailbox.end({ error });
  }
}
