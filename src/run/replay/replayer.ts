import { tallyRecords } from '../../channel/record-heads.js';
import { type RowSpan, splitRecords, withoutFirstRows } from '../../channel/records.js';
import type { Rewind } from '../../channel/rewind.js';
import { ExpmanError } from '../../model/errors.js';
import type { Loss } from '../../model/run-file.js';
import { FrameType } from '../../storage/wal/frame.js';
import type { Segment, WalFrame } from '../../storage/wal/segment-reader.js';
import { RowJoiner, type SessionStart } from '../rows/row-joiner.js';
import { RunState, type Watermark } from '../run-state.js';
import { type Unrestored, readCheckpoint } from './checkpoint.js';

const SPAN_ROWS = 1024;
/** The shortest record of a row. */
const LEAST_ROW_BYTES = 24;

/** The result of replaying the frames of a run's segments. */
export interface Replayed {
  /** Parameters, facts, log lines and ending as of the last record. */
  readonly state: RunState;
  /**
   * The part of the state that is missing from a damaged checkpoint, and its place; null if nothing
   * is missing.
   */
  readonly unrestored:
    (Unrestored & { readonly epoch: number; readonly seq: number; readonly file: string }) | null;
  /** The calls that are not in the published file, in order. */
  readonly spans: readonly RowSpan[];
  readonly calls: number;
  /** The number of rows that those calls begin; the other calls join existing rows. */
  readonly rows: number;
  /** The rewinds that the published file does not contain, in order. */
  readonly rewinds: readonly Rewind[];
  /** The joiner that continues the last session. */
  readonly joiner: RowJoiner;
  /** The number of intact calls after a gap, which only a salvage returns. */
  readonly rowsBehindGap: number;
  /** The position after the last record. */
  readonly end: Watermark;
  /** The missing records that are not published, with or without `salvage`. */
  readonly losses: readonly Loss[];
  /** The intact frames with invalid records. */
  readonly malformed: readonly Malformed[];
}

/** An intact frame with invalid records. */
export interface Malformed {
  /** The name of its segment. */
  readonly file: string;
  readonly message: string;
}

/** The position in an epoch's records; calls are null if unknown. */
interface Place {
  readonly seq: number;
  readonly calls: number | null;
}

const EPOCH_START: Place = { seq: 0, calls: 0 };

/** Reads the segments of a run in order, gaps and damage included; see `replayWal`. */
export class Replayer {
  private readonly state = new RunState();
  private readonly spans: RowSpan[] = [];
  private readonly rewinds: Rewind[] = [];
  private joiner: RowJoiner;
  private rowsBehindGap = 0;
  private epoch = -1;
  private place = EPOCH_START;
  /** The position at which the rows stopped, if they did. */
  private stop: Watermark | null = null;
  /** True if the state includes all records up to the place. */
  private isStateWhole = true;
  private unrestored: Replayed['unrestored'] = null;
  private readonly losses: Loss[] = [];
  private readonly malformed: Malformed[] = [];
  /** An upper bound of the calls in a frame at the place, if they cannot be counted. */
  private uncounted: { readonly calls: number; readonly file: string } | null = null;

  constructor(
    private readonly from: Watermark,
    private readonly salvage: boolean,
    private readonly session: SessionStart | null,
  ) {
    this.joiner = this.joinerOf(from.epoch);
  }

  /** Reads the next segment, of the owner of `epoch`. */
  replay({ frames, salvaged }: Segment, epoch: number, file: string): void {
    const all = [...frames, ...salvaged];
    const records = all.filter(({ type }) => type === FrameType.records || type === FrameType.definitions);
    const start = all.filter(({ type }) => type === FrameType.checkpoint || type === FrameType.carried);
    this.guarded(file, () => this.takeCheckpoint(start, epoch, file));
    for (const frame of records) this.takeFrame(frame, epoch, file);
  }

