import { type Observable, concatMap, defer, finalize, map, takeWhile, timer } from 'rxjs';
import type { RowSpan } from '../channel/records.js';
import { ExpmanError } from '../model/errors.js';
import { MAX_TIMER_MS, mustBeOptions, invalidOption } from '../model/option-rules.js';
import type { FsPort } from '../storage/fs-port.js';
import { OwnerWatch, type Ownership, isOwned } from '../storage/owner-watch.js';
import { decodeSpans } from '../writer/decode-spans.js';
import { readIdentity } from '../writer/identity.js';
import { NOTHING_PUBLISHED, type Watermark } from '../writer/replay.js';
import { damaged } from './inspect-run.js';
import { type OpenRows, openRows } from './read-rows.js';
import { type StoredRow, columnarRows, metricNames, rowsOf } from './select-rows.js';
import { WalFollower } from './wal-follower.js';

/** How a run is followed. */
export interface FollowOptions {
  /** How often it is looked for new rows, in milliseconds; from 1 up, default 100. */
  readonly pollMs?: number;
  /**
   * Whether what is there comes first (`'start'`, default), only what comes from now on (`'end'`), or first so many of what is there
   * last.
   */
  readonly from?: 'start' | 'end' | number;
}

/** The rows of a run as they are logged; `StoredRun.follow` says how. */
export function followRows(fs: FsPort, runDir: string, options: FollowOptions = {}): Observable<StoredRow> {
  mustBeOptions(options, ['pollMs', 'from']);
  const { pollMs = 100, from = 'start' } = options;
  if (!(pollMs >= 1 && pollMs <= MAX_TIMER_MS))
    throw invalidOption('pollMs', `a number of milliseconds from 1 to ${MAX_TIMER_MS}`, pollMs);
  if (typeof from === 'number' ? !(from >= 0) : !['start', 'end'].includes(from))
    throw invalidOption('from', "'start', 'end', or a number from 0 up", from);
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
  /** Nothing more will come. */
  readonly isOver: boolean;
}

class RowFollower {
  private readonly uuid: string;
  private readonly wal: WalFollower;
  private readonly watch: OwnerWatch;
  /** Rows as they were logged that were given, or passed over. */
  private given = 0;
  private end: Watermark = NOTHING_PUBLISHED;
  private isPlaced = false;
  /** Of whoever owned the run when it was looked at last. */
  private owner: string | null = null;

  constructor(
    private readonly fs: FsPort,
    private readonly runDir: string,
    private readonly first: number,
  ) {
    this.uuid = readIdentity(fs, runDir).identity.uuid;
    this.watch = new OwnerWatch(fs, runDir);
    // Its segments are open before the file is looked at, so that none is gone by then.
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
    // What its log no longer holds when its owner has gone is in the file.
    return { rows: isOver ? this.withRest(rows) : rows, isOver };
  }

  close(): void {
    this.wal.close();
  }

  /** A run that changes hands may have been deleted, and another one put in its place. */
  private checkOwner(ownership: Ownership): void {
    const owner = ownership.kind === 'free' ? null : (ownership.owner?.token ?? null);
    if (owner === this.owner) return;
    this.owner = owner;
    if (readIdentity(this.fs, this.runDir).identity.uuid !== this.uuid)
      throw new ExpmanError('RUN_NOT_FOUND', `another run is in ${this.runDir} by now`, {
        path: this.runDir,
      });
  }

  private fromWal(): Iterable<StoredRow> {
    const { spans, isGap, isOfNewOwner, end } = this.wal.read(this.end);
    if (isGap || (isOfNewOwner && !this.isAll(spans, end))) return this.missing();
    this.end = end;
    if (spans.length === 0) return [];
    const decoded = decodeSpans(spans);
    this.given += decoded.rows;
    return rowsOf(decoded);
  }

  /** Whether with these rows all up to a mark are given; counted, because another owner's records begin at 0 again. */
  private isAll(spans: readonly RowSpan[], end: Watermark): boolean {
    const rows = openRows(this.fs, this.runDir, this.uuid);
    rows.close();
    const { publishedRows, replay } = rows;
    return (
      publishedRows + replay.rows - rowsFrom(end, replay.spans) ===
      this.given + rowsFrom(NOTHING_PUBLISHED, spans)
    );
  }

  private *withRest(rows: Iterable<StoredRow>): Generator<StoredRow, void> {
    yield* rows;
    yield* this.missing();
  }

  /** Places itself behind all rows there are, and gives as many of them as come first. */
  private place(): Iterable<StoredRow> {
    const { rows } = this.openBehind();
    if (this.first > 0) return rowsBehind(rows, (merged) => merged - this.first);
    rows.close();
    return [];
  }

  /** Gives the rows that were not given yet; where some were merged, which of them cannot be told, and all are given. */
  private missing(): Iterable<StoredRow> {
    const { given } = this;
    const { rows, total } = this.openBehind();
    if (total > given) return rowsBehind(rows, (merged) => (merged < total ? 0 : given));
    rows.close();
    return [];
  }

  private openBehind(): { readonly rows: OpenRows; readonly total: number } {
    const rows = openRows(this.fs, this.runDir, this.uuid);
    if (rows.corrupt.length > 0) {
      rows.close();
      throw damaged(this.runDir);
    }
    this.given = rows.publishedRows + rows.replay.rows;
    this.end = rows.end;
    return { rows, total: this.given };
  }
}

/** How many rows stand at a mark or behind it. */
function rowsFrom({ epoch, seq }: Watermark, spans: readonly RowSpan[]): number {
  return spans.reduce((sum, span) => {
    if (span.epoch !== epoch) return sum + (span.epoch > epoch ? span.rows : 0);
    return sum + Math.min(span.rows, Math.max(0, span.lastSeq + 1 - seq));
  }, 0);
}

/** The rows behind the first ones, of which there are as many as is said of all of them. */
function* rowsBehind(rows: OpenRows, skipOf: (all: number) => number): Generator<StoredRow, void> {
  try {
    const metricOf = metricNames(rows);
    const batches = [...rows.batches()];
    let skip = skipOf(batches.reduce((sum, [step]) => sum + (step?.length ?? 0), 0));
    for (const batch of batches)
      for (const row of rowsOf(columnarRows(batch, metricOf)))
        if (skip > 0) skip--;
        else yield row;
  } finally {
    rows.close();
  }
}
