import type { ChannelReader } from '../../channel/channel-reader.js';
import { definitionsIn } from '../../channel/record-heads.js';
import { type SplitRecords, splitRecords } from '../../channel/records.js';
import { type RunControl, RunTrouble } from '../../channel/run-control.js';
import { attempt } from '../../model/attempt.js';
import { errnoOf } from '../../model/errors.js';
import { FRAME_HEAD_BYTES, FrameType } from '../../storage/wal/frame.js';
import type { PendingLines } from '../files/append-log.js';
import type { RunPlace } from '../../storage/run-place.js';
import { type RecordCount, SegmentWriter, framed } from '../../storage/wal/segment-writer.js';
import { encodeCheckpoint } from '../../run/replay/checkpoint.js';
import type { RowJoiner } from '../../run/rows/row-joiner.js';
import type { RunEnding, RunState, RunStateView } from '../../run/run-state.js';

const FRAME_BYTES = 1024 * 1024;
/**
 * The smallest frame tried: when large frames do not fit (a nearly full disk, a limit on file
 * sizes), small ones may.
 */
const SMALLEST_FRAME_BYTES = 32 * 1024;
/**
 * The most bytes of one drain, however fast the producer is, so that other runs and the Parquet
 * stage get their turn.
 */
const DRAIN_BYTES = 16 * FRAME_BYTES;
/**
 * The size at which a segment ends: a reader loads a whole segment into memory, and publishes,
 * which also end one, may be far apart.
 */
const SEGMENT_BYTES = 256 * 1024 * 1024;

/** Options of a {@link WalStage}. */
export interface WalStageOptions {
  readonly place: RunPlace;
  readonly reader: ChannelReader;
  readonly control: RunControl;
  /** The state after the records so far; from now on only this stage changes it. */
  readonly state: RunState;
  /** Decides to which row each call belongs, in order. */
  readonly joiner: RowJoiner;
  /** True if a frame is synced before it is acknowledged. */
  readonly power: boolean;
  readonly maxSpanRows: number;
  /** The number of the first segment to create. */
  readonly firstSegment: number;
  /** The number below which records are in an earlier segment and were replayed from there. */
  readonly replayedTo: number;
  /** The size at which a new segment is started. */
  readonly segmentBytes?: number;
}

/**
 * The first stage of the writer: the channel's bytes into the WAL, then the acknowledgement, then
 * the records.
 *
 * A failed write leaves the bytes in the channel, where the next drain finds them, and every drain
 * tries a new segment: when the disk works again, writing continues.
 */
export class WalStage implements PendingLines {
  /** The reason why nothing can be written; null if all is well. */
  trouble: unknown = null;
  /** The number of records and calls in the WAL. */
  seq: number;
  calls: number;
  /** The number of calls that this stage was the first to write. */
  newCalls = 0;
  private segment: SegmentWriter | null = null;
  private finished: SegmentWriter[] = [];
  private nextSegment: number;
  private frameBytes = FRAME_BYTES;
  // Fields of its own instead of the options: a thousand idle runs are checked at every poll.
  private readonly reader: ChannelReader;
  private readonly runState: RunState;

  constructor(private readonly options: WalStageOptions) {
    this.reader = options.reader;
    this.runState = options.state;
    const { seq, rows } = options.control.acknowledged();
    this.seq = seq;
    this.calls = rows;
    this.nextSegment = options.firstSegment;
  }

  /** The state of the records in the WAL, without rows; this stage changes it. */
  get state(): RunStateView {
    return this.runState;
  }

  /** The lines that wait for run.log. */
  get log(): RunStateView['log'] {
    return this.runState.log;
  }

  /** Ends the run in another way than by a record. */
  end(ending: RunEnding): void {
    this.runState.ending = ending;
  }

  /** Adds a line by the writer to those that wait for run.log. */
  addLine(line: string): void {
    this.runState.addLine(line);
  }

  /** Adds a fact by the writer, which is in the WAL from the next segment on. */
  addFact(text: string): void {
    this.runState.factRecords.add(text);
  }

  /** Marks the first `count` pending lines as written to run.log, which now has `offset` bytes. */
  logged(count: number, offset: number): void {
    this.runState.logged(count, offset);
  }

  /** True if everything in the channel is in the WAL. */
  get idle(): boolean {
    return this.reader.idle;
  }

