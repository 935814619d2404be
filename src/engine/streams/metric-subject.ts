import { type Observable, type Observer, Subject, type Subscription } from 'rxjs';
import type { MetricRow } from '../../model/metric.js';
import { InTurn } from './in-turn.js';
import { type TapErrors, type TapOperator, guarded, lifted } from './taps.js';

/** What a {@link MetricSubject} does with what it is sent. */
export interface Mailbox {
  /** A row, checked by nobody yet. */
  readonly row: (row: MetricRow) => void;
  /** The stream of rows is over; with an error, or as planned. */
  readonly end: (error: { readonly error: unknown } | null) => void;
  /** A tap has thrown. */
  readonly tapFailed: TapErrors;
}

/**
 * A run's mailbox: a true Subject whose rows go to the writer whether anybody observes or not.
 *
 * There is no internal subscriber, so `observed` is false until somebody taps, and an unobserved row costs no more than
 * its way into shared memory. `complete` closes the run, `error` writes what was logged and fails it.
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
   * Passes a row on to those who tap; the run has it already.
   *
   * What a tap does meanwhile, a row of its own or the end of the run, the others hear of after this row.
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
    // eslint-disable-next-line rxjs-x/throw-error -- what came is passed on as it is
    this.#turn.run(() => super.error(error));
    this.#mailbox.end({ error });
  }
}
