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
  SEGMENT_START_BYTES,
  encodeSegmentStart,
  sealFrame,
} from '../../src/storage/wal/frame.js';
import { readSegment } from '../../src/storage/wal/segment-reader.js';
import { SegmentWriter, framed } from '../../src/storage/wal/segment-writer.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { FRAME_HEAD_BYTES_1, HEAD_BYTES_1, runReadByOne, segmentOfOne } from '../support/wal-v1.js';

const HEAD = { runUuid: 'ab'.repeat(16), epoch: 3, number: 1, salt: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
const SIZES = [40, 200, 8, 1000, 0, 64, 2400];
const payloads = SIZES.map((size) => randomBytes(size));
const CORE = Buffer.from('{}');

/** A segment, where its first frame begins, where each ends, and what is in them. */
interface Sample {
  readonly bytes: Buffer;
  readonly start: number;
  readonly ends: readonly number[];
  readonly payloads: readonly Uint8Array[];
}

function sampleOf(bytes: Buffer, start: number, headBytes: number, all: readonly Uint8Array[]): Sample {
  let end = start;
  return { bytes, start, ends: all.map(({ length }) => (end += headBytes + length)), payloads: all };
}

const sealed = (payload: Uint8Array, type: FrameType, seq: number, part: number, calls: number): Buffer => {
  const frame = framed(payload);
  sealFrame(frame, { type, seq, calls, part }, crc32(HEAD.salt));
  return frame;
};

const SAMPLES: readonly (Sample & { readonly version: number })[] = [
  {
    version: 1,
    ...sampleOf(
      segmentOfOne(HEAD, [
        { seq: 0, payload: CORE, isCheckpoint: true },
        ...payloads.map((payload, at) => ({ seq: at + 1, payload })),
      ]),
      HEAD_BYTES_1,
      FRAME_HEAD_BYTES_1,
      [CORE, ...payloads],
    ),
  },
  {
    version: 2,
    ...sampleOf(
      Buffer.concat([
        encodeSegmentStart(HEAD),
        sealed(CORE, FrameType.checkpoint, 0, 0, 0),
        sealed(CORE, FrameType.checkpoint, 0, 1, 0),
        sealed(CORE, FrameType.carried, 0, 2, 0),
        ...payloads.map((payload, at) => sealed(payload, FrameType.records, at + 1, 0, 10 * at)),
      ]),
      SEGMENT_START_BYTES,
      FRAME_HEAD_BYTES,
      [CORE, CORE, CORE, ...payloads],
    ),
  },
];

/** Bytes with one bit the other way round. */
function withFlipped(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

describe.each(SAMPLES)('a segment of version $version of the log', (whole) => {
  /** How many frames lie wholly before a byte. */
  const framesBefore = (byte: number): number => whole.ends.filter((end) => end <= byte).length;

  it('gives back its frames', () => {
    const { head, frames, verdict } = readSegment(whole.bytes);
    expect(head).toMatchObject({ ...HEAD, version: whole.version, isIntact: true });
    expect(verdict).toEqual({ kind: 'whole' });
    expect(frames.map(({ payload }) => Buffer.from(payload))).toEqual(
      whole.payloads.map((each) => Buffer.from(each)),
    );
    const records = frames.filter(({ type }) => type === FrameType.records);
    expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(records.map(({ calls }) => calls)).toEqual(
      payloads.map((_, at) => (whole.version === 1 ? null : 10 * at)),
    );
  });

  it('cut at any byte, is torn behind the last whole frame, and its bytes are counted', () => {
    for (let length = 0; length < whole.bytes.length; length++) {
      const { head, frames, verdict } = readSegment(whole.bytes.subarray(0, length));
      expect(frames.length).toBe(framesBefore(length));
      // A start that is cut off holds nothing, however much of it is there.
      const end = whole.ends[frames.length - 1] ?? (head === null ? 0 : Math.min(length, whole.start));
      if (verdict.kind === 'whole') expect(length).toBe(end);
      else
        expect(verdict).toEqual({
          kind: frames.length === 0 ? 'empty' : 'torn',
          badBytes: expect.any(Number) as number,
        });
      if (verdict.kind === 'torn') expect(verdict.badBytes).toBe(length - end);
    }
  });

  it('with any bit of a frame flipped, loses exactly that frame, and is corrupt where whole frames follow', () => {
    const wrong: unknown[] = [];
    for (let bit = 8 * whole.start; bit < 8 * whole.bytes.length; bit++) {
      const { frames, salvaged, verdict } = readSegment(withFlipped(whole.bytes, bit));
      const before = framesBefore(bit >> 3);
      const behind = whole.payloads.length - 1 - before;
      const kind = behind > 0 ? 'corrupt' : 'torn';
      if (frames.length !== before || salvaged.length !== behind || verdict.kind !== kind)
        wrong.push({ bit, frames: frames.length, salvaged: salvaged.length, verdict });
    }
    expect(wrong).toEqual([]);
  });

  it('saves no frame a second time that stands behind bad bytes once more', () => {
    const at = whole.payloads.length - 4;
    const end = whole.ends[at] ?? 0;
    const again = whole.bytes.subarray(whole.ends[at - 2], whole.ends[at - 1]);
    const bytes = Buffer.concat([whole.bytes.subarray(0, end), Buffer.from('bad'), again]);
    expect(readSegment(bytes)).toMatchObject({
      salvaged: [],
      verdict: { kind: 'torn', badBytes: 3 + again.length },
    });
  });

  it('believes no frame of another segment, whose salt differs', () => {
    const other = whole.bytes.subarray(whole.start);
    const salt = Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9);
    const start =
      whole.version === 1 ? segmentOfOne({ ...HEAD, salt }, []) : encodeSegmentStart({ ...HEAD, salt });
    expect(readSegment(Buffer.concat([start, other]))).toMatchObject({ frames: [], salvaged: [] });
  });

  it('survives any bytes, and allocates no more than it was given', () => {
    const start = whole.bytes.subarray(0, whole.start);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (noise, behindHead) => {
        const bytes = behindHead ? Buffer.concat([start, noise]) : Buffer.from(noise);
        expect(readSegment(bytes).frames).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the start of a segment', () => {
  const [one, two] = SAMPLES;
  if (one === undefined || two === undefined) throw new Error('there are two versions');

  it('is written twice, so that a flipped bit of it costs nothing, and is told', () => {
    for (let bit = 0; bit < 8 * SEGMENT_START_BYTES; bit++)
      expect(readSegment(withFlipped(two.bytes, bit))).toMatchObject({
        head: { ...HEAD, version: 2, isIntact: false },
        frames: { length: two.payloads.length },
        verdict: { kind: 'corrupt', badBytes: SEGMENT_HEAD_BYTES, badAt: 0 },
      });
  });

  it('of version 1 with a flipped bit hides its frames, and is called corrupt, so that the file is kept', () => {
    for (let bit = 0; bit < 8 * HEAD_BYTES_1; bit++)
      expect(readSegment(withFlipped(one.bytes, bit))).toMatchObject({
        head: null,
        frames: [],
        verdict: { kind: 'corrupt', badBytes: one.bytes.length, badAt: 0 },
      });
  });

  it('that was never written is empty: too few bytes, or the zeros that a power loss leaves', () => {
    for (const length of [0, 1, SEGMENT_HEAD_BYTES - 1, SEGMENT_HEAD_BYTES, 5000])
      expect(readSegment(Buffer.alloc(length)).verdict).toEqual({ kind: 'empty', badBytes: length });
  });

  it('is to expman-rx 0.1.0 that of another run, whose segments it keeps; it deletes those that it takes for none', () => {
    expect(runReadByOne(two.bytes)).toBe('54'.repeat(16));
    expect(runReadByOne(one.bytes)).toBe(HEAD.runUuid);
  });

  it('of a later version is read for its version alone', () => {
    const later = Buffer.from(two.bytes);
    for (const [at, magic] of [
      [0, 'EXPMWAL1'],
      [SEGMENT_HEAD_BYTES, 'EXPMWAL3'],
    ] as const) {
      later.write(magic, at, 'latin1');
      later.writeUInt16LE(3, at + 40);
      for (const [place, part] of [0, 7, 2].entries()) later.writeUInt16LE(part, at + 42 + 2 * place);
      later.writeUInt32LE(crc32(later.subarray(at, at + 52)), at + 52);
    }
    expect(readSegment(later)).toMatchObject({
      head: { version: 3, writtenBy: '0.7.2' },
      frames: [],
      verdict: { kind: 'newer' },
    });
  });

  it('believes no length beyond its bound, whatever the checksum says', () => {
    const head = Buffer.alloc(FRAME_HEAD_BYTES);
    sealFrame(head, { type: FrameType.records, seq: 0, calls: 0, part: 0 }, crc32(HEAD.salt));
    head.writeUInt32LE(MAX_PAYLOAD_BYTES + 8, 0);
    head.writeUInt32LE(0, 4);
    head.writeUInt32LE(crc32(head, crc32(HEAD.salt)), 4);
    expect(readSegment(Buffer.concat([encodeSegmentStart(HEAD), head, Buffer.alloc(1000)]))).toMatchObject({
      frames: [],
      verdict: { kind: 'empty' },
    });
  });
});

const START = { seq: 0, calls: 0 };
const NOTHING = { core: CORE, carried: [] };

describe('a segment that is written', () => {
  const place = (fs: MemoryFs): Parameters<typeof SegmentWriter.create>[0] => {
    if (fs.stat('/run') === null) fs.makeFolder('/run');
    return { fs, files: new DescriptorCache(fs), folder: '/run', runUuid: HEAD.runUuid, epoch: 3 };
  };

  it('holds its checkpoint, what of it rows rest on twice, and what was appended', () => {
    const fs = new MemoryFs();
    const checkpoint = { core: Buffer.from('{"a":1}'), carried: [Buffer.from('b'), Buffer.from('c')] };
    const segment = SegmentWriter.create(place(fs), 0, { seq: 5, calls: 2 }, checkpoint);
    segment.append(FrameType.records, { seq: 5, calls: 2 }, framed(Uint8Array.of(1, 2)));
    expect(segment.seqEnd).toBe(5);
    const { frames, verdict } = readSegment(fs.bytesOf('/run/wal-3-0.log'));
    expect(verdict.kind).toBe('whole');
    expect(
      frames.map(({ type, part, seq, calls, payload }) => [
        type,
        part,
        seq,
        calls,
        Buffer.from(payload).toString('latin1'),
      ]),
    ).toEqual([
      [FrameType.checkpoint, 0, 5, 2, '{"a":1}'],
      [FrameType.checkpoint, 1, 5, 2, '{"a":1}'],
      [FrameType.carried, 2, 5, 2, 'b'],
      [FrameType.carried, 3, 5, 2, 'c'],
      [FrameType.records, 0, 5, 2, '\u0001\u0002'],
    ]);
  });

  it.each(['write', 'syncData'] as const)(
    'is broken after a %s that failed, and what it holds stays good',
    (call) => {
      const fs = new MemoryFs();
      const segment = SegmentWriter.create(place(fs), 0, START, NOTHING);
      segment.append(FrameType.records, { seq: 0, calls: 0 }, framed(Uint8Array.of(1)));
      fs.onCall = (called) => (called === call ? { errno: 'EIO' } : null);
      expect(() => {
        segment.append(FrameType.records, { seq: 1, calls: 1 }, framed(Uint8Array.of(2)));
        segment.sync();
      }).toThrow('EIO');
      expect(segment.broken).toBe(true);
      expect(readSegment(fs.bytesOf('/run/wal-3-0.log')).frames.length).toBe(call === 'write' ? 3 : 4);
    },
  );

  it.each(['write', 'statOpen'] as const)(
    'leaves nothing behind where a %s keeps it from being made',
    (failing) => {
      const fs = new MemoryFs();
      const where = place(fs);
      fs.onCall = (call) => (call === failing ? { errno: 'ENOSPC' } : null);
      expect(() => SegmentWriter.create(where, 0, START, NOTHING)).toThrow('ENOSPC');
      expect(fs.namesIn('/run')).toEqual([]);
      expect(fs.openFiles).toBe(0);
    },
  );

  it('never holds a frame that its reader would not believe', () => {
    const fs = new MemoryFs();
    const segment = SegmentWriter.create(place(fs), 0, START, NOTHING);
    const large = Buffer.alloc(FRAME_HEAD_BYTES + MAX_PAYLOAD_BYTES + 1);
    expect(() => {
      segment.append(FrameType.records, { seq: 0, calls: 0 }, large);
    }).toThrow('EFBIG');
    expect(() => SegmentWriter.create(place(fs), 1, START, { core: large, carried: [] })).toThrow('EFBIG');
    expect(fs.namesIn('/run')).toEqual(['wal-3-0.log']);
    expect(segment.broken).toBe(false);
    expect(fs.bytesOf('/run/wal-3-0.log').length).toBeLessThan(200);
  });

  it('keeps no descriptor open of a file it could not take up again', () => {
    const fs = new MemoryFs();
    const files = new DescriptorCache(fs, 1);
    const here = { ...place(fs), files };
    const first = SegmentWriter.create(here, 0, START, NOTHING);
    SegmentWriter.create(here, 1, START, NOTHING);
    fs.onCall = (call) => (call === 'statOpen' ? { errno: 'EIO' } : null);
    expect(() => {
      first.append(FrameType.records, { seq: 0, calls: 0 }, framed(Uint8Array.of(1)));
    }).toThrow('EIO');
    expect(fs.openFiles).toBe(1);
  });

  it('is found again by its path when its descriptor was given up, and not when another file has its name', () => {
    const fs = new MemoryFs();
    const files = new DescriptorCache(fs, 1);
    const here = { ...place(fs), files };
    const first = SegmentWriter.create(here, 0, START, NOTHING);
    SegmentWriter.create(here, 1, START, NOTHING);
    expect(fs.openFiles).toBe(1);
    first.append(FrameType.records, { seq: 0, calls: 0 }, framed(Uint8Array.of(1)));
    expect(readSegment(fs.bytesOf('/run/wal-3-0.log')).frames.length).toBe(3);
    SegmentWriter.create(here, 2, START, NOTHING);
    fs.remove('/run/wal-3-0.log');
    fs.close(fs.open('/run/wal-3-0.log', 'create'));
    expect(() => first.append(FrameType.records, { seq: 1, calls: 1 }, framed(Uint8Array.of(2)))).toThrow(
      expect.objectContaining({ code: 'IO' }) as Error,
    );
    expect(fs.bytesOf('/run/wal-3-0.log').length).toBe(0);
  });
});
