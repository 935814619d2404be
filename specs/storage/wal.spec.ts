import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DescriptorCache } from '../../src/storage/descriptor-cache.js';
import {
  FRAME_HEAD_BYTES,
  FrameType,
  MAX_PAYLOAD_BYTES,
  SEGMENT_HEAD_BYTES,
  encodeSegmentHead,
  sealFrame,
} from '../../src/storage/wal/frame.js';
import { readSegment } from '../../src/storage/wal/segment-reader.js';
import { SegmentWriter } from '../../src/storage/wal/segment-writer.js';
import { MemoryFs } from '../faults/memory-fs.js';

const HEAD = { runUuid: 'ab'.repeat(16), epoch: 3, number: 1, salt: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
const SIZES = [40, 200, 8, 1000, 0, 64, 2400];

/** A segment of a checkpoint and frames of these payloads, and where each frame ends. */
function segmentOf(payloads: readonly Uint8Array[]): {
  readonly bytes: Buffer;
  readonly ends: readonly number[];
} {
  const parts = [encodeSegmentHead(HEAD)];
  const ends: number[] = [];
  let end = SEGMENT_HEAD_BYTES;
  [Buffer.from('{}'), ...payloads].forEach((payload, at) => {
    const frame = Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), payload]);
    sealFrame(frame, at === 0 ? FrameType.checkpoint : FrameType.records, at, crc32(HEAD.salt));
    parts.push(frame);
    end += frame.length;
    ends.push(end);
  });
  return { bytes: Buffer.concat(parts), ends };
}

