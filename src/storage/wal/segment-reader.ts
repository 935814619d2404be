import { crc32 } from 'node:zlib';
import {
  FRAME_HEAD_BYTES,
  type FrameHead,
  FrameType,
  SEGMENT_HEAD_BYTES,
  type SegmentHead,
  decodeFrameHead,
  decodeSegmentHead,
} from './frame.js';

/** An intact frame. */
export interface WalFrame {
  readonly type: FrameType;
  readonly seq: number;
  /** A private copy, 8-byte aligned. */
  readonly payload: Uint8Array;
}

/**
 * How a segment ends: `whole`; `torn` when bytes at its end are no whole frame and nothing intact follows them;
 * `corrupt` when an intact frame of the same segment stands behind bad bytes; `empty` when not even its head and
 * checkpoint are there.
 */
export type SegmentVerdict =
  | { readonly kind: 'whole' }
  | { readonly kind: 'empty'; readonly badBytes: number }
  | { readonly kind: 'torn'; readonly badBytes: number }
  | { readonly kind: 'corrupt'; readonly badBytes: number; readonly badAt: number };

/** A segment as read from its bytes. */
export interface Segment {
  readonly head: SegmentHead | null;
  /** Frames up to the first bad byte, in order. */
  readonly frames: readonly WalFrame[];
  /** Intact frames behind the first bad byte, for a salvage. */
  readonly salvaged: readonly WalFrame[];
  readonly verdict: SegmentVerdict;
}

/**
 * Reads a segment from its bytes; never throws, and allocates no more than the bytes it was given.
 *
 * A frame counts when both of its checksums, which include the segment's salt, are right.
 */
export function readSegment(bytes: Buffer): Segment {
  const head = decodeSegmentHead(bytes);
  if (head === null)
    return { head, frames: [], salvaged: [], verdict: { kind: 'empty', badBytes: bytes.length } };
  const saltCrc = crc32(head.salt);
  const frames: WalFrame[] = [];
  const goodEnd = readFrames(bytes, SEGMENT_HEAD_BYTES, saltCrc, frames);
  if (goodEnd === bytes.length && frames.length > 0)
    return { head, frames, salvaged: [], verdict: { kind: 'whole' } };
  const salvaged = salvage(bytes, goodEnd, saltCrc, frames.at(-1)?.seq ?? -1);
  const badBytes = bytes.length - goodEnd;
  if (salvaged.length > 0)
    return { head, frames, salvaged, verdict: { kind: 'corrupt', badBytes, badAt: goodEnd } };
  return { head, frames, salvaged, verdict: { kind: frames.length === 0 ? 'empty' : 'torn', badBytes } };
}

/** Reads intact frames one after another from `from` on; returns where the last of them ends. */
export function readFrames(bytes: Buffer, from: number, saltCrc: number, into: WalFrame[]): number {
  let at = from;
  for (;;) {
    const frame = frameAt(bytes, at, saltCrc);
    if (frame === null) return at;
    into.push(frame);
    at += FRAME_HEAD_BYTES + frame.payload.length;
  }
}

function frameAt(bytes: Buffer, at: number, saltCrc: number): WalFrame | null {
  const head: FrameHead | null = decodeFrameHead(bytes, at, saltCrc);
  if (head === null) return null;
  const from = at + FRAME_HEAD_BYTES;
  if (from + head.length > bytes.length) return null;
  const payload = bytes.subarray(from, from + head.length);
  if (crc32(payload, saltCrc) !== head.payloadCrc) return null;
  return { type: head.type, seq: head.seq, payload: Uint8Array.from(payload) };
}

/**
 * Looks for intact frames behind a bad place, byte by byte.
 *
 * The salted checksum of the head decides, never a magic number; only later sequence numbers count, so that a
 * duplicated block is no salvage.
 */
function salvage(bytes: Buffer, goodEnd: number, saltCrc: number, lastSeq: number): WalFrame[] {
  const found: WalFrame[] = [];
  let seq = lastSeq;
  for (let at = goodEnd + 1; at + FRAME_HEAD_BYTES <= bytes.length;) {
    const frame = couldBeHead(bytes, at) ? frameAt(bytes, at, saltCrc) : null;
    if (frame === null || frame.type !== FrameType.records || frame.seq <= seq) at++;
    else {
      found.push(frame);
      seq = frame.seq;
      at += FRAME_HEAD_BYTES + frame.payload.length;
    }
  }
  return found;
}

/** Cheap necessary conditions, so that most places are passed without a checksum. */
function couldBeHead(bytes: Buffer, at: number): boolean {
  return (
    bytes[at + 16] === FrameType.records &&
    bytes[at + 17] === 0 &&
    bytes[at + 18] === 0 &&
    bytes[at + 19] === 0
  );
}
