import {
  type BehaviorSubject,
  type MonoTypeOperatorFunction,
  type Observable,
  type OperatorFunction,
  bufferTime,
  catchError,
  concat,
  concatMap,
  defer,
  filter,
  from,
  ignoreElements,
  last,
  map,
  mergeScan,
  mergeWith,
  of,
  tap,
  window,
} from 'rxjs';
import type { RowSpan } from '../../channel/records.js';
import type { Rewind } from '../../channel/rewind.js';
import type { Step } from '../../model/step.js';
import { spanRowsFor } from '../../run/rows/span-rows.js';
import type { Watermark } from '../../run/run-state.js';
import { metadataOf } from '../../run/summaries/file-metadata.js';
import type { MetricsFile } from '../../storage/metrics-file.js';
import type { RunPlace } from '../../storage/run-place.js';
import { type FlushOutcome, WRITTEN, failed, outcomeOf } from './flush-outcome.js';
import { inSlices } from './in-slices.js';
import type { Gate } from './publish-gate.js';
import { ration } from './ration.js';
import {
  type RowsSoFar,
  type SealOptions,
  rewinding,
  sealedWhenFull,
  withDue,
  withSpans,
} from './rows-so-far.js';

/**
 * The share of the writer's time for publishes is a twentieth, including the last one, which does
 * not wait.
 */
const PARTS = 20;
/**
 * The shortest rest after a publish, as a multiple of its duration: publishes are spread over the
 * time of a run.
 */
const REST_FACTOR = 24;

/** Rows that are in the WAL, or a rewind among them. */
export type RowItem = RowSpan | Rewind;

/** The inputs of a {@link rowsPath}; all of them must complete for the path to end. */
export interface RowsInput {
  /** The rows and rewinds, in order. */
  readonly items$: Observable<RowItem>;
  /** Makes a batch of the waiting rows before their interval ends: there is no room for more. */
  readonly hurry$: Observable<void>;
  /** Retries failed work, although there are no new rows. */
  readonly retry$: Observable<void>;
}

/** The rows of a run in the file on disk, and the cost of writing them. */
export interface Published {
  readonly calls: number;
  /** The number of rewinds applied in it. */
  readonly rewinds: number;
  /** The number of publishes of this writer, and their total duration. */
  readonly count: number;
  readonly totalMs: number;
}

/** Options of a {@link rowsPath}. */
export interface RowsPathOptions extends SealOptions {
  readonly place: RunPlace;
  readonly flushIntervalMs: number;
  readonly flushIntervalRows: number;
  /** The current state of the path, for observers; initialised with the state at the start. */
  readonly rows$: BehaviorSubject<RowsSoFar>;
  readonly published$: BehaviorSubject<Published>;
  /** Called before a publish: the WAL continues in a new segment. */
  readonly onPublishing: () => void;
  /** Called after a publish: everything below the watermark is in the file. */
  readonly onPublished: (watermark: Watermark) => void;
  /** Called when rows of earlier sessions have been removed. */
  readonly onRewound: (rows: number, fromStep: Step) => void;
  /** Called before a rename; false when another owner has taken over. */
  readonly mayReplace: () => boolean;
  /** Called with every failure and every recovery. */
  readonly onOutcome: (outcome: FlushOutcome) => void;
  /** The number of runs that share the thread: the more there are, the longer each rests. */
  readonly openRuns: () => number;
  /** Runs publishes one at a time. */
  readonly gate: Gate;
}

/** A retry of failed work. */
interface Retry {
  /** The time by `performance.now()`. */
  readonly askedAt: number;
}

/**
 * The path of a run's rows through the second stage: spans to Arrow batches to row groups to
 * `metrics.parquet`.
 *
 * Emits the outcome of every publish, including the last one, which is made when the input
 * completes.
 */
export function rowsPath(
  { items$, hurry$, retry$ }: RowsInput,
  options: RowsPathOptions,
): Observable<FlushOutcome> {
  const { rows$ } = options;
  const keep: MonoTypeOperatorFunction<RowsSoFar> = tap((rows) => rows$.next(rows));
  return concat(
    items$.pipe(
      window(hurry$),
      concatMap((some$) => some$.pipe(inBatches(options))),
      filter((items) => items.length > 0),
      concatMap((items) => from(partsOf(items))),
      mergeWith(retry$.pipe(map((): Retry => ({ askedAt: performance.now() })))),
      mergeScan((rows, part) => advance(rows, part, options), rows$.value, 1),
      keep,
      ration(() => publish({ final: false }, options), {
        restMs: restAfter(options),
      }),
    ),
    defer(() => advance(rows$.value, { askedAt: Infinity }, options)).pipe(keep, ignoreElements()),
    defer(() => publish({ final: true }, options)),
  ).pipe(last(null, WRITTEN));
}

/**
 * The rest after a publish: until there is time for another one like it, and for a last one at any
 * moment after that.
 */
