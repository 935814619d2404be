import { join } from 'node:path';
import { type RowSpan, splitRecords, withoutFirstRows } from '../channel/records.js';
import type { Rewind } from '../channel/rewind.js';
import { ExpmanError } from '../model/errors.js';
import { readWhole } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { FrameType, parseSegmentName } from '../storage/wal/frame.js';
import {
  type Segment,
  type SegmentVerdict,
  type WalFrame,
  readSegment,
} from '../storage/wal/segment-reader.js';
import { RowJoiner, type SessionStart } from './row-joiner.js';
import { RunState } from './run-state.js';

/** @bound refuses: CORRUPT, with the size; segments are ended at an eighth of it */
const MAX_SEGMENT_BYTES = 2 ** 31 - 1;
const SPAN_ROWS = 1024;

/** Up to where a published file holds a run's records: all epochs before `epoch`, and its records below `seq`. */
export interface Watermark {
  readonly epoch: number;
  readonly seq: number;
}

/** Nothing is published. */
export const NOTHING_PUBLISHED: Watermark = { epoch: -1, seq: 0 };

/** A segment's file and how it ends. */
export interface SegmentReport {
  readonly name: string;
  readonly epoch: number;
  readonly number: number;
  readonly bytes: number;
  readonly verdict: SegmentVerdict;
}

/** What a run's WAL holds beyond its published file. */
export interface Replay {
  /** Parameters, facts, log lines and ending as of the last record. */
  readonly state: RunState;
  /** Calls that are not in the published file, in order. */
  readonly spans: readonly RowSpan[];
  readonly calls: number;
  /** Rows that those calls begin; the others join rows that are there. */
  readonly rows: number;
  /** Rewinds that the published file does not know of, in order. */
  readonly rewinds: readonly Rewind[];
  /** Goes on where the last session stands. */
  readonly joiner: RowJoiner;
  readonly segments: readonly SegmentReport[];
  /** The position behind the last record. */
  readonly end: Watermark;
  /** Bytes at the ends of segments that are no whole frame: a write that was cut off. */
  readonly tornBytes: number;
  /** Segments in which intact frames stand behind bad bytes. */
  readonly corrupt: readonly string[];
  /** Records that are missing between intact frames. */
  readonly missingRecords: number;
  /** What is wrong with intact frames whose records make no sense. */
  readonly malformed: readonly string[];
}

/** Options of {@link replayWal}. */
export interface ReplayOptions {
  /** Whether intact frames after bad bytes are taken, too. */
  readonly salvage?: boolean;
  /** The rows of the watermark's session in the published file; null when it has none. */
  readonly session?: SessionStart | null;
}

/**
 * Reads the WAL of a run's folder; writes nothing.
 *
 * Frames are taken in the order of epochs and sequence numbers, each record once. Reading stops for good at a gap, so
 * what comes out is always a beginning of what went in; with `salvage`, intact frames behind bad bytes are taken too.
 */
export function replayWal(
  fs: FsPort,
  folder: string,
  runUuid: string,
  from: Watermark,
  { salvage = false, session = null }: ReplayOptions = {},
): Replay {
  const run = new Replayer(from, salvage, session);
  const segments: SegmentReport[] = [];
  for (const { name, epoch, number } of segmentNames(fs, folder)) {
    const bytes = readWhole(fs, join(folder, name), MAX_SEGMENT_BYTES);
    const segment = readSegment(bytes);
    const foreign = isForeign(segment, runUuid, epoch);
    const verdict: SegmentVerdict = foreign
      ? { kind: 'corrupt', badBytes: bytes.length, badAt: 0 }
      : segment.verdict;
    segments.push({ name, epoch, number, bytes: bytes.length, verdict });
    if (!foreign) run.take(segment, epoch);
  }
  return run.finish(segments);
}

/** Whether a segment is another run's, or of another owner than its name says. */
export const isForeign = ({ head }: Segment, runUuid: string, epoch: number): boolean =>
  head !== null && (head.runUuid !== runUuid || head.epoch !== epoch);

/** The WAL segments of a folder, in the order they were written. */
export function segmentNames(
  fs: FsPort,
  folder: string,
): { readonly name: string; readonly epoch: number; readonly number: number }[] {
  return fs
    .list(folder)
    .flatMap((name) => {
      const parsed = parseSegmentName(name);
      return parsed === null ? [] : [{ name, ...parsed }];
    })
    .sort((a, b) => a.epoch - b.epoch || a.number - b.number);
}

