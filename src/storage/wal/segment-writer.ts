import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { attempt } from '../../model/attempt.js';
import type { RunPlace } from '../run-place.js';
import { writeAll } from '../write-all.js';
import {
  FRAME_HEAD_BYTES,
  FrameType,
  MAX_PAYLOAD_BYTES,
  encodeSegmentStart,
  sealFrame,
  segmentName,
} from './frame.js';

/** The number of records of an epoch so far, and of the calls among them. */
export interface RecordCount {
  readonly seq: number;
  readonly calls: number;
}

/** The first frames of a segment: see run/replay/checkpoint.ts. */
export interface Checkpoint {
  /** The state that the rows of the segment depend on; written twice. */
  readonly core: Uint8Array;
  /** The rest of the state, in small pieces, so that a damaged byte costs one of them. */
  readonly carried: readonly Uint8Array[];
}

/**
 * One WAL segment, open for appending.
 *
 * After any failed write or sync it is `broken`: its good bytes stay, nothing more is written to it
 * (a second fsync on the same descriptor may report success for lost pages), and its owner
 * continues in a new segment.
 */
export class SegmentWriter {
  /**
   * The number after the last record appended: the segment may be deleted once all records before
   * it are published.
   */
  seqEnd: number;
  broken = false;
  private offset = 0;
  private unsynced = true;

  private constructor(
    private readonly place: RunPlace,
    readonly path: string,
    readonly number: number,
    private readonly saltCrc: number,
    seq: number,
  ) {
    this.seqEnd = seq;
  }

  /** The number of bytes so far. */
  get bytes(): number {
    return this.offset;
  }

  /**
   * Creates segment `number` and writes its start and checkpoint; on failure nothing of it remains.
   */
  static create(place: RunPlace, number: number, at: RecordCount, checkpoint: Checkpoint): SegmentWriter {
    const { fs, files, folder, runUuid, epoch } = place;
    const path = join(folder, segmentName(epoch, number));
    const salt = randomBytes(8);
    files.create(path);
    try {
      const segment = new SegmentWriter(place, path, number, crc32(salt), at.seq);
      const { core, carried } = checkpoint;
      segment.write(
        Buffer.concat([
          encodeSegmentStart({ runUuid, epoch, number, salt }),
          ...[core, core, ...carried].map((payload, part) =>
            segment.sealed(part < 2 ? FrameType.checkpoint : FrameType.carried, part, at, framed(payload)),
          ),
        ]),
      );
      return segment;
    } catch (error) {
      files.release(path);
      attempt(() => fs.remove(path));
      throw error;
    }
  }

  /**
   * Appends one frame, before which the epoch has the records and calls of `at`; fills in its head,
   * the first bytes.
   *
   * A frame larger than a reader accepts is refused, without harm.
   */
  append(type: FrameType, at: RecordCount, frame: Buffer): void {
    this.write(this.sealed(type, 0, at, frame));
  }

  private sealed(type: FrameType, part: number, { seq, calls }: RecordCount, frame: Buffer): Buffer {
    if (frame.length - FRAME_HEAD_BYTES > MAX_PAYLOAD_BYTES)
      throw Object.assign(
        new Error(`EFBIG: a frame of ${frame.length} bytes, more than ${MAX_PAYLOAD_BYTES}`),
        { code: 'EFBIG' },
      );
    sealFrame(frame, { type, seq, calls, part }, this.saltCrc);
    return frame;
  }

  private write(bytes: Buffer): void {
    try {
      writeAll(this.place.fs, this.place.files.get(this.path), bytes, this.offset);
    } catch (error) {
      this.broken = true;
      throw error;
    }
    this.offset += bytes.length;
    this.unsynced = true;
  }

  /** Calls fdatasync, if there is anything to sync. */
  sync(): void {
    if (!this.unsynced) return;
    try {
      this.place.fs.syncData(this.place.files.get(this.path));
    } catch (error) {
      this.broken = true;
      throw error;
    }
    this.unsynced = false;
  }

  close(): void {
    this.place.files.release(this.path);
  }
}

/** Puts room for the head of its frame before a payload. */
export const framed = (payload: Uint8Array): Buffer =>
  Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), payload]);
