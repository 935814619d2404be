import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  choice,
  createSearcher,
  logUniform,
  normal,
  quniform,
  randint,
  uniform,
  type NumberDistribution,
  type Outcome,
  type Searcher,
  type SearcherName,
  type SearcherOptions,
  type Space,
} from '../../src/sweep/index.js';
import { haltonCoordinate } from '../../src/sweep/searchers/halton.js';
import { parseSpace } from '../../src/sweep/space/parse-space.js';
import { toAssignment } from '../../src/sweep/space/space-params.js';
import { branin, hartmann6, medianRegret } from './functions.js';
import { countable, numbers, spaces } from './space-arbitrary.js';

const NAMES: readonly SearcherName[] = ['grid', 'random', 'quasi-random', 'tpe', 'gp', 'cma-es', 'nsga2'];
const options: SearcherOptions = { seed: 7, mode: 'min', startupTrials: 3, maxGridTrials: 1_000_000 };
const space = {
  lr: logUniform(1e-5, 1e-1),
  width: quniform(0, 1, 0.25),
  optimizer: choice({ kind: 'sgd', momentum: uniform(0, 1) }, { kind: 'adam', beta: normal(0.9, 0.1) }),
  layers: randint(1, 3),
  batch: choice(16, 32),
};
/** Numbers only, for a searcher that takes no choice. */
const numeric = { lr: logUniform(1e-5, 1e-1), width: quniform(0, 1, 0.25), beta: normal(0.9, 0.1) };
const spaceFor = (name: SearcherName): Space => (name === 'cma-es' ? numeric : space);
const told = (trial: number): Outcome => ({ trial, stopped: false, violation: 0 });

/** The parameters of the first trials, each with a value made of its parameters' text; some fail. */
function played<P>(searcher: Searcher<P>, trials: number): { params: P; value: number | null }[] {
  const out: { params: P; value: number | null }[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    const suggestion = searcher.suggest(trial);
    if (suggestion === null) break;
    const text = JSON.stringify(suggestion.params);
    const value = trial % 5 === 4 ? null : Buffer.from(text).reduce((sum, byte) => sum + byte, 0) % 97;
    searcher.observe(suggestion.params, value, told(trial));
    out.push({ params: suggestion.params, value });
  }
  return out;
}

/** Spaces that a searcher takes, and a grid of which is quickly gone through. */
const fitFor = (name: SearcherName): fc.Arbitrary<Space> =>
  spaces(name === 'grid' ? countable : numbers).filter((any) => {
    try {
      createSearcher(name, any, { ...options, maxGridTrials: 1000 });
      return true;
    } catch {
      return false;
    }
  });
const small = fitFor('grid');

function allOf(of: Space, more: Partial<SearcherOptions> = {}): unknown[] {
  return played(createSearcher('grid', of, { ...options, ...more }), 1_000_000).map(({ params }) => params);
}

describe.each(NAMES)('the searcher %s', (name) => {
  it('suggests what lies in its space', () => {
    fc.assert(
      fc.property(fitFor(name), (any) => {
        const tree = parseSpace(any);
        for (const { params } of played(createSearcher(name, any, options), 12))
          expect(() => toAssignment(tree, params)).not.toThrow();
      }),
      { numRuns: name === 'gp' ? 8 : 50 },
    );
  });

  it('goes on after a kill as if there had been none, in whatever order it is told the trials', () => {
    const whole = played(createSearcher(name, spaceFor(name), options), 40);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 39 }),
        fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
        (finished, order) => {
          const again = createSearcher(name, spaceFor(name), options);
          const ended = whole
            .slice(0, finished)
            .map((trial, number) => ({ at: order[number]!, number, ...trial }));
          for (const { number, params, value } of ended.sort((a, b) => a.at - b.at))
            again.observe(JSON.parse(JSON.stringify(params)) as typeof params, value, told(number));
          expect(again.suggest(finished)?.params).toEqual(whole[finished]?.params);
          expect(again.suggest(finished)?.params).toEqual(whole[finished]?.params);
        },
      ),
      { numRuns: name === 'gp' ? 5 : 30 },
    );
  });

  it('leaves out what is not feasible', () => {
    const feasible = ({ x }: { readonly x: number }): boolean => x < 0.5;
    const searcher = createSearcher(name, { x: uniform(0, 1), y: uniform(0, 1) }, { ...options, feasible });
    for (const { params } of played(searcher, 15)) expect(params.x).toBeLessThan(0.5);
  });

  it('refuses what no trial of its space can have run with', () => {
    const searcher = createSearcher(name, { lr: uniform(0, 1) }, options);
    expect(() => searcher.observe({ lr: 2 }, 1)).toThrow(/params\.lr must be a value of uniform\(0, 1\)/);
    expect(() => searcher.suggest(-1)).toThrow(/trial must be an integer from 0 up/);
  });
});