const payloads = SIZES.map((size) => randomBytes(size));
const whole = segmentOf(payloads);
/** The whole segment with one bit the other way round. */
function withFlipped(bit: number): Buffer {
  const flipped = Buffer.from(whole.bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** How many frames lie wholly before a byte. */
const framesBefore = (byte: number): number => whole.ends.filter((end) => end <= byte).length;

describe('a segment of the log', () => {
  it('gives back its frames', () => {
    const { head, frames, verdict } = readSegment(whole.bytes);
    expect(head).toEqual(HEAD);
    expect(verdict).toEqual({ kind: 'whole' });
    expect(frames.map(({ payload }) => Buffer.from(payload))).toEqual([Buffer.from('{}'), ...payloads]);
    expect(frames.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('cut at any byte, is torn behind the last whole frame, and its bytes are counted', () => {
    for (let length = 0; length < whole.bytes.length; length++) {
      const { frames, verdict } = readSegment(whole.bytes.subarray(0, length));
      expect(frames.length).toBe(framesBefore(length));
      const end = whole.ends[frames.length - 1] ?? (length >= SEGMENT_HEAD_BYTES ? SEGMENT_HEAD_BYTES : 0);
      if (verdict.kind === 'whole') expect(length).toBe(end);
      else expect(verdict).toEqual({ kind: frames.length === 0 ? 'empty' : 'torn', badBytes: length - end });
    }
  });

  it('with any bit flipped, stops exactly at the frame it is in, and is corrupt where whole frames follow', () => {
    const wrong: unknown[] = [];
    for (let bit = 8 * SEGMENT_HEAD_BYTES; bit < 8 * whole.bytes.length; bit++) {
      const { frames, salvaged, verdict } = readSegment(withFlipped(bit));
      const before = framesBefore(bit >> 3);
      const behind = Math.min(payloads.length - before, payloads.length);
      const kind = behind > 0 ? 'corrupt' : 'torn';
      if (frames.length !== before || salvaged.length !== behind || verdict.kind !== kind)
        wrong.push({ bit, frames: frames.length, salvaged: salvaged.length, verdict });
    }
    expect(wrong).toEqual([]);
  });

  it('with a bit of its head flipped, is nobody’s', () => {
    for (let bit = 0; bit < 8 * SEGMENT_HEAD_BYTES; bit++)
      expect(readSegment(withFlipped(bit))).toMatchObject({
        head: null,
        frames: [],
        verdict: { kind: 'empty', badBytes: whole.bytes.length },
      });
  });

  it('saves no frame a second time that stands behind bad bytes once more', () => {
    const end = whole.ends[3] ?? 0;
    const again = whole.bytes.subarray(whole.ends[1], whole.ends[2]);
    const bytes = Buffer.concat([whole.bytes.subarray(0, end), Buffer.from('bad'), again]);
    expect(readSegment(bytes)).toMatchObject({
      salvaged: [],
      verdict: { kind: 'torn', badBytes: 3 + again.length },
    });
  });

  it('believes no frame of another segment, whose salt differs', () => {
    const other = segmentOf(payloads).bytes.subarray(SEGMENT_HEAD_BYTES);
    const bytes = Buffer.concat([
      encodeSegmentHead({ ...HEAD, salt: Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9) }),
      other,
    ]);
    expect(readSegment(bytes)).toMatchObject({ frames: [], salvaged: [] });
  });

  it('survives any bytes, and allocates no more than it was given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (noise, behindHead) => {
        const bytes = behindHead ? Buffer.concat([encodeSegmentHead(HEAD), noise]) : Buffer.from(noise);
        expect(readSegment(bytes).frames).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it('believes no length beyond its bound, whatever the checksum says', () => {
    const head = Buffer.alloc(FRAME_HEAD_BYTES);
    sealFrame(head, FrameType.records, 0, crc32(HEAD.salt));
    head.writeUInt32LE(MAX_PAYLOAD_BYTES + 8, 0);
    head.writeUInt32LE(0, 4);
    head.writeUInt32LE(crc32(head, crc32(HEAD.salt)), 4);
    expect(readSegment(Buffer.concat([encodeSegmentHead(HEAD), head, Buffer.alloc(1000)]))).toMatchObject({
      frames: [],
      verdict: { kind: 'empty' },
    });
  });
});

describe('a segment that is written', () => {
  const place = (fs: MemoryFs): Parameters<typeof SegmentWriter.create>[0] => {
    if (fs.stat('/run') === null) fs.makeFolder('/run');
    return { fs, files: new DescriptorCache(fs), folder: '/run', runUuid: HEAD.runUuid, epoch: 3 };
  };
  const frameOf = (payload: Uint8Array): Buffer => Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), payload]);

  it('holds its checkpoint and what was appended, and says up to where', () => {
    const fs = new MemoryFs();
    const segment = SegmentWriter.create(place(fs), 0, 5, Buffer.from('{"a":1}'));
    segment.append(FrameType.records, 5, frameOf(Uint8Array.of(1, 2)), 3);
    expect(segment.seqEnd).toBe(8);
    const { frames, verdict } = readSegment(fs.bytesOf('/run/wal-3-0.log'));
    expect(verdict.kind).toBe('whole');
    expect(frames.map(({ seq, payload }) => [seq, Buffer.from(payload).toString('latin1')])).toEqual([
      [5, '{"a":1}'],
      [5, '\u0001\u0002'],
    ]);
  });

  it.each(['write', 'syncData'] as const)(
    'is broken after a %s that failed, and what it holds stays good',
    (call) => {
      const fs = new MemoryFs();
      const segment = SegmentWriter.create(place(fs), 0, 0, Buffer.from('{}'));
      segment.append(FrameType.records, 0, frameOf(Uint8Array.of(1)), 1);
      fs.onCall = (called) => (called === call ? { errno: 'EIO' } : null);
      expect(() => {
        segment.append(FrameType.records, 1, frameOf(Uint8Array.of(2)), 1);
        segment.sync();
      }).toThrow('EIO');
      expect(segment.broken).toBe(true);
      expect(readSegment(fs.bytesOf('/run/wal-3-0.log')).frames.length).toBe(call === 'write' ? 2 : 3);
    },
  );

  it.each(['write', 'statOpen'] as const)(
    'leaves nothing behind where a %s keeps it from being made',
    (failing) => {
      const fs = new MemoryFs();
      const where = place(fs);
      fs.onCall = (call) => (call === failing ? { errno: 'ENOSPC' } : null);
      expect(() => SegmentWriter.create(where, 0, 0, Buffer.from('{}'))).toThrow('ENOSPC');
      expect(fs.namesIn('/run')).toEqual([]);
      expect(fs.openFiles).toBe(0);
    },
  );

  it('never holds a frame that its reader would not believe', () => {
    const fs = new MemoryFs();
    const segment = SegmentWriter.create(place(fs), 0, 0, Buffer.from('{}'));
    const large = Buffer.alloc(FRAME_HEAD_BYTES + MAX_PAYLOAD_BYTES + 1);
    expect(() => {
      segment.append(FrameType.records, 0, large, 1);
    }).toThrow('EFBIG');
    expect(() => SegmentWriter.create(place(fs), 1, 0, large)).toThrow('EFBIG');
    expect(fs.namesIn('/run')).toEqual(['wal-3-0.log']);
    expect(segment.broken).toBe(false);
    expect(fs.bytesOf('/run/wal-3-0.log').length).toBeLessThan(200);
  });

  it('keeps no descriptor open of a file it could not take up again', () => {
    const fs = new MemoryFs();
    const files = new DescriptorCache(fs, 1);
    const here = { ...place(fs), files };
    const first = SegmentWriter.create(here, 0, 0, Buffer.from('{}'));
    SegmentWriter.create(here, 1, 0, Buffer.from('{}'));
    fs.onCall = (call) => (call === 'statOpen' ? { errno: 'EIO' } : null);
    expect(() => {
      first.append(FrameType.records, 0, frameOf(Uint8Array.of(1)), 1);
    }).toThrow('EIO');
    expect(fs.openFiles).toBe(1);
  });

  it('is found again by its path when its descriptor was given up, and not when another file has its name', () => {
    const fs = new MemoryFs();
    const files = new DescriptorCache(fs, 1);
    const here = { ...place(fs), files };
    const first = SegmentWriter.create(here, 0, 0, Buffer.from('{}'));
    SegmentWriter.create(here, 1, 0, Buffer.from('{}'));
    expect(fs.openFiles).toBe(1);
    first.append(FrameType.records, 0, frameOf(Uint8Array.of(1)), 1);
    expect(readSegment(fs.bytesOf('/run/wal-3-0.log')).frames.length).toBe(2);
    SegmentWriter.create(here, 2, 0, Buffer.from('{}'));
    fs.remove('/run/wal-3-0.log');
    fs.close(fs.open('/run/wal-3-0.log', 'create'));
    expect(() => first.append(FrameType.records, 1, frameOf(Uint8Array.of(2)), 1)).toThrow(
      expect.objectContaining({ code: 'IO' }) as Error,
    );
    expect(fs.bytesOf('/run/wal-3-0.log').length).toBe(0);
  });
});
