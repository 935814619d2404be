import { type Observable, concatMap, defer, finalize, map, takeWhile, timer } from 'rxjs';
import { ExpmanError } from '../model/errors.js';
import { milliseconds, ruleOf } from '../model/option-rules.js';
import { optionsTable } from '../model/options-table.js';
import { bareObject } from '../model/param-value.js';
import type { FsPort } from '../storage/fs-port.js';
import { OwnerWatch, type Ownership, isOwned } from '../storage/owner-watch.js';
import { decodeSpans } from '../run/rows/decode-spans.js';
import { readIdentity } from '../run/identity.js';
import { NOTHING_PUBLISHED, type Watermark } from '../run/replay/replay.js';
import { JOIN_WINDOW_ROWS, RowJoiner } from '../run/rows/row-joiner.js';
import { damaged } from './inspect-run.js';
import { type OpenRows, openRows } from './read-rows.js';
import { type StoredRow, columnarRows, metricNames, rowsOf } from './select-rows.js';
import { WalFollower } from './wal-follower.js';

/** Options for following a run. */
export interface FollowOptions {
  /** The interval for checking for new rows, in milliseconds; from 1 up, default 100. */
  readonly pollMs?: number | undefined;
  /**
   * The rows to start with: all existing ones (`'start'`, default), none (`'end'`), or the last n
   * of them.
   */
  readonly from?: 'start' | 'end' | number | undefined;
}

const OPTIONS = optionsTable<FollowOptions>()({
  pollMs: milliseconds().byDefault(100),
  from: ruleOf(
    "'start', 'end', or a number from 0 up",
    (value): value is NonNullable<FollowOptions['from']> =>
      value === 'start' || value === 'end' || (typeof value === 'number' && value >= 0),
  ).byDefault('start'),
});

/** Emits the rows of a run as they are logged; see `StoredRun.follow`. */
export function followRows(fs: FsPort, runDir: string, options: FollowOptions = {}): Observable<StoredRow> {
  const { pollMs, from } = OPTIONS.resolve(options);
  return defer(() => {
    const follower = new RowFollower(fs, runDir, from === 'start' ? Infinity : from === 'end' ? 0 : from);
    return timer(0, pollMs).pipe(
      map(() => follower.poll()),
      takeWhile(({ isOver }) => !isOver, true),
      concatMap(({ rows }) => rows),
      finalize(() => {
        follower.close();
      }),
    );
  });
}

interface RowNews {
  readonly rows: Iterable<StoredRow>;
  /** True if nothing more will come. */
  readonly isOver: boolean;
}

/** The rows of the followed session that have been emitted. */
interface Given {
  readonly epoch: number;
  /** Knows the rows emitted so far and, for the last ones, which metrics they hold. */
  readonly joiner: RowJoiner;
}