describe('a searcher', () => {
  it.each<[said: RegExp, name: string, options: unknown]>([
    [/searcher must be one of 'grid', 'random'/, 'toString', options],
    [/seed must be an integer from 0/, 'random', { mode: 'min' }],
    [/seed must be an integer from 0/, 'random', { mode: 'min', seed: 0.5 }],
    [/mode must be one of 'min', 'max'/, 'tpe', { seed: 1, mode: 'least' }],
    [/mode must be one of 'min', 'max', or a list/, 'tpe', { seed: 1, mode: [] }],
    [/searcher must be 'tpe' or 'nsga2'/, 'gp', { seed: 1, mode: ['min', 'max'] }],
    [/space must be of numbers only for 'cma-es'/, 'cma-es', options],
    [/feasible must be a function/, 'tpe', { ...options, feasible: 1 }],
    [/candidates must be an integer from 1/, 'tpe', { ...options, candidates: 0 }],
    [
      /unknown option "gamma"\. Known options: seed, mode, feasible, gridSteps/,
      'tpe',
      { ...options, gamma: 0.2 },
    ],
    [/options must be an object/, 'tpe', null],
  ])('is refused: %s', (said, name, wrong) => {
    expect(() => createSearcher(name as SearcherName, space, wrong as SearcherOptions)).toThrow(said);
  });

  it.each<SearcherName>(['random', 'quasi-random', 'tpe', 'cma-es'])(
    'has, being %s, other trials for other seeds',
    (name) => {
      const texts = [1, 2].flatMap((seed) => {
        const searcher = createSearcher(name, spaceFor(name), { ...options, seed });
        return Array.from({ length: 20 }, (_, trial) => JSON.stringify(searcher.suggest(trial)?.params));
      });
      expect(new Set(texts).size).toBe(40);
    },
  );

  it('suggests parameters of the types of its space', () => {
    const suggestion = createSearcher('random', { lr: uniform(0, 1), o: choice('a', 'b') }, options).suggest(
      0,
    );
    expectTypeOf(suggestion?.params.lr).toEqualTypeOf<number | undefined>();
    expectTypeOf(suggestion?.params.o).toEqualTypeOf<'a' | 'b' | undefined>();
  });
});

describe('feasible', () => {
  it('ends a grid that has nothing left, and a search that finds nothing', () => {
    const none = { ...options, feasible: () => false };
    expect(createSearcher('grid', { x: randint(0, 9) }, none).suggest(0)).toBeNull();
    expect(() => createSearcher('random', { x: uniform(0, 1) }, none).suggest(0)).toThrow(
      /feasible must be true for one in 10000 trials/,
    );
  });

  it('leaves no hole in a grid', () => {
    const odd = { ...options, feasible: ({ x }: { readonly x: number }) => x % 2 === 1 };
    const found = played(createSearcher('grid', { x: randint(0, 9) }, odd), 100).map(
      ({ params }) => params.x,
    );
    expect(found).toEqual([1, 3, 5, 7, 9]);
  });
});