  /**
   * Moves the content of the channel into the WAL, one frame at a time, and passes its records to
   * `onRecords`.
   *
   * Returns the number of bytes written; 0 with `trouble` set if the disk refuses them.
   */
  drain(onRecords: (split: SplitRecords, bytes: number) => void): number {
    const { reader, runState: state } = this;
    let drained = 0;
    while (drained < DRAIN_BYTES) {
      const frame = reader.read(this.frameBytes, FRAME_HEAD_BYTES);
      if (frame === null) return drained;
      const { place, joiner, control, maxSpanRows, replayedTo } = this.options;
      const payload = frame.subarray(FRAME_HEAD_BYTES);
      // A definition changes the dictionary, so records are split once, and only when they are in
      // the WAL: a new segment's checkpoint must not include records after it.
      if (payload.length > 0 && !this.append(frame)) return drained;
      const { defined } = state.records;
      const split = splitRecords(
        payload,
        { epoch: place.epoch, seq: this.seq, calls: this.calls, from: Math.max(this.seq, replayedTo) },
        state.records,
        maxSpanRows,
      );
      if (this.segment !== null) this.segment.seqEnd = this.seq + split.records;
      for (const span of split.spans) joiner.place(span);
      state.apply(split);
      this.seq += split.records;
      this.calls += split.rows + split.skippedRows;
      if (state.records.defined > defined) this.repeatDefinitions(payload);
      this.newCalls += split.rows;
      onRecords(split, payload.length);
      reader.acknowledge(this.seq, this.calls);
      control.trouble = RunTrouble.none;
      this.frameBytes = Math.min(FRAME_BYTES, this.frameBytes * 2);
      drained += payload.length;
    }
    return drained;
  }

  /** Ends the current segment, so that it can be removed once its records are published. */
  rotate(): void {
    const next = this.create();
    if (this.segment !== null) this.finished.push(this.segment);
    this.segment = next;
  }

  /**
   * Removes finished segments whose records are all below `seq` and published; the current one is
   * synced first.
   */
  dropBelow(seq: number): void {
    const done = this.finished.filter((segment) => segment.seqEnd <= seq);
    // The checkpoint of a broken segment may not be on the device, whatever another sync says.
    if (done.length === 0 || this.segment?.broken === true) return;
    // Parameters and lines that only the old segments held are in the checkpoint of the new one,
    // whose name was made durable by the publish, which synced the folder.
    this.segment?.sync();
    for (const segment of done) this.remove(segment);
    this.finished = this.finished.filter((segment) => !done.includes(segment));
  }

  /** Removes every segment of this owner: the run is closed, or nothing of it needs to be kept. */
  removeAll(): void {
    for (const segment of this.finished) this.remove(segment);
    if (this.segment !== null) this.remove(this.segment);
    this.finished = [];
    this.segment = null;
  }

  /** Closes the files and leaves them where they are. */
  leave(): void {
    for (const segment of this.finished) segment.close();
    this.segment?.close();
  }

  private provideSegment(): void {
    const { segment } = this;
    if (segment === null || segment.broken) this.rotate();
    // If there is no room for another segment, the current one stays in use.
    else if (segment.bytes >= (this.options.segmentBytes ?? SEGMENT_BYTES)) attempt(() => this.rotate());
  }

  private append(frame: Buffer): boolean {
    // A broken or missing segment gets one successor per drain, so that a full disk is tried once
    // per poll.
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        this.provideSegment();
        this.segment?.append(FrameType.records, this.count, frame);
        if (this.options.power) this.segment?.sync();
        this.trouble = null;
        return true;
      } catch (error) {
        this.trouble = error;
      }
    }
    this.options.control.trouble = RunTrouble.disk;
    this.frameBytes = SMALLEST_FRAME_BYTES;
    return false;
  }

  /**
   * Repeats the definitions, because rows of later frames depend on them: one damaged byte must not
   * cost them all.
   */
  private repeatDefinitions(payload: Uint8Array): void {
    // If they cannot be written, the segment is broken, and the checkpoint of the next one holds
    // them.
    attempt(() => this.segment?.append(FrameType.definitions, this.count, framed(definitionsIn(payload))));
  }

  private get count(): RecordCount {
    return { seq: this.seq, calls: this.calls };
  }

  private create(): SegmentWriter {
    const { place, state, power } = this.options;
    const segment = SegmentWriter.create(place, this.nextSegment++, this.count, encodeCheckpoint(state));
    // A synced file is still lost if its name is not on the device.
    try {
      if (power) place.fs.syncFolder(place.folder);
    } catch (error) {
      attempt(() => this.remove(segment));
      throw error;
    }
    return segment;
  }

  private remove(segment: SegmentWriter): void {
    segment.close();
    try {
      this.options.place.fs.remove(segment.path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error; // It was removed by someone else.
    }
  }
}
