import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ticks } from '../../../src/dashboard/page/chart/ticks.js';
import { shareOf, shownSpan } from '../../../src/pure/span.js';
import { safeHref } from '../../../src/dashboard/page/parts/safe-href.js';
import {
  changedQuery,
  hashOf,
  numberIn,
  parseRoute,
  type Place,
  RUN_TABS,
  runPlace,
  tokenIn,
  viewIn,
  viewQuery,
} from '../../../src/dashboard/page/state/route.js';

const name = fc.string({ minLength: 1, maxLength: 20 });
const place: fc.Arbitrary<Place> = fc.oneof(
  fc.record({
    page: fc.constantFrom('runs' as const, 'curves' as const, 'compare' as const, 'history' as const),
  }),
  fc.record({
    page: fc.constant('run' as const),
    experiment: name,
    run: name,
    tab: fc.constantFrom(...RUN_TABS),
  }),
  fc.record({ page: fc.constant('sweep' as const), experiment: name }),
  fc.record({ page: fc.constant('artifacts' as const) }),
  fc.record({ page: fc.constant('artifacts' as const), name }),
  fc.record({ page: fc.constant('artifacts' as const), name, version: fc.integer({ min: 1, max: 1e9 }) }),
);

describe('the address', () => {
  it('comes back whatever the names and what is chosen', () => {
    const query = fc.array(fc.tuple(fc.string(), fc.string()));
    fc.assert(
      fc.property(place, query, (at, pairs) => {
        const route = parseRoute(hashOf(at, new URLSearchParams(pairs)));
        expect(route.place).toEqual(at);
        expect([...route.query]).toEqual([...new URLSearchParams(pairs)]);
      }),
    );
  });

  it.each(['', '#', '#/nowhere', '#/run/only', '#/run//x', '#token=abc'])(
    '%j is the list of runs',
    (hash) => {
      expect(parseRoute(hash).place).toEqual({ page: 'runs' });
    },
  );

  it('that was cut off within a sign is taken as it is', () => {
    expect(parseRoute('#/sweep/%E0%A4').place).toEqual({ page: 'sweep', experiment: '%E0%A4' });
  });

  it('has the token of the first visit only by itself', () => {
    expect(tokenIn('#token=aB3-_')).toBe('aB3-_');
    expect(['#/runs?where=token=x', '#/token=x', ''].map(tokenIn)).toEqual([null, null, null]);
  });

  it('takes a run apart at the first slash', () => {
    expect(runPlace('a/b')).toEqual({ page: 'run', experiment: 'a', run: 'b', tab: 'overview' });
  });
});

describe('what is chosen', () => {
  it('is changed key by key', () => {
    const next = changedQuery(new URLSearchParams('run=a&run=b&x=1&y=2'), { run: ['c', 'd'], x: null });
    expect(next.toString()).toBe('y=2&run=c&run=d');
  });

  it('is a number or the standard', () => {
    const query = new URLSearchParams({ a: '1.5', b: 'x', c: '', d: 'Infinity' });
    expect(['a', 'b', 'c', 'd', 'e'].map((key) => numberIn(query, key, null))).toEqual([
      1.5,
      null,
      null,
      null,
      null,
    ]);
  });
});

describe('an address of a file', () => {
  it.each(['/api/runs/a/b/artifacts/x.bin', 'data:image/png;base64,iVBORw0='])(
    '%s is the server’s own',
    (href) => {
      expect(safeHref(href)).toBe(href);
    },
  );

  it.each([
    'javascript:alert(1)',
    'https://example.org/x',
    '//example.org/x',
    '/\\example.org/x',
    'data:text/html;base64,PHNjcmlwdD4=',
    'data:image/svg+xml;base64,PHN2Zz4=',
    'x.png',
    '',
  ])('%j is none', (href) => {
    expect(safeHref(href)).toBeNull();
  });
});

describe('what charts are zoomed to', () => {
  const again = (from: number, to: number): ReturnType<typeof viewIn> =>
    viewIn(changedQuery(new URLSearchParams(), viewQuery({ from, to })));

  it('comes back, to less than a pixel, wherever it is and however narrow', () => {
    expect(again(1767225600000.5, 1767225600001.5)).toEqual({ from: 1767225600000.5, to: 1767225600001.5 });
    const start = fc.double({ noNaN: true, min: -1e15, max: 1e15 });
    const length = fc.double({ noNaN: true, min: 1e-3, max: 1e9 });
    fc.assert(
      fc.property(start, length, (from, by) => {
        const to = from + by;
        fc.pre(by > Math.max(Math.abs(from), Math.abs(to)) * 1e-12);
        const view = again(from, to);
        expect(Math.abs((view?.from ?? NaN) - from)).toBeLessThan((to - from) * 1e-4);
        expect(Math.abs((view?.to ?? NaN) - to)).toBeLessThan((to - from) * 1e-4);
      }),
    );
  });

  it.each([
    ['1', '1.0000000000000002'],
    ['9007199254740990', '9007199254740992'],
    ['0', '5e-324'],
    ['1.797e308', '1.7976931348623157e308'],
  ])('is as long as the least that is shown, whatever a link says: from %s to %s', (from, to) => {
    const view = viewIn(new URLSearchParams({ from, to }));
    expect(view).toEqual(shownSpan({ from: Number(from), to: Number(to) }));
    expect(ticks(view ?? { from: 0, to: 0 }, 8).length).toBeGreaterThan(2);
  });

  it('is all there is where a link makes no sense', () => {
    const wrong = [
      ['2', '1'],
      ['1', '1'],
      ['1', '1e999'],
      ['NaN', '1'],
      ['1', ''],
    ] as const;
    expect(wrong.map(([from, to]) => viewIn(new URLSearchParams({ from, to })))).toEqual(
      wrong.map(() => null),
    );
  });

  it('comes back from the ends of what numbers there are', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, finite, (one, other) => {
        const span = shownSpan({ from: Math.min(one, other), to: Math.max(one, other) });
        const view = again(span.from, span.to) ?? { from: NaN, to: NaN };
        expect(Math.abs(shareOf(span, view.from))).toBeLessThan(0.01);
        expect(Math.abs(shareOf(span, view.to) - 1)).toBeLessThan(0.01);
      }),
      { seed: 9 },
    );
  });

  it('is short in the address', () => {
    expect(viewQuery({ from: 100 / 3, to: 200 / 3 })).toEqual({ from: '33.33333333', to: '66.66666667' });
    expect(viewQuery(null)).toEqual({ from: null, to: null });
  });
});