  /** Returns the result, once the last segment is read. */
  finish(): Replayed {
    const { state, spans, rewinds, joiner, epoch, place, losses, malformed, rowsBehindGap } = this;
    this.missUncounted();
    return {
      state,
      unrestored: this.unrestored,
      spans,
      calls: spans.reduce((sum, span) => sum + span.rows, 0),
      rows: spans.reduce((sum, span) => sum + span.begun, 0),
      rewinds,
      joiner,
      rowsBehindGap,
      end: this.stop ?? { epoch, ...place },
      losses,
      malformed,
    };
  }

  /** Reads the intact frames at the start of a segment. */
  private takeCheckpoint(frames: readonly WalFrame[], epoch: number, file: string): void {
    const [frame] = frames;
    if (frame === undefined) return;
    const { plain, unrestored, isWhole } = readCheckpoint(frames);
    this.enter(epoch, plain.before ?? null, file);
    // A writer that took over from a dead one may have begun below the last record of that one.
    if (frame.seq < this.place.seq) return;
    const isBehindGap = frame.seq > this.place.seq;
    if (isBehindGap) this.miss(frame, { file, isStateThere: isWhole });
    this.place = { seq: frame.seq, calls: frame.calls ?? this.place.calls };
    // If the previous segment ends where this one begins, its state replaces a damaged checkpoint.
    if (!isWhole && !isBehindGap && this.isStateWhole) return;
    this.state.restore(plain);
    this.isStateWhole = isWhole;
    this.unrestored = isWhole ? null : { ...unrestored, epoch, seq: frame.seq, file };
  }

  private takeFrame(frame: WalFrame, epoch: number, file: string): void {
    this.enter(epoch, null, file);
    this.guarded(
      file,
      () => {
        if (frame.type === FrameType.definitions) this.takeDefinitions(frame, file);
        else {
          if (frame.seq > this.place.seq) this.miss(frame, { file });
          this.takeRecords(frame);
        }
      },
      frame,
    );
  }

  private takeRecords(frame: WalFrame): void {
    const split = splitRecords(
      frame.payload,
      { epoch: this.epoch, seq: frame.seq, calls: frame.calls, from: this.place.seq },
      this.state.records,
      SPAN_ROWS,
    );
    this.state.apply(split);
    const published = this.publishedIn(this.epoch);
    for (const span of split.spans) {
      const surplus = published - (span.lastSeq - span.rows + 1);
      if (surplus <= 0) this.give(span);
      else if (surplus < span.rows) this.give(withoutFirstRows(span, surplus));
    }
    if (this.stop === null) this.rewinds.push(...split.rewinds.filter(({ seq }) => seq >= published));
    const seq = frame.seq + split.records;
    if (seq <= this.place.seq) return;
    this.place = {
      seq,
      calls: frame.calls === null ? null : frame.calls + split.rows + split.skippedRows,
    };
  }

  /**
   * Reads repeated definitions: if the frame that made them is lost, the rows after it can still be
   * read.
   */
  private takeDefinitions(frame: WalFrame, file: string): void {
    if (frame.seq < this.place.seq) return;
    const regained = tallyRecords(frame.payload, 0, 0).records;
    if (frame.seq > this.place.seq) this.miss(frame, { file, regained });
    splitRecords(frame.payload, { epoch: this.epoch, seq: 0, from: Infinity }, this.state.records, SPAN_ROWS);
  }

  private give(span: RowSpan): void {
    if (this.stop === null) {
      this.joiner.place(span);
      this.spans.push(span);
    } else this.rowsBehindGap += span.rows;
  }

  private joinerOf(epoch: number): RowJoiner {
    return new RowJoiner(epoch === this.from.epoch && this.session !== null ? this.session : undefined);
  }

  /** Continues with the records of an owner; `before` is the end of those of the owner before. */
  private enter(epoch: number, before: Watermark | null, file: string): void {
    if (epoch === this.epoch) return;
    if (before !== null && before.epoch > this.epoch) this.begin(before.epoch, before.epoch === 0);
    if (before?.epoch === this.epoch && before.seq > this.place.seq)
      this.miss({ seq: before.seq, calls: before.calls ?? null }, { file });
    this.begin(epoch, this.epoch < 0 ? epoch === 0 : this.isStateWhole);
    this.state.startEpoch();
  }