class Replayer {
  private readonly state = new RunState();
  private readonly spans: RowSpan[] = [];
  private epoch = -1;
  private seq = 0;
  private missingRecords = 0;
  private readonly malformed: string[] = [];
  private readonly rewinds: Rewind[] = [];
  private joiner: RowJoiner;
  private stopped = false;

  constructor(
    private readonly from: Watermark,
    private readonly salvage: boolean,
    private readonly session: SessionStart | null,
  ) {
    this.joiner = this.joinerOf(from.epoch);
  }

  take(segment: Segment, epoch: number): void {
    const [checkpoint, ...frames] = segment.frames;
    if (this.stopped || checkpoint?.type !== FrameType.checkpoint) return;
    if (epoch !== this.epoch) {
      this.joiner = this.joinerOf(epoch);
      this.epoch = epoch;
      this.seq = 0;
    }
    if (checkpoint.seq > this.seq && !this.skip(checkpoint.seq)) return;
    // A writer that took over from a dead one may have begun below what that one had written.
    if (checkpoint.seq === this.seq) this.state.adopt(checkpoint.payload);
    for (const frame of frames) this.takeFrame(frame);
    if (this.salvage) for (const frame of segment.salvaged) this.takeFrame(frame);
  }

  finish(segments: readonly SegmentReport[]): Replay {
    const { state, spans, epoch, seq, missingRecords, rewinds, joiner } = this;
    return {
      state,
      spans,
      calls: spans.reduce((sum, span) => sum + span.rows, 0),
      rows: spans.reduce((sum, span) => sum + span.begun, 0),
      rewinds,
      joiner,
      segments,
      end: { epoch, seq },
      tornBytes: segments.reduce(
        (sum, { verdict }) =>
          sum + (verdict.kind === 'torn' || verdict.kind === 'empty' ? verdict.badBytes : 0),
        0,
      ),
      corrupt: segments.flatMap(({ name, verdict }) => (verdict.kind === 'corrupt' ? [name] : [])),
      missingRecords,
      malformed: this.malformed,
    };
  }

  private takeFrame(frame: WalFrame): void {
    if (this.stopped || frame.type !== FrameType.records) return;
    if (frame.seq > this.seq && !this.skip(frame.seq)) return;
    try {
      this.takeRecords(frame);
    } catch (error) {
      // Intact bytes that make no sense: definitions they rest on are missing, or no channel wrote them.
      if (!(error instanceof ExpmanError)) throw error;
      this.malformed.push(error.message);
      this.stopped = !this.salvage;
    }
  }

  private takeRecords(frame: WalFrame): void {
    const split = splitRecords(
      frame.payload,
      { epoch: this.epoch, seq: frame.seq, from: this.seq },
      this.state.records,
      SPAN_ROWS,
    );
    this.state.apply(split);
    const published =
      this.epoch < this.from.epoch ? Infinity : this.epoch === this.from.epoch ? this.from.seq : 0;
    for (const span of split.spans) {
      const surplus = published - (span.lastSeq - span.rows + 1);
      if (surplus <= 0) this.place(span);
      else if (surplus < span.rows) this.place(withoutFirstRows(span, surplus));
    }
    this.rewinds.push(...split.rewinds.filter(({ seq }) => seq >= published));
    this.seq = Math.max(this.seq, frame.seq + split.records);
  }

  private place(span: RowSpan): void {
    this.joiner.place(span);
    this.spans.push(span);
  }

  private joinerOf(epoch: number): RowJoiner {
    return new RowJoiner(epoch === this.from.epoch && this.session !== null ? this.session : undefined);
  }

  /** Records up to `seq` are missing; true when reading goes on behind the gap all the same. */
  private skip(seq: number): boolean {
    // What lies below the watermark is published; its segments may be gone.
    const published =
      this.epoch < this.from.epoch || (this.epoch === this.from.epoch && seq <= this.from.seq);
    if (!published) this.missingRecords += seq - this.seq;
    if (!published && !this.salvage) {
      this.stopped = true;
      return false;
    }
    this.seq = seq;
    return true;
  }
}