describe('a grid', () => {
  it('has every combination once, what is inside of an option only there', () => {
    const some = {
      o: choice('none', { kind: 'sgd', steps: randint(1, 2), nesterov: choice(true, false) }),
      a: choice(1, 2),
    };
    const sgd = (steps: number, nesterov: boolean): unknown => ({ kind: 'sgd', steps, nesterov });
    const inner = ['none', sgd(1, true), sgd(2, true), sgd(1, false), sgd(2, false)];
    expect(allOf(some)).toEqual([1, 2].flatMap((a) => inner.map((o) => ({ a, o }))));
  });

  it('takes continuous parameters by steps, with both ends', () => {
    expect(allOf({ x: uniform(0, 1) })).toEqual([0, 0.25, 0.5, 0.75, 1].map((x) => ({ x })));
    expect(allOf({ x: uniform(0, 1) }, { gridSteps: 1 })).toEqual([{ x: 0.5 }]);
    expect(allOf({ x: quniform(0, 0.3, 0.1) })).toEqual([0, 0.1, 0.2, 0.3].map((x) => ({ x })));
    const lrs = (allOf({ lr: logUniform(1e-3, 1e-1) }, { gridSteps: 3 }) as { lr: number }[]).map(
      ({ lr }) => lr,
    );
    expect([lrs[0], lrs[2]]).toEqual([1e-3, 1e-1]);
    expect(lrs[1]).toBeCloseTo(1e-2, 12);
    const around = (allOf({ x: normal(3, 1) }, { gridSteps: 3 }) as { x: number }[]).map(({ x }) => x);
    expect(around[1]).toBe(3);
    expect((around[0] ?? 0) + (around[2] ?? 0)).toBeCloseTo(6, 12);
  });

  it('is complete and without doubles for any space', () => {
    fc.assert(
      fc.property(small, (any) => {
        const all = allOf(any).map((params) => JSON.stringify(params));
        expect(new Set(all).size).toBe(all.length);
        // A random draw is somewhere in it.
        const random = createSearcher('random', any, options);
        for (let trial = 0; trial < 5; trial += 1)
          expect(all).toContain(JSON.stringify(random.suggest(trial)?.params));
      }),
      { numRuns: 50 },
    );
  });

  it('is refused when it is too large, with its size', () => {
    const large = { a: randint(0, 99), b: randint(0, 99), c: choice(1, 2) };
    expect(() => createSearcher('grid', large, { seed: 0, mode: 'min' })).toThrow(
      /at most 10000 trials; got 20000/,
    );
    expect(() => createSearcher('grid', { a: randint(0, 2 ** 52) }, options)).toThrow(
      /trials; got 4503599627370497/,
    );
  });
});

describe('quasi-random trials', () => {
  /** The squared L2 star discrepancy of points in the unit square: T. T. Warnock's formula, 1972. */
  function discrepancy(points: readonly (readonly [number, number])[]): number {
    const n = points.length;
    const single = points.reduce((sum, [x, y]) => sum + (1 - x * x) * (1 - y * y), 0);
    const double = points.reduce(
      (sum, [x, y]) =>
        sum + points.reduce((row, [v, w]) => row + (1 - Math.max(x, v)) * (1 - Math.max(y, w)), 0),
      0,
    );
    return 1 / 9 - single / (2 * n) + double / n ** 2;
  }

  it('cover a square more evenly than random ones are expected to, for any seed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 32, max: 256 }), (seed, n) => {
        const searcher = createSearcher(
          'quasi-random',
          { x: uniform(0, 1), y: uniform(0, 1) },
          { ...options, seed },
        );
        const points = Array.from({ length: n }, (_, trial) => {
          const { x = NaN, y = NaN } = searcher.suggest(trial)?.params ?? {};
          return [x, y] as const;
        });
        // The mean of independent points; W. J. Morokoff and R. E. Caflisch, "Quasi-Monte Carlo integration", 1995.
        const ofRandom = (1 / 4 - 1 / 9) / n;
        expect(discrepancy(points)).toBeLessThan(ofRandom / 2);
      }),
    );
  });

  it('have in every dimension one point in each part of a power of its prime', () => {
    for (const [dimension, base] of [2, 3, 5, 7].entries()) {
      const coordinate = haltonCoordinate(11, dimension);
      const parts = Array.from({ length: base ** 2 }, (_, index) =>
        Math.floor(coordinate(index) * base ** 2),
      );
      expect([...parts].sort((a, b) => a - b)).toEqual(Array.from({ length: base ** 2 }, (_, part) => part));
    }
  });

  it('have at most 256 dimensions', () => {
    const wide = Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`x${at}`, uniform(0, 1)]));
    expect(() => createSearcher('quasi-random', wide, options)).toThrow(/at most 256 dimensions/);
  });
});