  private begin(epoch: number, isStateWhole: boolean): void {
    this.missUncounted();
    this.epoch = epoch;
    if (this.stop === null) this.joiner = this.joinerOf(epoch);
    this.place = EPOCH_START;
    this.isStateWhole = isStateWhole;
  }

  /** The number of the first record of an epoch that is not in the published file. */
  private publishedIn(epoch: number): number {
    const { from } = this;
    return epoch < from.epoch ? Infinity : epoch === from.epoch ? from.seq : 0;
  }

  /**
   * Continues at `to`, although records before it are missing: a loss, unless they are published or
   * contained in a checkpoint that follows.
   */
  private miss(to: Place, { file, isStateThere = false, regained = 0 }: Gap): void {
    const { epoch, from, place } = this;
    this.uncounted = null;
    this.place = { seq: to.seq, calls: to.calls };
    const published = this.publishedIn(epoch);
    const start = published > place.seq ? { seq: published, calls: from.calls ?? null } : place;
    const records = to.seq - start.seq;
    const isExact = to.calls !== null && start.calls !== null;
    const calls = isExact ? to.calls - start.calls : Math.min(records, to.calls ?? records);
    const others = isExact && !isStateThere ? Math.max(0, records - calls - regained) : 0;
    if (!isStateThere) {
      this.isStateWhole = false;
      this.state.records.forgetReused(isExact ? others : to.seq - place.seq);
    }
    if (records <= 0) return;
    if (calls === 0 && others === 0) return;
    this.lose({
      ...{ epoch, firstRecord: start.seq, records, calls },
      ...(!isExact && { atMost: true }),
      ...(others > 0 && { others }),
      file,
    });
  }

  private lose(loss: Loss): void {
    this.losses.push(loss);
    if (!this.salvage) this.stop ??= { epoch: loss.epoch, seq: loss.firstRecord };
  }

  private missUncounted(): void {
    const { epoch, place, uncounted } = this;
    this.uncounted = null;
    if (uncounted === null) return;
    const { calls, file } = uncounted;
    this.lose({ epoch, firstRecord: place.seq, records: calls, calls, atMost: true, file });
  }

  /** Reads an intact frame; if its records are invalid, its calls are counted as lost. */
  private guarded(file: string, take: () => void, frame?: WalFrame): void {
    try {
      take();
    } catch (error) {
      // Its definitions are missing, or it was not written by a channel of this version.
      if (!(error instanceof ExpmanError)) throw error;
      this.malformed.push({ file, message: error.message });
      this.isStateWhole = false;
      if (frame?.type === FrameType.records) this.passOver(frame, file);
    }
  }

  private passOver(frame: WalFrame, file: string): void {
    const { epoch } = this;
    const first = Math.max(frame.seq, this.place.seq, this.publishedIn(epoch));
    const { records, calls, restBytes } = tallyRecords(frame.payload, frame.seq, first);
    if (restBytes > 0) {
      this.uncounted = { calls: calls + Math.ceil(restBytes / LEAST_ROW_BYTES), file };
      return;
    }
    const end = frame.seq + records;
    if (end <= this.place.seq) return;
    const callsInAll = tallyRecords(frame.payload, 0, 0).calls;
    this.place = { seq: end, calls: frame.calls === null ? null : frame.calls + callsInAll };
    const missing = end - first;
    const others = missing - calls;
    if (missing > 0)
      this.lose({ epoch, firstRecord: first, records: missing, calls, ...(others > 0 && { others }), file });
  }
}

interface Gap {
  /** The file in which reading continues. */
  readonly file: string;
  /** True if a complete checkpoint follows, so that only calls can be lost. */
  readonly isStateThere?: boolean;
  /** The number of missing records that are repeated later. */
  readonly regained?: number;
}
