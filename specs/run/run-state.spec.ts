import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SplitRecords } from '../../src/channel/records.js';
import { encodeParams } from '../../src/model/params.js';
import { FrameType } from '../../src/storage/wal/frame.js';
import type { WalFrame } from '../../src/storage/wal/segment-reader.js';
import { encodeCheckpoint, readCheckpoint } from '../../src/run/replay/checkpoint.js';
import { RunState } from '../../src/run/run-state.js';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('__proto__', '', '\u2028', '"'),
);
const leaf = fc.oneof(
  text,
  fc.boolean(),
  fc.double({ noNaN: false }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constant(null),
);
const params = fc.dictionary(
  fc.string({ maxLength: 4 }),
  fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(text, leaf, { maxKeys: 3 })),
  { maxKeys: 4 },
);

const records: fc.Arbitrary<Partial<SplitRecords>> = fc.oneof(
  fc.record({
    lines: fc.array(
      text.map((line) => `${line}\n`),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    params: fc.array(
      params.map((each) => encodeParams(each)),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    facts: fc.array(
      params.map((each) => encodeParams(each)),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    close: fc
      .record({ status: fc.constantFrom('FINISHED', 'FAILED'), cut: fc.boolean() })
      .map((end) => JSON.stringify(end)),
  }),
);

const NOTHING: SplitRecords = {
  records: 0,
  rows: 0,
  skippedRows: 0,
  spans: [],
  lines: [],
  params: [],
  facts: [],
  rewinds: [],
  close: null,
};

const stateAfter = (all: readonly Partial<SplitRecords>[], state = new RunState()): RunState => {
  for (const split of all) state.apply({ ...NOTHING, ...split });
  return state;
};

/** The frames of a state's checkpoint as a segment begins with them. */
function framesOf(state: RunState): WalFrame[] {
  const { core, carried } = encodeCheckpoint(state);
  return [core, core, ...carried].map((payload, part) => ({
    ...{ type: part < 2 ? FrameType.checkpoint : FrameType.carried, seq: 0, calls: 0, part },
    payload: Uint8Array.from(payload),
  }));
}

/** A state that goes on from a checkpoint. */
function through(frames: readonly WalFrame[]): RunState {
  const state = new RunState();
  state.restore(readCheckpoint(frames).plain);
  return state;
}

/** What a state says, `-0` and NaN told from others. */
const said = ({ params: said, facts, log, ending, before, records: dictionary }: RunState): unknown => [
  encodeParams(said),
  encodeParams(facts),
  log,
  ending,
  before,
  dictionary.toPlain(),
];

describe('the state of a run', () => {
  it('goes on from a checkpoint exactly as it would have without one', () => {
    fc.assert(
      fc.property(fc.array(records, { maxLength: 8 }), fc.nat({ max: 8 }), (all, at) => {
        const restored = through(framesOf(stateAfter(all.slice(0, at))));
        expect(said(stateAfter(all.slice(at), restored))).toEqual(said(stateAfter(all)));
      }),
      { numRuns: 500 },
    );
  });

  it('carries the numbers of metrics and shapes along, and starts them again for another owner', () => {
    const state = new RunState();
    state.records.defineMetric(0, '__proto__');
    state.records.defineMetric(1, '');
    state.records.defineShape(7, [0, 5]);
    state.ending = { status: 'FAILED', cut: true, exitCode: 3, error: { name: 'E', message: 'm' } };
    state.before = { epoch: 4, seq: 12, calls: 7 };
    const adopted = through(framesOf(state));
    expect(adopted.before).toEqual(state.before);
    expect(adopted.records.shape(7)).toEqual({
      metrics: ['__proto__', ''],
      kinds: [0, 1],
      hasStrings: false,
    });
    expect(adopted.ending).toEqual(state.ending);
    adopted.startEpoch();
    expect(adopted.ending).toBeNull();
    expect(() => adopted.records.shape(7)).toThrow(expect.objectContaining({ code: 'CORRUPT' }) as Error);
  });

  it('is carried in small pieces, so that a damaged one costs what is in it and nothing else', () => {
    const lines = Array.from({ length: 900 }, (_, at) => `line ${at}\n`);
    const state = stateAfter([{ lines }]);
    for (let at = 0; at < 400; at++)
      state.apply({ ...NOTHING, params: [encodeParams({ [`p${at}`]: 'x'.repeat(30) })] });
    const frames = framesOf(state);
    expect(frames.length).toBeGreaterThan(5);
    for (const [at, { part, payload }] of frames.entries()) {
      const left = frames.filter((_, other) => other !== at);
      const { isWhole, plain, unrestored } = readCheckpoint(left);
      expect(isWhole).toBe(part < 2);
      const missing = {
        lines: lines.length - plain.log.pending.length,
        params: 400 - Object.keys(through(left).params).length,
      };
      expect(missing).toEqual({
        lines: unrestored.lines.reduce((sum, each) => sum + each.lines, 0),
        params: unrestored.params,
      });
      if (part >= 2) expect(payload.length).toBeLessThan(10_000);
    }
  });

  it('of which both copies of what rows rest on are gone knows no shape, and keeps what was carried', () => {
    const state = stateAfter([{ lines: ['a\n'], params: ['{"a":1}'] }]);
    state.records.defineMetric(0, 'loss');
    const { isWhole, plain, unrestored } = readCheckpoint(framesOf(state).slice(2));
    expect({ isWhole, ...unrestored }).toMatchObject({ isWhole: false, knowsOffset: false });
    expect(plain).toMatchObject({
      dictionary: { metrics: [], shapes: [] },
      params: '{"a":1}',
      log: { pending: ['a\n'] },
    });
  });

  it('refuses any bytes that are no checkpoint of version 1 with a code', () => {
    const good = {
      dictionary: { metrics: [], shapes: [] },
      params: '{"a":1}',
      facts: '{}',
      log: { offset: 0, pending: ['a\n'] },
      ending: null,
    };
    const text = Buffer.from(JSON.stringify(good));
    const tried: Uint8Array[] = [Buffer.from('{}'), Buffer.from('null'), Buffer.from('[]'), Buffer.alloc(0)];
    for (let length = 0; length < text.length; length++) tried.push(text.subarray(0, length));
    for (const field of ['dictionary', 'params', 'facts', 'log'])
      for (const value of [null, 1, '', [], {}, { offset: -1, pending: [] }, { offset: {}, pending: ['a'] }])
        tried.push(Buffer.from(JSON.stringify({ ...good, [field]: value })));
    for (const payload of tried) {
      const of = Buffer.from(payload).toString();
      try {
        const state = through([{ type: FrameType.checkpoint, seq: 0, calls: null, part: 0, payload }]);
        expect(Number.isSafeInteger(state.log.offset) && state.log.offset >= 0, of).toBe(true);
      } catch (error) {
        expect(error, of).toMatchObject({ code: 'CORRUPT' });
      }
    }
    expect(
      through([{ type: FrameType.checkpoint, seq: 0, calls: null, part: 0, payload: text }]).params,
    ).toEqual({ a: 1 });
  });
});
