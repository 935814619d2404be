import {
  type ObservableInput,
  from,
  fromEvent,
  isObservable,
  lastValueFrom,
  map,
  takeUntil,
  tap,
} from 'rxjs';
import { invalidOption } from '../model/option-rules.js';
import type { MetricRow, MetricValue } from '../model/metric.js';
import { withRun } from '../engine/current-run.js';
import type { Drive, Train, TrialRow, WorkerTrain, WorkerTrial } from './trial.js';

/** Trains in the thread of the sweep; a training that does not end is abandoned. */
export function trainHere<P>(train: Train<P>): Drive<P> {
  return async (trial, expired) => {
    const abandoned = new Promise<void>((resolve) => {
      expired.addEventListener('abort', () => resolve(), { once: true });
    });
    const driven = withRun(trial.run, () => driveTrial<P>(() => train(trial), trial));
    await Promise.race([driven, abandoned]);
  };
}

/**
 * Runs a training in whatever form it comes, until it ends or has ended itself after an abort;
 * rejects with what it throws.
 *
 * Rows of a generator or an Observable are logged; when the trial is aborted, the generator's
 * `return` is called between two rows, and the Observable is unsubscribed from.
 */
export async function driveTrial<P>(train: WorkerTrain<P>, trial: WorkerTrial<P>): Promise<void> {
  const given: unknown = await train(trial);
  if (isObservable(given)) await ofObservable(trial, given as ObservableInput<TrialRow>);
  else if (isAsyncIterable(given) || isIterable(given)) await ofIterable(trial, given);
}

async function ofObservable<P>(
  { run, signal }: WorkerTrial<P>,
  rows$: ObservableInput<TrialRow>,
): Promise<void> {
  if (signal.aborted) return;
  const logged$ = from(rows$).pipe(
    map(rowOf),
    tap((row) => run.metrics.next(row)),
    // After the logging: a row may abort the trial, and the source may emit all of them
    // synchronously.
    takeUntil(fromEvent(signal, 'abort')),
  );
  await lastValueFrom(logged$, { defaultValue: undefined });
}

async function ofIterable<P>(
  trial: WorkerTrial<P>,
  rows: AsyncIterable<TrialRow> | Iterable<TrialRow>,
): Promise<void> {
  let count = 0;
  for await (const row of rows) {
    if (trial.signal.aborted) break;
    trial.run.metrics.next(rowOf(row, count++));
    // The scheduler has seen the row, and its decision must take effect before the next row is
    // requested.
    if (isAborted(trial)) break;
  }
}

// Checked again: a row logged in between may have aborted it.
const isAborted = <P>({ signal }: WorkerTrial<P>): boolean => signal.aborted;

function rowOf(row: unknown, count: number): MetricRow {
  if (typeof row !== 'object' || row === null)
    throw invalidOption('row', 'an object of values or a MetricRow, yielded by the trial', row);
  const values: unknown = Reflect.get(row, 'values');
  return typeof values === 'object' && values !== null
    ? (row as MetricRow)
    : { step: count, values: row as Readonly<Record<string, MetricValue>> };
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<TrialRow> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

const isIterable = (value: unknown): value is Iterable<TrialRow> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;
