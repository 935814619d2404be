import { describe, expect, it } from 'vitest';
import {
  type Space,
  choice,
  createSearcher,
  describeSpace,
  logUniform,
  paramImportance,
  randint,
  uniform,
} from 'expman-rx/sweep';

/** Trials of a space, quasi-random, with a value each. */
function tried<S extends Space>(space: S, count: number, valueOf: (params: never) => number) {
  const searcher = createSearcher('quasi-random', space, { seed: 3, mode: 'min' });
  return Array.from({ length: count }, (_, trial) => {
    const params = searcher.suggest(trial)?.params;
    return { status: 'finished', params, value: valueOf(params as never) };
  });
}

describe('the importance of parameters', () => {
  it('is that of the one that decides, though its effect rises and falls', () => {
    const space = { lr: logUniform(1e-5, 1), dropout: uniform(0.001, 0.5) };
    const lossOf = ({ lr, dropout }: { lr: number; dropout: number }): number =>
      Math.abs(Math.log10(lr) + 2.5) + 0.3 * dropout;
    const [first, second] = paramImportance(describeSpace(space), tried(space, 60, lossOf));
    expect([first?.param, second?.param]).toEqual(['lr', 'dropout']);
    expect(first?.importance).toBeGreaterThan(0.85);
    expect(second?.importance).toBeLessThan(0.1);
    expect(first?.trials).toBe(60);
  });

  // The shares of 3 x + 2 y + z, from independent uniform numbers, are 9, 4 and 1 of 14.
  it('is the share of the variance, known for a sum', () => {
    const space = { x: uniform(0, 1), y: uniform(0, 1), z: uniform(0, 1) };
    const found = paramImportance(
      describeSpace(space),
      tried(space, 400, ({ x, y, z }: { x: number; y: number; z: number }) => 3 * x + 2 * y + z),
    );
    expect(found.map(({ param }) => param)).toEqual(['x', 'y', 'z']);
    for (const [at, share] of [9 / 14, 4 / 14, 1 / 14].entries())
      expect(Math.abs((found[at]?.importance ?? 0) - share)).toBeLessThan(0.08);
  });

  it('counts choices and what is inside of their options', () => {
    const space = {
      o: choice({ kind: 'a', deep: uniform(0, 1) }, 'b'),
      n: randint(1, 4),
    };
    const trials = tried(space, 80, ({ o }: { o: 'b' | { deep: number } }) => (o === 'b' ? 5 : o.deep));
    const found = paramImportance(describeSpace(space), trials);
    expect(found.map(({ param }) => param)).toEqual(['o', 'o.deep', 'n']);
    expect(found[0]?.importance).toBeGreaterThan(0.7);
    expect(found[1]?.trials).toBeLessThan(80);
  });

  it('goes by finished trials with a finite value only', () => {
    const space = { x: uniform(0, 1), y: uniform(0, 1) };
    const good = tried(space, 40, ({ x }: { x: number }) => x);
    const others = tried(space, 40, ({ y }: { y: number }) => 100 * y).map((trial, at) =>
      at % 2 === 0 ? { ...trial, status: 'stopped' } : { ...trial, value: Infinity },
    );
    expect(paramImportance(describeSpace(space), [...good, ...others])).toEqual(
      paramImportance(describeSpace(space), good),
    );
  });

  it('is not drawn from one trial that diverged', () => {
    const space = { x: uniform(0, 1), y: uniform(0, 1) };
    const trials = tried(space, 60, ({ x }: { x: number }) => x);
    const [first] = paramImportance(describeSpace(space), [{ ...trials[7]!, value: 1e9 }, ...trials]);
    expect(first?.param).toBe('x');
  });

  it('is nothing for too few trials, equal values, or a space that is none', () => {
    const space = { x: uniform(0, 1) };
    const trials = tried(space, 10, ({ x }: { x: number }) => x);
    expect(paramImportance(describeSpace(space), trials.slice(0, 3))).toEqual([]);
    expect(
      paramImportance(
        describeSpace(space),
        trials.map((trial) => ({ ...trial, value: 1 })),
      ),
    ).toEqual([]);
    for (const none of [null, 'x', [], { x: 1 }, { x: { uniform: ['a', 'b'] } }])
      expect(paramImportance(none, trials)).toEqual([]);
  });
});
