import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelReader } from '../../src/channel/channel-reader.js';
import { ChannelWriter } from '../../src/channel/channel-writer.js';
import { type ArenaSource, ChunkPool } from '../../src/channel/chunk-pool.js';
import { MAX_TEXT_BYTES, RecordKind, ValueKind } from '../../src/channel/chunk-layout.js';
import { RecordDictionary, splitRecords, withoutFirstRows, type RowSpan } from '../../src/channel/records.js';
import { type Rejection, RowEncoder } from '../../src/channel/row-encoder.js';
import { RunControl } from '../../src/channel/run-control.js';
import type { Step } from '../../src/model/step.js';
import { MAX_PAYLOAD_BYTES } from '../../src/storage/wal/frame.js';

const corrupt = expect.objectContaining({ code: 'CORRUPT' }) as Error;

interface Rig {
  readonly pool: ChunkPool;
  readonly writer: ChannelWriter;
  readonly encoder: RowEncoder;
  readonly reader: ChannelReader;
}

const ignore = (): void => undefined;

function rig(onRejection: (rejection: Rejection) => void = ignore): Rig {
  const pool = new ChunkPool();
  const writer = new ChannelWriter(pool);
  const encoder = new RowEncoder(writer, {
    maxMetrics: 1e6,
    onRejection,
    onExcess: ignore,
    onMetric: ignore,
  });
  return { pool, writer, encoder, reader: new ChannelReader(writer.control, pool) };
}

type Value = number | bigint | boolean | string;

interface Row {
  readonly step: Step;
  readonly values: Readonly<Record<string, Value>>;
}

/** Reads spans without the code that makes columns of them. */
function rowsOf({ views: { bytes }, start, rows, shape, wide }: RowSpan): Row[] {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const doubles = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
  const integers = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
  const found: Row[] = [];
  for (let row = 0, at = start; row < rows; row++, at += words[at >> 2] ?? 8) {
    let text = at + 24 + 8 * shape.kinds.length;
    const entries = shape.metrics.map((metric, index): readonly [string, Value] => {
      const slot = (at >> 3) + 3 + index;
      const value = doubles[slot] ?? NaN;
      switch (shape.kinds[index]) {
        case ValueKind.bigint:
          return [metric, integers[slot] ?? 0n];
        case ValueKind.boolean:
          return [metric, value === 1];
        case ValueKind.string:
          return [metric, Buffer.from(bytes.subarray(text, (text += value))).toString('utf8')];
        default:
          return [metric, value];
      }
    });
    found.push({
      step: (wide ? integers : doubles)[(at >> 3) + 1] ?? NaN,
      values: Object.fromEntries(entries),
    });
  }
  return found;
}

