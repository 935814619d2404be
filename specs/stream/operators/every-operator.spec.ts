import { EMPTY, type OperatorFunction, Subject, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  best,
  divergence,
  downsample,
  ema,
  eta,
  logLatency,
  logTo,
  movingAverage,
  plateau,
  rate,
  tee,
} from '../../../src/stream/operators/index.js';
import * as all from '../../../src/stream/operators/index.js';
import type { MetricPoint } from '../../../src/model/metric.js';
import { memoryRun, picture, point } from './rig.js';

let ticks = 0;
/** A clock that goes on by 5 ms whenever it is read. */
const ticking = { now: (): number => (ticks += 5) };

const operators: readonly (readonly [string, () => OperatorFunction<MetricPoint, unknown>])[] = [
  ['best', () => best('min')],
  ['divergence', () => divergence()],
  ['downsample', () => downsample(3)],
  ['ema', () => ema(0.5)],
  ['eta', () => eta(10, { scheduler: ticking })],
  ['logLatency', () => logLatency(memoryRun(), 'ms')],
  ['logTo', () => logTo(memoryRun(), { name: 'loss' })],
  ['movingAverage', () => movingAverage(3)],
  ['plateau', () => plateau({ patience: 50 })],
  ['rate', () => rate({ scheduler: ticking })],
];

describe('an operator', () => {
  it('is in the list of this file, whose rules it is held to', () => {
    const listed = [...operators.map(([name]) => name), 'tee'];
    const exported = Object.entries(all).flatMap(([name, value]) =>
      /^[a-z]/.test(name) && typeof value === 'function' ? [name] : [],
    );
    expect(
      exported.filter((name) => !listed.includes(name)),
      'exported, but in no list of every-operator.spec.ts',
    ).toEqual([]);
  });

  it.each<[string, (wrong: never) => unknown]>([
    ['divergence', divergence],
    ['downsample', (wrong) => downsample(3, wrong)],
    ['eta', (wrong) => eta(10, wrong)],
    ['logLatency', (wrong) => logLatency(memoryRun(), 'ms', wrong)],
    ['logTo', (wrong) => logTo(memoryRun(), wrong)],
    ['plateau', plateau],
    ['rate', rate],
    ['tee', (wrong) => tee([1], memoryRun(), wrong)],
  ])('takes no option it does not know: %s', (_, make) => {
    const misspelt = { patience: 1, mindelta: 0.1, capcity: 10 } as never;
    expect(() => make(misspelt)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }) as Error);
    expect(() => make(misspelt)).toThrow(/unknown option .* Known options: /);
    expect(() => make([] as never)).toThrow(/options must be an object/);
  });
});

describe.each(operators)('%s', (_, operator) => {
  const values = { a: point(1, 5), b: point(2, 4) };

  it('leaves its source when nobody wants it any more', () => {
    picture(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b----', values);
      const subs = '        ^----!';
      expectObservable(source.pipe(operator()), subs);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('ends with its source', () => {
    picture(({ hot, expectSubscriptions, flush }) => {
      const source = hot('  -a-b-|', values);
      const subs = '        ^----!';
      let ends = 0;
      source.pipe(operator()).subscribe({ complete: () => ends++ });
      expectSubscriptions(source.subscriptions).toBe(subs);
      flush();
      expect(ends).toBe(1);
    });
  });

  it('passes an error of its source on, and what it held is gone', () => {
    picture(({ hot, expectSubscriptions, flush }) => {
      const source = hot('  -a-b-#', values, new Error('no'));
      const subs = '        ^----!';
      const errors: unknown[] = [];
      source.pipe(operator()).subscribe({ error: (error: unknown) => errors.push(error) });
      expectSubscriptions(source.subscriptions).toBe(subs);
      flush();
      expect(errors).toEqual([new Error('no')]);
    });
  });

  it('has nothing to say of an empty source', () => {
    const out: unknown[] = [];
    EMPTY.pipe(operator()).subscribe((item) => out.push(item));
    expect(out).toEqual([]);
  });

  it('begins anew with each subscription', () => {
    const shared = operator();
    const [first, second]: [unknown[], unknown[]] = [[], []];
    const items = [point(1, 5), point(2, 4), point(3, 9)];
    of(...items)
      .pipe(shared)
      .subscribe((item) => first.push(item));
    of(...items)
      .pipe(shared)
      .subscribe((item) => second.push(item));
    expect(second.map(withoutTime)).toEqual(first.map(withoutTime));
  });

  it('leaves nothing behind after a thousand subscriptions', () => {
    const source = new Subject<MetricPoint>();
    const taps = Array.from({ length: 1000 }, () => source.pipe(operator()).subscribe());
    source.next(point(1, 1));
    taps.forEach((tap) => tap.unsubscribe());
    expect(source.observed).toBe(false);
  });
});

/** Estimates carry the time at which they end. */
const withoutTime = (item: unknown): unknown =>
  typeof item === 'object' && item !== null && 'at' in item ? { ...item, at: null } : item;