class RowFollower {
  private readonly uuid: string;
  private readonly wal: WalFollower;
  private readonly watch: OwnerWatch;
  private given: Given = { epoch: -1, joiner: new RowJoiner() };
  /** The number of rows that rewinds had removed by then. */
  private rewound = 0;
  private end: Watermark = NOTHING_PUBLISHED;
  private isPlaced = false;
  /** The token of the run's owner at the last check. */
  private owner: string | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly runDir: string,
    private readonly first: number,
  ) {
    this.uuid = readIdentity(fs, runDir).identity.uuid;
    this.watch = new OwnerWatch(fs, runDir);
    // Open the segments before looking at the file, so that none disappears in between.
    this.wal = new WalFollower(fs, runDir, this.uuid);
  }

  poll(): RowNews {
    const ownership = this.watch.look();
    const isOver = !isOwned(ownership);
    this.checkOwner(ownership);
    if (!this.isPlaced) {
      this.isPlaced = true;
      return { rows: this.place(), isOver };
    }
    const rows = this.fromWal();
    // Once the owner has gone, rows that its log no longer holds are in the file.
    return { rows: isOver ? this.withRest(rows) : rows, isOver };
  }

  close(): void {
    this.wal.close();
  }

  /**
   * Checks that the folder still holds this run: when a run changes hands, it may have been deleted
   * and replaced by another one.
   */
  private checkOwner(ownership: Ownership): void {
    const owner = ownership.kind === 'free' ? null : (ownership.owner?.token ?? null);
    if (owner === this.owner) return;
    this.owner = owner;
    if (readIdentity(this.fs, this.runDir).identity.uuid !== this.uuid)
      throw new ExpmanError('RUN_NOT_FOUND', `${this.runDir} now holds another run`, {
        path: this.runDir,
      });
  }

  private fromWal(): Iterable<StoredRow> {
    const { spans, isGap, isOfNewOwner, end } = this.wal.read(this.end);
    // The numbers do not tell whether all of the last owner's log was read before it went.
    if (isGap || isOfNewOwner) return this.missing();
    this.end = end;
    if (spans.length === 0) return [];
    for (const span of spans) {
      if (span.epoch !== this.given.epoch) this.given = { epoch: span.epoch, joiner: new RowJoiner() };
      this.given.joiner.place(span);
    }
    return rowsOf(decodeSpans(spans));
  }

  private *withRest(rows: Iterable<StoredRow>): Generator<StoredRow, void> {
    yield* rows;
    yield* this.missing();
  }

  /** Positions the follower after all existing rows, and returns those to emit first. */
  private place(): Iterable<StoredRow> {
    const rows = this.open();
    this.placeAfter(rows);
    if (this.first > 0) return rowsFrom(rows, Math.max(0, rows.rows - this.first));
    rows.close();
    return [];
  }

  /** Returns the values that were not emitted yet, and positions the follower after them. */
  private missing(): Iterable<StoredRow> {
    const { given, rewound } = this;
    const rows = this.open();
    this.placeAfter(rows);
    return missingRows(rows, given, rows.rewound === rewound);
  }

  private open(): OpenRows {
    const rows = openRows(this.fs, this.runDir, this.uuid);
    if (rows.corrupt.length === 0) return rows;
    rows.close();
    throw damaged(this.runDir);
  }

  private placeAfter({ replay, end, rewound }: OpenRows): void {
    replay.joiner.settle();
    this.given = { epoch: end.epoch, joiner: replay.joiner };
    this.end = end;
    this.rewound = rewound;
  }
}

/** Yields the rows starting at one of them. */
function* rowsFrom(rows: OpenRows, first: number): Generator<StoredRow, void> {
  try {
    const metricOf = metricNames(rows);
    let skip = first;
    for (const batch of rows.batches())
      for (const row of rowsOf(columnarRows(batch, metricOf)))
        if (skip > 0) skip--;
        else yield row;
  } finally {
    rows.close();
  }
}

/**
 * Yields the values that were not emitted: rows after the emitted ones, and values that calls have
 * joined to the last of them. A session that a rewind has cut in the meantime counts as emitted,
 * because it cannot be known which of its rows were.
 */
function* missingRows(
  rows: OpenRows,
  { epoch, joiner }: Given,
  isWhole: boolean,
): Generator<StoredRow, void> {
  try {
    const metricOf = metricNames(rows);
    let row = 0;
    const fromRow = isWhole ? (rows.sessions.find((session) => session.epoch >= epoch)?.firstRow ?? 0) : 0;
    for (const batch of rows.batches({ isWithSession: true, fromRow }))
      for (const stored of rowsOf(columnarRows(batch, metricOf, true))) {
        const { session = -1, ...rest } = stored;
        if (session < epoch) continue;
        if (session > epoch || row >= joiner.rows) {
          if (session > epoch || isWhole) yield rest;
        } else if (isWhole && row >= joiner.rows - JOIN_WINDOW_ROWS) {
          const values = Object.entries(rest.values).filter(([metric]) => !joiner.holds(row, metric));
          if (values.length > 0) yield { ...rest, values: bareObject(values) };
        }
        if (session === epoch) row++;
      }
  } finally {
    rows.close();
  }
}
