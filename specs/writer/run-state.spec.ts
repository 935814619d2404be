import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SplitRecords } from '../../src/channel/records.js';
import { encodeParams } from '../../src/model/params.js';
import { RunState } from '../../src/writer/run-state.js';

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

/** What a state says, `-0` and NaN told from others. */
const said = ({ params: said, facts, log, ending, records: dictionary }: RunState): unknown => [
  encodeParams(said),
  encodeParams(facts),
  log,
  ending,
  dictionary.toPlain(),
];

describe('the state of a run', () => {
  it('goes on from a checkpoint exactly as it would have without one', () => {
    fc.assert(
      fc.property(fc.array(records, { maxLength: 8 }), fc.nat({ max: 8 }), (all, at) => {
        const through = new RunState();
        through.adopt(stateAfter(all.slice(0, at)).toCheckpoint());
        expect(said(stateAfter(all.slice(at), through))).toEqual(said(stateAfter(all)));
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
    const adopted = new RunState();
    adopted.adopt(state.toCheckpoint());
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

  it('refuses any bytes that are no checkpoint with a code', () => {
    const good = stateAfter([{ lines: ['a\n'], params: ['{"a":1}'] }]).toCheckpoint();
    const tried: Uint8Array[] = [Buffer.from('{}'), Buffer.from('null'), Buffer.from('[]'), Buffer.alloc(0)];
    for (let length = 0; length < good.length; length++) tried.push(good.subarray(0, length));
    for (const field of ['dictionary', 'params', 'facts', 'log'])
      for (const value of [null, 1, '', [], {}, { offset: -1, pending: [] }, { offset: {}, pending: ['a'] }])
        tried.push(
          Buffer.from(JSON.stringify({ ...(JSON.parse(good.toString()) as object), [field]: value })),
        );
    for (const bytes of tried) {
      try {
        const state = new RunState();
        state.adopt(bytes);
        expect(Number.isSafeInteger(state.log.offset) && state.log.offset >= 0, bytes.toString()).toBe(true);
      } catch (error) {
        expect(error, bytes.toString()).toMatchObject({ code: 'CORRUPT' });
      }
    }
  });
});
