import { crc32 } from 'node:zlib';
import {
  type FrameFormat,
  type FrameHead,
  FrameType,
  SEGMENT_HEAD_BYTES,
  type SegmentStart,
  WAL_VERSION,
  decodeFrameHead,
  decodeSegmentStart,
  frameHeadBytes,
} from './frame.js';

/** An intact frame. */
export interface WalFrame extends FrameHead {
  /** A private copy, 8-byte aligned. */
  readonly payload: Uint8Array;
}

/**
 * The state of a segment: `whole`; `torn` if the bytes at its end are not a complete frame and
 * nothing intact follows them; `corrupt` if something intact of the same segment follows bad bytes,
 * or the file does not begin with the start of a segment; `empty` if there is no frame, for example
 * because writing it was interrupted; `newer` if a later version of expman-rx wrote it.
 */
export type SegmentVerdict =
  | { readonly kind: 'whole' }
  | { readonly kind: 'empty'; readonly badBytes: number }
  | { readonly kind: 'torn'; readonly badBytes: number }
  | { readonly kind: 'corrupt'; readonly badBytes: number; readonly badAt: number }
  | { readonly kind: 'newer'; readonly badBytes: number };

/** A segment as read from its bytes. */
export interface Segment {
  readonly head: SegmentStart | null;
  /** Frames up to the first bad byte, in order. */
  readonly frames: readonly WalFrame[];
  /** Intact frames after the first bad byte. */
  readonly salvaged: readonly WalFrame[];
  readonly verdict: SegmentVerdict;
}

/**
 * Reads a segment from its bytes; never throws, and allocates no more than the bytes it was given.
 *
 * A frame is valid if both of its checksums, which include the segment's salt, match.
 */
export function readSegment(bytes: Buffer): Segment {
  const head = decodeSegmentStart(bytes);
  if (head === null) return { head, frames: [], salvaged: [], verdict: verdictWithoutHead(bytes) };
  if (head.version > WAL_VERSION)
    return { head, frames: [], salvaged: [], verdict: { kind: 'newer', badBytes: bytes.length } };
  const format = formatOf(head);
  const frames: WalFrame[] = [];
  const goodEnd = readFrames(bytes, head.bytes, format, frames);
  const salvaged = goodEnd === bytes.length ? [] : salvage(bytes, goodEnd, format, frames);
  return { head, frames, salvaged, verdict: verdictOf(bytes, { head, frames, salvaged }, goodEnd) };
}

/** Returns the facts needed to read the frames of a segment with this start. */
export const formatOf = ({ version, salt }: SegmentStart): FrameFormat => ({ version, saltCrc: crc32(salt) });

/** Reads intact frames one after another from `from` on; returns the end of the last one. */
export function readFrames(bytes: Buffer, from: number, format: FrameFormat, into: WalFrame[]): number {
  let at = from;
  for (;;) {
    const frame = frameAt(bytes, at, format);
    if (frame === null) return at;
    into.push(frame);
    at += frameHeadBytes(format) + frame.payload.length;
  }
}

/**
 * An interrupted write leaves too few bytes for a head, or zeros in its place; anything else is
 * damage.
 */
function verdictWithoutHead(bytes: Buffer): SegmentVerdict {
  const badBytes = bytes.length;
  const isCutOff = badBytes < SEGMENT_HEAD_BYTES || bytes.every((byte) => byte === 0);
  return isCutOff ? { kind: 'empty', badBytes } : { kind: 'corrupt', badBytes, badAt: 0 };
}

function verdictOf(
  bytes: Buffer,
  { head, frames, salvaged }: Pick<Segment, 'frames' | 'salvaged'> & { readonly head: SegmentStart },
  goodEnd: number,
): SegmentVerdict {
  const badBytes = bytes.length - goodEnd;
  if (salvaged.length > 0) return { kind: 'corrupt', badBytes, badAt: goodEnd };
  if (frames.length === 0) return { kind: 'empty', badBytes };
  if (!head.isIntact) return { kind: 'corrupt', badBytes: SEGMENT_HEAD_BYTES + badBytes, badAt: 0 };
  return badBytes === 0 ? { kind: 'whole' } : { kind: 'torn', badBytes };
}

function frameAt(bytes: Buffer, at: number, format: FrameFormat): WalFrame | null {
  const decoded = decodeFrameHead(bytes, at, format);
  if (decoded === null) return null;
  const { length, payloadCrc, ...head } = decoded;
  const from = at + frameHeadBytes(format);
  if (from + length > bytes.length) return null;
  const payload = bytes.subarray(from, from + length);
  if (crc32(payload, format.saltCrc) !== payloadCrc) return null;
  return { ...head, payload: Uint8Array.from(payload) };
}

/**
 * Searches for intact frames after a bad byte, one byte at a time.
 *
 * The salted checksum of the head decides, never a magic number; only frames that belong after
 * those found so far count, so that a duplicated block is not salvaged.
 */
function salvage(
  bytes: Buffer,
  goodEnd: number,
  format: FrameFormat,
  frames: readonly WalFrame[],
): WalFrame[] {
  const found: WalFrame[] = [];
  const headBytes = frameHeadBytes(format);
  let last = frames.at(-1);
  for (let at = goodEnd + 1; at + headBytes <= bytes.length;) {
    const frame = couldBeHead(bytes, at) ? frameAt(bytes, at, format) : null;
    if (frame === null || !belongsBehind(frame, last)) at++;
    else {
      found.push(frame);
      last = frame;
      at += headBytes + frame.payload.length;
    }
  }
  return found;
}

const isStart = ({ type }: WalFrame): boolean => type === FrameType.checkpoint || type === FrameType.carried;

/** Tells if a frame comes after another one in its segment. */
function belongsBehind(frame: WalFrame, last: WalFrame | undefined): boolean {
  if (last === undefined) return true;
  if (isStart(last)) return !isStart(frame) || frame.part > last.part;
  // Definitions carry the number of the record after them.
  return !isStart(frame) && (frame.seq > last.seq || (frame.seq === last.seq && last.type > frame.type));
}

/** Checks cheap necessary conditions, so that most places are skipped without a checksum. */
function couldBeHead(bytes: Buffer, at: number): boolean {
  const type = bytes[at + 16] ?? 0;
  return type >= FrameType.checkpoint && type <= FrameType.definitions && bytes[at + 17] === 0;
}
