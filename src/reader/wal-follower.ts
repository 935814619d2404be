import { join } from 'node:path';
import { RecordDictionary, type RowSpan, splitRecords } from '../channel/records.js';
import { ExpmanError, errnoOf } from '../model/errors.js';
import { unreadable } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import {
  type FrameFormat,
  FrameType,
  SEGMENT_START_BYTES,
  WAL_VERSION,
  decodeSegmentStart,
} from '../storage/wal/frame.js';
import { type WalFrame, formatOf, readFrames } from '../storage/wal/segment-reader.js';
import { unsupportedVersion } from '../storage/unsupported-version.js';
import { readCheckpoint } from '../run/replay/checkpoint.js';
import type { Watermark } from '../run/replay/replay.js';
import { segmentNames } from '../run/replay/segment-files.js';

const SPAN_ROWS = 8192;

/** New rows in a write-ahead log. */
export interface WalNews {
  readonly spans: readonly RowSpan[];
  /**
   * True if records are missing before some of them: their segment was deleted before it was read.
   */
  readonly isGap: boolean;
  /**
   * True if some belong to a new owner: the numbers do not tell whether all rows of the previous
   * one were there.
   */
  readonly isOfNewOwner: boolean;
}

interface FollowedSegment {
  readonly name: string;
  readonly epoch: number;
  readonly number: number;
  readonly file: number;
  /** The end of the last whole frame; 0 before the head was read. */
  offset: number;
  /** Null before the start of the segment was read. */
  format: FrameFormat | null;
  /** The dictionary for decoding the segment's rows; null before its first frame. */
  dictionary: RecordDictionary | null;
}

/**
 * Reads what is appended to a run's write-ahead log, every byte once.
 *
 * A segment stays open until it was read to its end, so that a publish, which deletes it, loses
 * nothing.
 */
export class WalFollower {
  private segments: FollowedSegment[] = [];
  private last: Watermark = { epoch: -1, seq: -1 };

  constructor(
    private readonly fs: FsPort,
    private readonly runDir: string,
    private readonly uuid: string,
  ) {
    this.openNew(segmentNames(fs, runDir));
  }

  /** Returns the rows after `from`, and the position they reach. */
  read(from: Watermark): WalNews & { readonly end: Watermark } {
    const listed = segmentNames(this.fs, this.runDir);
    this.openNew(listed);
    const spans: RowSpan[] = [];
    let end = from;
    let [isGap, isOfNewOwner] = [false, false];
    for (const segment of this.segments) {
      if (segment.epoch < end.epoch) continue;
      for (const frame of this.framesOf(segment)) {
        if (segment.epoch > end.epoch) {
          isOfNewOwner = true;
          end = { epoch: segment.epoch, seq: 0 };
        }
        if (frame.seq > end.seq) {
          isGap = true;
          end = { ...end, seq: frame.seq };
        }
        if (frame.type === FrameType.checkpoint)
          segment.dictionary ??= new RecordDictionary(readCheckpoint([frame]).plain.dictionary);
        else if (frame.type === FrameType.records && segment.dictionary !== null) {
          const place = { epoch: segment.epoch, seq: frame.seq, from: end.seq };
          const split = splitRecords(frame.payload, place, segment.dictionary, SPAN_ROWS);
          spans.push(...split.spans);
          end = { ...end, seq: Math.max(end.seq, frame.seq + split.records) };
        }
      }
    }
    this.closeAllBut(new Set(listed.map(({ name }) => name)));
    return { spans, isGap, isOfNewOwner, end };
  }

  close(): void {
    for (const { file } of this.segments.splice(0)) this.fs.close(file);
  }

  private openNew(listed: ReturnType<typeof segmentNames>): void {
    for (const { name, epoch, number } of listed) {
      if (epoch < this.last.epoch || (epoch === this.last.epoch && number <= this.last.seq)) continue;
      const path = join(this.runDir, name);
      try {
        const file = this.fs.open(path, 'read');
        this.segments.push({ name, epoch, number, file, offset: 0, format: null, dictionary: null });
        this.last = { epoch, seq: number };
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') continue;
        this.close();
        throw unreadable(path, error);
      }
    }
  }

  /**
   * Closes deleted segments: once its rest is read, a deleted segment grows no more, even if it was
   * cut off in a frame.
   */
  private closeAllBut(listed: ReadonlySet<string>): void {
    this.segments = this.segments.filter(({ name, file }) => {
      if (listed.has(name)) return true;
      this.fs.close(file);
      return false;
    });
  }

  private framesOf(segment: FollowedSegment): WalFrame[] {
    const { size } = this.fs.statOpen(segment.file);
    if (size <= segment.offset) return [];
    const bytes = Buffer.alloc(size - segment.offset);
    let done = 0;
    while (done < bytes.length) {
      const read = this.fs.read(segment.file, bytes.subarray(done), segment.offset + done);
      if (read === 0) break;
      done += read;
    }
    return this.framesIn(segment, bytes.subarray(0, done));
  }

  private framesIn(segment: FollowedSegment, bytes: Buffer): WalFrame[] {
    let from = 0;
    if (segment.format === null) {
      const start = decodeSegmentStart(bytes);
      // Being written: the bytes so far may be the start of version 1, which is shorter.
      if (bytes.length < (start?.bytes ?? SEGMENT_START_BYTES)) return [];
      const path = join(this.runDir, segment.name);
      if (start?.runUuid !== this.uuid)
        throw new ExpmanError('CORRUPT', `${segment.name} is not a segment of this run`, {
          path: this.runDir,
        });
      const { version, writtenBy } = start;
      if (version > WAL_VERSION)
        throw unsupportedVersion(path, { what: 'write-ahead log', version, known: WAL_VERSION, writtenBy });
      segment.format = formatOf(start);
      from = start.bytes;
    }
    const frames: WalFrame[] = [];
    segment.offset += readFrames(bytes, from, segment.format, frames);
    return frames;
  }
}