describe('tpe', () => {
  it.each([branin, hartmann6])('has less median regret than random trials on $title', (testFunction) => {
    expect(medianRegret('tpe', testFunction, 9)).toBeLessThan(medianRegret('random', testFunction, 9) / 2);
  });

  it('begins with the trials of the random searcher of its seed', () => {
    const random = createSearcher('random', space, options);
    const first = played(createSearcher('tpe', space, options), 4).map(({ params }) => params);
    expect(first.slice(0, 3)).toEqual([0, 1, 2].map((trial) => random.suggest(trial)?.params));
    expect(first[3]).not.toEqual(random.suggest(3)?.params);
  });

  it.each<[kind: string, distribution: NumberDistribution, best: number, near: number]>([
    ['uniform', uniform(-10, 10), 3, 1],
    ['logUniform', logUniform(1e-4, 1), 0.3, 0.1],
    ['quniform', quniform(0, 1, 0.05), 0.7, 0.1],
    ['randint', randint(0, 20), 15, 1],
    ['normal', normal(0, 2), 1, 0.5],
  ])('is near the best of a %s twice as often as random trials, more being better', (_, x, best, near) => {
    const hits = (name: SearcherName): number => {
      const searcher = createSearcher(name, { x }, { seed: 3, mode: 'max' });
      const distances = Array.from({ length: 100 }, (_, trial) => {
        const { params } = searcher.suggest(trial)!;
        searcher.observe(params, -Math.abs(params.x - best));
        return Math.abs(params.x - best);
      });
      return distances.slice(50).filter((distance) => distance <= near).length;
    };
    expect(hits('tpe')).toBeGreaterThan(2 * hits('random'));
  });

  it('finds which option is best', () => {
    const searcher = createSearcher('tpe', { o: choice('a', 'b', 'c', 'd') }, { seed: 3, mode: 'max' });
    const tried = Array.from({ length: 60 }, (_, trial) => {
      const { params } = searcher.suggest(trial)!;
      searcher.observe(params, params.o === 'c' ? 1 : 0);
      return params.o;
    });
    expect(tried.slice(30).filter((option) => option === 'c').length).toBeGreaterThan(20);
  });

  it('learns what is inside of an option from the trials that chose it, and leaves a region that fails', () => {
    const branches = {
      o: choice({ kind: 'a', x: uniform(0, 1) }, { kind: 'b', y: uniform(0, 1) }),
      z: uniform(0, 1),
    };
    const searcher = createSearcher('tpe', branches, { seed: 5, mode: 'min' });
    const late: (typeof tried)[] = [];
    let tried = searcher.suggest(0)!.params;
    for (let trial = 0; trial < 120; trial += 1) {
      tried = searcher.suggest(trial)!.params;
      const off = tried.o.kind === 'a' ? 2 : Math.abs(tried.o.y - 0.25);
      searcher.observe(tried, tried.z > 0.5 ? null : off);
      if (trial >= 60) late.push(tried);
    }
    expect(late.filter(({ o }) => o.kind === 'b' && Math.abs(o.y - 0.25) < 0.2).length).toBeGreaterThan(35);
    expect(late.filter(({ z }) => z <= 0.5).length).toBeGreaterThan(45);
  });
});
