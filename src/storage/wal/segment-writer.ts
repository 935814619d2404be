import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { attempt } from '../../model/attempt.js';
import type { DescriptorCache } from '../descriptor-cache.js';
import type { FsPort } from '../fs-port.js';
import { writeAll } from '../write-all.js';
import {
  FRAME_HEAD_BYTES,
  FrameType,
  MAX_PAYLOAD_BYTES,
  SEGMENT_HEAD_BYTES,
  encodeSegmentHead,
  sealFrame,
  segmentName,
} from './frame.js';

/** Where, for whom and through what segments are written. */
export interface WalPlace {
  readonly fs: FsPort;
  readonly files: DescriptorCache;
  readonly folder: string;
  readonly runUuid: string;
  readonly epoch: number;
}

/**
 * One WAL segment, open for appending.
 *
 * After any failed write or sync it is `broken`: its good bytes stay, nothing more is written to it (a second
 * fsync on the same descriptor may report success for pages that are lost), and its owner goes on in a new segment.
 */
export class SegmentWriter {
  /** The number behind the last record appended: what must be published before this segment may go. */
  seqEnd: number;
  broken = false;
  private offset: number;
  private readonly saltCrc: number;
  private unsynced = true;

  private constructor(
    private readonly place: WalPlace,
    readonly path: string,
    readonly number: number,
    salt: Uint8Array,
    seq: number,
  ) {
    this.saltCrc = crc32(salt);
    this.offset = SEGMENT_HEAD_BYTES;
    this.seqEnd = seq;
  }

  /** Bytes in it so far. */
  get bytes(): number {
    return this.offset;
  }

  /** Makes segment `number` and writes its head and checkpoint; on failure nothing of it is left behind. */
  static create(place: WalPlace, number: number, seq: number, checkpoint: Uint8Array): SegmentWriter {
    const { fs, files, folder, runUuid, epoch } = place;
    const path = join(folder, segmentName(epoch, number));
    const salt = randomBytes(8);
    const fd = files.create(path);
    try {
      writeAll(fs, fd, encodeSegmentHead({ runUuid, epoch, number, salt }), 0);
      const segment = new SegmentWriter(place, path, number, salt, seq);
      segment.append(
        FrameType.checkpoint,
        seq,
        Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), checkpoint]),
        0,
      );
      return segment;
    } catch (error) {
      files.release(path);
      attempt(() => fs.remove(path));
      throw error;
    }
  }

  /**
   * Appends one frame that holds `records` records from `seq` on; its head, the first bytes, is filled in here.
   *
   * One that is larger than a reader believes is refused, and harms nothing.
   */
  append(type: FrameType, seq: number, frame: Buffer, records: number): void {
    if (frame.length - FRAME_HEAD_BYTES > MAX_PAYLOAD_BYTES)
      throw Object.assign(new Error(`EFBIG: a frame of ${frame.length} bytes`), { code: 'EFBIG' });
    sealFrame(frame, type, seq, this.saltCrc);
    try {
      writeAll(this.place.fs, this.place.files.get(this.path), frame, this.offset);
    } catch (error) {
      this.broken = true;
      throw error;
    }
    this.offset += frame.length;
    this.seqEnd = seq + records;
    this.unsynced = true;
  }

  /** fdatasync, where there is something to sync. */
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