/** As UTF-8 has it: half a pair of surrogates is the sign for what has no sign, in a name its number. */
const wellFormed = (values: Row['values']): Row['values'] =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name.replace(/[\ud800-\udfff]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`),
      typeof value === 'string' ? utf8(value) : value,
    ]),
  );
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

/** Takes everything there is, acknowledging each piece. */
function drain(
  { reader }: Rig,
  dictionary: RecordDictionary,
  state: { seq: number },
  limit = 1 << 20,
): Row[] {
  const rows: Row[] = [];
  for (let payload = reader.read(limit, 0); payload !== null; payload = reader.read(limit, 0)) {
    const split = splitRecords(payload, { epoch: 0, seq: state.seq }, dictionary, 1000);
    rows.push(...split.spans.flatMap(rowsOf));
    state.seq += split.records;
    reader.acknowledge(state.seq, 0);
  }
  return rows;
}

describe('the channel', () => {
  const value: fc.Arbitrary<Value> = fc.oneof(
    fc.double(),
    fc.maxSafeInteger().map(BigInt),
    fc.boolean(),
    fc.string({ unit: 'binary-ascii', maxLength: 40 }),
    fc.constantFrom('lone \ud800', '\udfff\ud83d\ude00', 'é'),
    { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 70_000 }).map((length) => 'y'.repeat(length)) },
  );
  const name = fc.oneof(
    fc.constantFrom('a', 'b', '__proto__', 'constructor', '', 'd.e', '0', 'lone \udc00'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  const row = fc.record({
    step: fc.integer(),
    values: fc.dictionary(name, value, { noNullPrototype: false, maxKeys: 8 }),
  });

  it('gives back every row of any shape, however reading and writing interleave', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(row, fc.constantFrom('go on', 'look', 'drain')), { maxLength: 80 }),
        fc.integer({ min: 1, max: 4000 }),
        (rows, limit) => {
          const channel = rig();
          const [dictionary, state] = [new RecordDictionary(), { seq: 0 }];
          const found: Row[] = [];
          for (const [{ step, values }, then] of rows) {
            channel.encoder.write(values, step, 0);
            if (then === 'look') channel.reader.read(limit, 0);
            if (then === 'drain') found.push(...drain(channel, dictionary, state, limit));
          }
          found.push(...drain(channel, dictionary, state, limit));
          expect(found).toEqual(
            rows.map(([logged]) => ({ step: logged.step, values: wellFormed(logged.values) })),
          );
          expect(channel.reader.idle).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('tells rows whose caller gave the timestamp, and steps beyond 2^53, in the order they came', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const beyond = int64.filter((step) => !Number.isSafeInteger(Number(step)));
    const logged = fc.record({
      step: fc.oneof(fc.maxSafeInteger(), beyond, fc.constant(NaN)),
      stamped: fc.boolean(),
      values: fc.constantFrom<Row['values']>({ a: 1 }, { a: 1, b: 2 }, { a: 'text' }, { a: 7n }, {}),
    });
    fc.assert(
      fc.property(fc.array(logged, { maxLength: 60 }), (rows) => {
        const channel = rig();
        for (const { step, stamped, values } of rows) channel.encoder.write(values, step, 0, stamped);
        const payload = channel.reader.read(1 << 20, 0) ?? Buffer.alloc(0);
        const { spans } = splitRecords(payload, { epoch: 0, seq: 0 }, new RecordDictionary(), 1000);
        expect(
          spans.flatMap((span) => rowsOf(span).map((each) => ({ ...each, stamped: span.stamped }))),
        ).toEqual(rows);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same bytes again until they are acknowledged, to a successor too', () => {
    const channel = rig();
    for (let step = 0; step < 3000; step++) channel.encoder.write({ a: step }, step, 0);
    const first = channel.reader.read(1 << 20, 0);
    expect(channel.reader.read(1 << 20, 0)).toEqual(first);
    expect(new ChannelReader(channel.writer.control, channel.pool).read(1 << 20, 0)).toEqual(first);
    channel.reader.acknowledge(3002, 3000);
    expect(new ChannelReader(channel.writer.control, channel.pool).read(1 << 20, 0)).toBeNull();
  });

  it('uses its memory again once it is acknowledged', () => {
    const channel = rig();
    const [dictionary, state] = [new RecordDictionary(), { seq: 0 }];
    let arenas = 0;
    channel.pool.connect(() => arenas++);
    for (let step = 0; step < 200_000; step++) {
      channel.encoder.write({ a: step, b: step }, step, 0);
      if (step % 500 === 0) drain(channel, dictionary, state);
    }
    expect(arenas).toBeLessThanOrEqual(1);
    channel.writer.reclaim();
    expect(channel.writer.bufferedBytes).toBeLessThan(100_000);
  });

  it('has room for texts larger than a chunk and than an arena, and gives that memory back', () => {
    const channel = rig();
    const [dictionary, state] = [new RecordDictionary(), { seq: 0 }];
    const texts = [40_000, 3_000_000, 10, 1 << 20].map((length, at) => String(at).repeat(length));
    texts.forEach((text, step) => channel.encoder.write({ text, step }, step, 0));
    channel.writer.text(RecordKind.log, 0, Buffer.from('end\n'));
    expect(drain(channel, dictionary, state).map(({ values }) => values['text'])).toEqual(texts);
    channel.writer.reclaim();
    expect(channel.writer.bufferedBytes).toBe(0);
  });

  it('never takes more text in one record than a frame of the log has room for', () => {
    const left: string[] = [];
    const channel = rig(({ metric }) => left.push(metric));
    const large = 'x'.repeat(15 * 1024 * 1024);
    channel.encoder.write({ a: large, b: large, c: large, d: large, e: large, f: '' }, 1, 0);
    expect(() => channel.writer.text(RecordKind.params, 0, Buffer.alloc(MAX_TEXT_BYTES + 1))).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }) as Error,
    );
    expect(left).toEqual(['c', 'd', 'e']);
    const longest = channel.reader.read(1, 0)?.length ?? 0;
    channel.reader.acknowledge(0, 0);
    expect(Math.max(longest, channel.reader.read(1, 0)?.length ?? 0)).toBeLessThan(MAX_PAYLOAD_BYTES);
  });

  it('keeps a row whole whose getter logs another one in the middle of it', () => {
    const channel = rig();
    const [dictionary, state] = [new RecordDictionary(), { seq: 0 }];
    channel.encoder.write({ a: 0, b: 0 }, 0, 0);
    const reentrant = {
      a: 1,
      get b() {
        channel.encoder.write({ a: 20, b: 30 }, 2, 0);
        return 3;
      },
    };
    channel.encoder.write(reentrant, 1, 0);
    const rows = drain(channel, dictionary, state);
    expect(rows.filter(({ step }) => step === 2).map(({ values }) => values)).toContainEqual({
      a: 20,
      b: 30,
    });
    expect(rows.map(({ step, values }) => [step, values])).not.toContainEqual([2, { a: 1, b: 3 }]);
    expect(rows.at(-1)).toEqual({ step: 1, values: { a: 1, b: 3 } });
  });

  it('is done once with memory that was looked at several times', () => {
    const channel = rig();
    channel.encoder.write({ text: 'x'.repeat(40_000) }, 0, 0);
    channel.encoder.write({ text: '' }, 1, 0);
    const dropped: number[] = [];
    const arenas: ArenaSource = {
      arena: (id) => channel.pool.arena(id),
      drop: (id) => dropped.push(id),
    };
    const reader = new ChannelReader(channel.writer.control, arenas);
    for (let look = 0; look < 3; look++) reader.read(1 << 20, 0);
    reader.acknowledge(4, 2);
    expect(dropped.length).toBe(1);
  });

  it('has its memory back from a writer that died right behind an acknowledgement', () => {
    const channel = rig();
    channel.encoder.write({ text: 'x'.repeat(40_000) }, 0, 0);
    channel.encoder.write({ text: '' }, 1, 0);
    const dying: ArenaSource = {
      arena: (id) => channel.pool.arena(id),
      drop: () => {
        throw new Error('the thread ends here');
      },
    };
    const reader = new ChannelReader(channel.writer.control, dying);
    expect(reader.read(1 << 20, 0)?.length).toBeGreaterThan(40_000);
    expect(() => reader.acknowledge(4, 2)).toThrow('the thread ends here');
    expect(new ChannelReader(channel.writer.control, channel.pool).idle).toBe(true);
    channel.writer.reclaim();
    expect(channel.writer.bufferedBytes).toBe(0);
  });

  it('numbers more shapes than it remembers', () => {
    const channel = rig();
    const [dictionary, state] = [new RecordDictionary(), { seq: 0 }];
    const rows = Array.from({ length: 3000 }, (_, step) => ({
      step,
      values: { [`m${(step * 7) % 1500}`]: step },
    }));
    const found: Row[] = [];
    for (const { step, values } of rows) {
      channel.encoder.write(values, step, 0);
      if (step % 100 === 0) found.push(...drain(channel, dictionary, state));
    }
    found.push(...drain(channel, dictionary, state));
    expect(found).toEqual(rows);
  });
});

describe('records', () => {
  it('of a row that says it is shorter than its shape are refused, at the end of memory too', () => {
    const channel = rig();
    channel.encoder.write({ a: 'x', b: 'y', c: 'z' }, 1, 0);
    const good = channel.reader.read(1 << 20, 0) ?? Buffer.alloc(0);
    const at = good.length - 56; // Three slots behind a head of 24 bytes, and three letters.
    const short = Buffer.from(new Uint8Array(good.subarray(0, at + 8)).buffer);
    short.writeInt32LE(8, at);
    expect(() => splitRecords(short, { epoch: 0, seq: 0 }, new RecordDictionary(), 10)).toThrow(corrupt);
  });

  it('that give a metric a negative number are refused', () => {
    const channel = rig();
    channel.writer.text(RecordKind.metric, -1, Buffer.from('a'));
    const payload = channel.reader.read(1 << 20, 0) ?? Buffer.alloc(0);
    expect(() => splitRecords(payload, { epoch: 0, seq: 0 }, new RecordDictionary(), 10)).toThrow(corrupt);
  });

  it('of any bytes are refused with a code, or told apart, and never read beyond', () => {
    const channel = rig();
    channel.encoder.write({ a: 1, text: 'abc' }, 1, 0);
    channel.encoder.write({ a: 2, text: '' }, 2, 0);
    channel.writer.text(RecordKind.params, 0, Buffer.from('{}'));
    const good = channel.reader.read(1 << 20, 0);
    fc.assert(
      fc.property(
        fc.nat({ max: (good?.length ?? 1) - 1 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: (good?.length ?? 8) / 8 }),
        (at, byte, words) => {
          const payload = Buffer.from(new Uint8Array(good ?? []));
          payload[at] = byte;
          try {
            const aligned = Buffer.from(new Uint8Array(payload.subarray(0, words * 8)).buffer);
            splitRecords(aligned, { epoch: 0, seq: 0 }, new RecordDictionary(), 10);
          } catch (error) {
            expect(error).toMatchObject({ code: 'CORRUPT' });
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('below a number are passed over, but for what they define', () => {
    const channel = rig();
    for (let step = 0; step < 5; step++) channel.encoder.write({ a: step }, step, 0);
    const payload = channel.reader.read(1 << 20, 0) ?? Buffer.alloc(0);
    const { spans, skippedRows, rows } = splitRecords(
      payload,
      { epoch: 0, seq: 0, from: 5 },
      new RecordDictionary(),
      10,
    );
    // A metric and a shape come first: numbers 0 and 1.
    expect([skippedRows, rows, spans.flatMap(rowsOf).map(({ step }) => step)]).toEqual([3, 2, [3, 4]]);
  });

  it('of a span lose their first rows on request, of fixed size or not', () => {
    const channel = rig();
    for (let step = 0; step < 4; step++) channel.encoder.write({ text: 'x'.repeat(step * 5) }, step, 0);
    const payload = channel.reader.read(1 << 20, 0) ?? Buffer.alloc(0);
    const [span] = splitRecords(payload, { epoch: 0, seq: 0 }, new RecordDictionary(), 10).spans;
    expect(span === undefined ? [] : rowsOf(withoutFirstRows(span, 3)).map(({ step }) => step)).toEqual([3]);
  });
});

describe('the control words of a run', () => {
  it('always hold one whole acknowledgement', () => {
    const control = RunControl.starting(7);
    expect(control.acknowledged()).toEqual({ chunkId: 7, offset: 0, seq: 0, rows: 0 });
    control.acknowledge(8, 16, 2, 1);
    control.acknowledge(9, 32, 4, 3);
    expect(control.acknowledged()).toEqual({ chunkId: 9, offset: 32, seq: 4, rows: 3 });
    expect(control.seq()).toBe(4);
    expect(new RunControl(control.memory).acknowledged()).toEqual(control.acknowledged());
  });
});