function restAfter({
  flushIntervalMs,
  openRuns,
  published$,
}: RowsPathOptions): (durationMs: number) => number {
  const begunAt = performance.now();
  return (ms) => {
    const runs = openRuns();
    const needed = PARTS * (published$.value.totalMs + 2 * ms) * runs;
    const elapsed = performance.now() - begunAt;
    return Math.max(flushIntervalMs, REST_FACTOR * ms * runs, needed - elapsed);
  };
}

const inBatches = ({
  flushIntervalMs,
  flushIntervalRows,
}: RowsPathOptions): OperatorFunction<RowItem, RowItem[]> =>
  bufferTime(flushIntervalMs, null, Math.floor(flushIntervalRows / spanRowsFor(flushIntervalRows)));

/** Groups items in order, with the rows of one session together. */
function partsOf(items: readonly RowItem[]): (readonly RowSpan[] | Rewind)[] {
  const parts: (RowSpan[] | Rewind)[] = [];
  for (const item of items) {
    const part = parts.at(-1);
    if ('fromStep' in item) parts.push(item);
    else if (Array.isArray(part) && part[0]?.epoch === item.epoch) part.push(item);
    else parts.push([item]);
  }
  return parts;
}

/** The rows after a batch, a rewind, or a retry of failed rewinds. */
function advance(
  rows: RowsSoFar,
  part: readonly RowSpan[] | Rewind | Retry,
  options: RowsPathOptions,
): Observable<RowsSoFar> {
  if ('fromStep' in part) return rewound(withDue(rows, part), options);
  if (!('askedAt' in part)) return of(appended(rows, part, options));
  const { refused } = rows;
  // Retries that were requested during the last one are covered by it.
  return refused === null || part.askedAt < refused.at ? of(rows) : rewound(rows, options);
}

function appended(rows: RowsSoFar, spans: readonly RowSpan[], options: RowsPathOptions): RowsSoFar {
  let after = rows;
  let outcome = outcomeOfRewinds(rows);
  try {
    after = withSpans(rows, spans);
    after = sealedWhenFull(after, options);
  } catch (error) {
    outcome = failed(error);
  }
  options.onOutcome(outcome);
  return after;
}

/** Applies the rewinds that are due; one that fails stays due, and is retried later. */
function rewound(rows: RowsSoFar, options: RowsPathOptions): Observable<RowsSoFar> {
  return options
    .gate(defer(() => rewoundEach(rows, options)))
    .pipe(tap((after) => options.onOutcome(outcomeOfRewinds(after))));
}

function rewoundEach(rows: RowsSoFar, options: RowsPathOptions): Observable<RowsSoFar> {
  const [mark] = rows.due;
  if (mark === undefined) return of(rows);
  return inSlices(() => rewinding(rows, mark, options)).pipe(
    tap((after) => options.onRewound(after.rewound - rows.rewound, mark.fromStep)),
    concatMap((after) => rewoundEach(after, options)),
    catchError((error: unknown) => of({ ...rows, refused: { error, at: performance.now() } })),
  );
}

const outcomeOfRewinds = ({ refused }: RowsSoFar): FlushOutcome =>
  refused === null ? WRITTEN : failed(refused.error);

function publish({ final }: { final: boolean }, options: RowsPathOptions): Observable<FlushOutcome> {
  const { rows$, published$, file, gate, onOutcome } = options;
  return gate(
    defer(() => {
      const [rows, published] = [rows$.value, published$.value];
      if (rows.refused !== null) return of(outcomeOfRewinds(rows)).pipe(tap(onOutcome));
      const isPublished = rows.calls === published.calls && rows.rewinds.length === published.rewinds;
      if (isPublished && isInPlace(file) && !(final && file.isLoose)) return of(WRITTEN);
      return outcomeOf(
        inSlices(() => publishing(rows, final, options)),
        onOutcome,
      );
    }),
  );
}

/** False if the published file may have been deleted: publishing again does no harm. */
function isInPlace(file: MetricsFile): boolean {
  try {
    return file.isInPlace;
  } catch {
    return false;
  }
}

function* publishing(rows: RowsSoFar, final: boolean, options: RowsPathOptions): Generator<void, void> {
  const { file, compression, mayReplace, place, published$ } = options;
  const { watermark, calls, sessions, rewound, rewinds, columns, lastStep } = rows;
  const startedAt = performance.now();
  options.onPublishing();
  yield* file.publish({
    fields: columns.fields,
    tail: rows.group.snapshot(),
    ...{ compression, final, mayReplace },
    metadata: metadataOf({
      runUuid: place.runUuid,
      loggedRows: calls,
      ...{ watermark, sessions, rewound, rewinds, lastStep },
      stamps: final ? [] : rows.stamps.toPlain(),
      columns: columns.toPlain(),
      tallies: rows.summaries.toPlain(),
    }),
  });
  const { count, totalMs } = published$.value;
  published$.next({
    ...{ calls, rewinds: rewinds.length },
    count: count + 1,
    totalMs: totalMs + performance.now() - startedAt,
  });
  options.onPublished(watermark);
}
