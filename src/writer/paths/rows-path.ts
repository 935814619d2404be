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

/** Publishes may take a twentieth of the writer's time, including the last one, which waits for nothing. */
const PARTS = 20;
/** The least rest after a publish, by how long it took: they are spread over the time of a run. */
const REST_FACTOR = 24;

/** Rows that are in the WAL, or a mark among them. */
export type RowItem = RowSpan | Rewind;

/** What goes into a {@link rowsPath}; all of it must complete for the path to end. */
export interface RowsInput {
  /** In order. */
  readonly items$: Observable<RowItem>;
  /** Makes a batch of what waits for its interval: there is no room for more. */
  readonly hurry$: Observable<void>;
  /** Tries what failed once more, though nothing new came. */
  readonly retry$: Observable<void>;
}

/** What the file on disk holds of a run's rows, and what it took to write it. */
export interface Published {
  readonly calls: number;
  /** How many rewinds are done in it. */
  readonly rewinds: number;
  /** Publishes of this writer, and how long they took together. */
  readonly count: number;
  readonly totalMs: number;
}

/** Options of a {@link rowsPath}. */
export interface RowsPathOptions extends SealOptions {
  readonly place: RunPlace;
  readonly flushIntervalMs: number;
  readonly flushIntervalRows: number;
  /** What the path has come to, for those outside it; holds what it begins with. */
  readonly rows$: BehaviorSubject<RowsSoFar>;
  readonly published$: BehaviorSubject<Published>;
  /** Called before a publish: the WAL goes on in a new segment. */
  readonly onPublishing: () => void;
  /** Called after a publish: everything below the watermark is in the file. */
  readonly onPublished: (watermark: Watermark) => void;
  /** Called when rows of earlier sessions have been taken out. */
  readonly onRewound: (rows: number, fromStep: Step) => void;
  /** Called before a rename; false when another owner has taken over. */
  readonly mayReplace: () => boolean;
  /** Called with everything that fails or works again. */
  readonly onOutcome: (outcome: FlushOutcome) => void;
  /** How many runs share the thread: each rests the longer, the more there are. */
  readonly openRuns: () => number;
  /** Runs publishes one at a time. */
  readonly gate: Gate;
}

/** Another try at what failed. */
interface Retry {
  /** By `performance.now()`. */
  readonly askedAt: number;
}

/**
 * The path of a run's rows through the second stage: spans to Arrow batches to row groups to `metrics.parquet`.
 *
 * Emits how every publish went, the last one included, which is made when the input completes.
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

/** How long to rest after a publish: until there is time for another one like it, and for a last one at any moment after that. */
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

/** Items in order, rows of one session together. */
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

/** What the rows are after a batch, a rewind, or another try at the rewinds that failed. */
function advance(
  rows: RowsSoFar,
  part: readonly RowSpan[] | Rewind | Retry,
  options: RowsPathOptions,
): Observable<RowsSoFar> {
  if ('fromStep' in part) return rewound(withDue(rows, part), options);
  if (!('askedAt' in part)) return of(appended(rows, part, options));
  const { refused } = rows;
  // Retries that were asked for while the last one was at work are that one.
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

/** Does the rewinds that are due; one that fails stays due, and is tried again later. */
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

/** False when somebody may have deleted what is published: publishing again does no harm. */
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
