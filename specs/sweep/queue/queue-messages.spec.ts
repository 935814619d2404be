import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queueAddress } from '../../../src/sweep/queue/queue-address.js';
import {
  fromWire,
  offerText,
  readControl,
  readOffer,
  readReport,
  readResult,
  toWire,
} from '../../../src/sweep/queue/queue-messages.js';

const OFFER = {
  ...{ trial: 3, attempt: 0, params: { x: 0.5 }, constraints: [] },
  ...({ metrics: [{ name: 'loss', mode: 'min' }], value: 'last', graceMs: Infinity } as const),
};
/** The same with a single metric, as it travels. */
const WIRE = { ...OFFER, metrics: undefined, constraints: undefined, metric: 'loss', mode: 'min' };
const PLACE = { host: 'h', slot: 1, runDir: '/r' };

describe('what travels through a queue', () => {
  it('keeps every number', () => {
    const number = fc.oneof(
      fc.double(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constant(-0),
    );
    fc.assert(
      fc.property(fc.array(number), (numbers) => {
        expect(fromWire(toWire(numbers))).toEqual(numbers);
      }),
    );
  });

  it('is an offer, with a limit or without', () => {
    expect(readOffer(offerText(OFFER))).toEqual(OFFER);
    expect(fromWire(offerText(OFFER))).toEqual(WIRE);
    expect(readOffer(offerText({ ...OFFER, graceMs: 5 })).graceMs).toBe(5);
    const more = {
      ...OFFER,
      metrics: [OFFER.metrics[0], { name: 'size', mode: 'max' }],
      constraints: [{ metric: 'latency', max: -0 }],
    } as const;
    expect(readOffer(offerText(more))).toEqual(more);
  });

  it('is at most 1 MB, and plain data', () => {
    const large = { ...OFFER, params: { x: 'x'.repeat(1024 * 1024) } };
    expect(() => offerText(large)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option: 'params' }),
    );
    expect(() => offerText({ ...OFFER, params: { x: new Date(0) } })).toThrow(/plain data/);
    expect(() => readOffer(`"${'x'.repeat(1024 * 1024)}"`)).toThrow(/exceeds 1 MB/);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['a negative trial', toWire({ ...WIRE, trial: -1 })],
    ['parameters that are no object', toWire({ ...WIRE, params: 'rm -rf' })],
    ['no metric', toWire({ ...WIRE, metric: '' })],
    ['an unknown mode', toWire({ ...WIRE, mode: 'both' })],
    ['a metric without a mode', toWire({ ...WIRE, metrics: [{ name: 'loss' }] })],
    ['a constraint without a bound', toWire({ ...WIRE, constraints: [{ metric: 'size' }] })],
    ['no time to end', toWire({ ...WIRE, graceMs: NaN })],
  ])('is refused as an offer when it is %s', (_what, text) => {
    expect(() => readOffer(text)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });

  it('is a report of the trial it names, or nothing', () => {
    const begun = { kind: 'begun', trial: 3, attempt: 1, run: 'trial-0003.1', place: PLACE };
    expect(readReport(toWire(begun))).toEqual(begun);
    expect(readReport(toWire({ ...begun, run: '../../etc' }))).toBeNull();
    const values = {
      kind: 'values',
      trial: 3,
      attempt: 1,
      points: [
        { step: null, value: NaN, timestamp: 1 },
        { step: 1, value: 2, timestamp: 1, of: 1 },
      ],
    };
    expect(readReport(toWire(values))).toEqual(values);
    expect(readReport(toWire({ ...values, points: [{ step: 'x', value: 1, timestamp: 1 }] }))).toBeNull();
    expect(
      readReport(toWire({ ...values, points: [{ step: 1, value: 1, timestamp: 1, of: -1 }] })),
    ).toBeNull();
    expect(readReport(undefined)).toBeNull();
  });

  it('is a result of the trial that was offered, or nothing', () => {
    const outcome = { attempt: 1, status: 'finished', run: 'trial-0003.1', value: 1, step: 4, place: PLACE };
    const read = (changed: object): unknown =>
      readResult(toWire({ outcome: { ...outcome, ...changed }, lastReport: '1-0' }), 3, 1);
    expect(read({})).toEqual({ outcome, lastReport: '1-0' });
    for (const wrong of [
      { attempt: 0 },
      { run: 'trial-0004' },
      { value: null },
      { value: NaN },
      { status: 'running' },
      { values: [NaN] },
      { constraintValues: 'none' },
    ])
      expect(read(wrong)).toBeNull();
    expect(read({ place: { ...PLACE, slot: -1 } })).toBeNull();
  });

  it('is a message of the study, or nothing', () => {
    const abort = { kind: 'abort', job: 'trial-3.0', reason: 'stopped' };
    expect(readControl(toWire(abort))).toEqual(abort);
    expect(readControl(toWire({ ...abort, reason: 'because' }))).toBeNull();
    expect(readControl(toWire({ kind: 'end' }))).toBeNull();
  });
});

describe('the address of a queue', () => {
  it('is shown without user and password', () => {
    expect(queueAddress('rediss://ada:geheim@host').shown).toBe('rediss://host:6379');
  });

  it.each(['http://ada:geheim@host', 'geheim', 7, ''])('is refused without being said: %j', (given) => {
    const error = (() => {
      try {
        return queueAddress(given);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option: 'queue' });
    expect(JSON.stringify([error, (error as Error).message])).not.toContain('geheim');
  });
});
