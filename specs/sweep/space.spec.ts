import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ExpmanError } from '../../src/model/errors.js';
import { stringifyYaml, parseYaml } from '../../src/storage/yaml-file.js';
import {
  choice,
  describeSpace,
  integer,
  isDescriptionOf,
  logUniform,
  normal,
  type ParamsOf,
  quniform,
  qUniform,
  randint,
  type Space,
  uniform,
} from '../../src/sweep/index.js';
import { assignmentAt } from '../../src/sweep/space/assignment-at.js';
import { numberAt } from '../../src/sweep/space/number-values.js';
import { MAX_SPACE_DEPTH, MAX_SPACE_ENTRIES, parseSpace } from '../../src/sweep/space/parse-space.js';
import { toAssignment, toParams } from '../../src/sweep/space/space-params.js';
import { numbers, spaces } from './space-arbitrary.js';

/** What a call that must be refused says of itself: the place and the rule. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof ExpmanError && error.code === 'INVALID_OPTION')
      return `${error.option ?? '?'} must be ${error.rule ?? '?'}`;
    throw error;
  }
  return 'accepted';
}

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const shares = fc.array(share, { minLength: 1, maxLength: 8 });

describe('the newer names', () => {
  it('make the same distributions', () => {
    expect(integer(1, 4)).toEqual(randint(1, 4));
    expect(qUniform(0, 1, 0.1)).toEqual(quniform(0, 1, 0.1));
    expect(() => integer(4, 1)).toThrow(ExpmanError);
  });
});

describe('a distribution', () => {
  it.each([
    ['uniform.low must be below high, which is 1', () => uniform(2, 1)],
    ['uniform.low must be below high, which is 1', () => uniform(1, 1)],
    ['uniform.low must be a finite number', () => uniform(NaN, 1)],
    ['uniform.high must be a finite number', () => uniform(0, Infinity)],
    [
      `uniform.high must be at most ${Number.MAX_VALUE} above low, which is -1e+308`,
      () => uniform(-1e308, 1e308),
    ],
    ['logUniform.low must be above 0, as its logarithm is taken', () => logUniform(0, 1)],
    ['logUniform.low must be above 0, as its logarithm is taken', () => logUniform(-1, 1)],
    ['logUniform.low must be below high, which is 1', () => logUniform(2, 1)],
    ['quniform.q must be above 0', () => quniform(0, 1, 0)],
    ['quniform.q must be above 0', () => quniform(0, 1, -0.1)],
    ['quniform.q must be a finite number', () => quniform(0, 1, NaN)],
    ['quniform.low must be not above high, which is 0', () => quniform(1, 0, 1)],
    ['quniform.q must be at least 1, a 1000000000000th of the bounds', () => quniform(0, 1e12, 1e-3)],
    ['randint.low must be a safe integer', () => randint(0.5, 2)],
    ['randint.high must be a safe integer', () => randint(0, 2 ** 53)],
    ['randint.low must be not above high, which is 1', () => randint(2, 1)],
    ['normal.deviation must be above 0', () => normal(0, 0)],
    ['normal.mean must be a finite number', () => normal(NaN, 1)],
    ['normal.deviation must be small enough for finite values', () => normal(0, 1e308)],
    ['choice must be given at least one option', () => choice()],
    [
      'choice[1] must be a string, a finite number, a boolean, or an object of parameters',
      () => choice(1, NaN),
    ],
    [
      'choice[0] must be a string, a finite number, a boolean, or an object of parameters',
      // @ts-expect-error -- a distribution is no option
      () => choice(uniform(0, 1)),
    ],
    // @ts-expect-error -- nor is text a bound
    ['uniform.low must be a finite number', () => uniform('0', 1)],
  ])('is refused: %s', (said, call) => {
    expect(refusal(call)).toBe(said);
  });

  it('gives values within its bounds only, and knows them as its own', () => {
    fc.assert(
      fc.property(numbers, share, (distribution, at) => {
        const tree = parseSpace({ x: distribution });
        const x = numberAt(distribution, at);
        if (distribution.kind !== 'normal') {
          expect(x).toBeGreaterThanOrEqual(distribution.low);
          expect(x).toBeLessThanOrEqual(distribution.high);
        }
        expect(toAssignment(tree, { x })).toEqual([x]);
      }),
    );
  });

  it('includes both ends of a randint, and the steps of a quniform as one would write them', () => {
    const at = [0, 0.3, 0.6, 0.999];
    expect(at.map((u) => numberAt(randint(1, 4), u))).toEqual([1, 2, 3, 4]);
    expect(at.map((u) => numberAt(quniform(0, 0.35, 0.1), u))).toEqual([0, 0.1, 0.2, 0.3]);
  });
});

describe('a space', () => {
  const circular: Record<string, unknown> = { lr: uniform(0, 1) };
  circular['again'] = { circular };
  const deep = (levels: number): unknown => (levels === 0 ? uniform(0, 1) : { a: deep(levels - 1) });
  const many = Object.fromEntries(
    Array.from({ length: MAX_SPACE_ENTRIES + 1 }, (_, at) => [`p${at}`, uniform(0, 1)]),
  );

  it.each<[said: string, space: unknown]>([
    ['space must be an object with at least one parameter', {}],
    ['space must be a space with at least one parameter that varies', { epochs: 10 }],
    ['space must be a plain object of parameters', null],
    ['space must be a plain object of parameters', [uniform(0, 1)]],
    ['space must be a plain object of parameters', uniform(0, 1)],
    ['space.a must be a plain object of parameters', { a: new Map() }],
    ['space.a.b must be an object with at least one parameter', { a: { b: {} } }],
    ['space must be free of names that reach a prototype', JSON.parse('{"__proto__": 1}')],
    ['space.o[0] must be free of names that reach a prototype', { o: choice({ constructor: 1 }) }],
    ['space.again.circular must be free of circular references', circular],
    [`space${'.a'.repeat(16)} must be nested at most ${MAX_SPACE_DEPTH} deep`, deep(17)],
    ['space.lr.low must be above 0, as its logarithm is taken', { lr: { ...logUniform(1, 2), low: 0 } }],
    ['space.a.high must be a finite number', { a: { ...uniform(0, 1), high: NaN } }],
    ['space.c must be given at least one option', { c: { ...choice(1), options: [] } }],
    ['space.c[1] must be distinguishable from the earlier options by a constant', { c: choice(0, -0) }],
    [
      'space.c[1] must be distinguishable from the earlier options by a constant',
      { c: choice({ lr: uniform(0, 1) }, { lr: normal(0, 1) }) },
    ],
    [
      'space.c[1].lr.low must be below high, which is 1',
      { c: choice('a', { lr: { ...uniform(0, 1), low: 3 } }) },
    ],
  ])('is refused: %s', (said, space) => {
    expect(refusal(() => parseSpace(space))).toBe(said);
  });

  it.each([null, undefined, NaN, Infinity, 1n, Symbol('x'), () => 1])('has no constant %s', (value) => {
    expect(refusal(() => parseSpace({ lr: uniform(0, 1), a: value }))).toMatch(/^space\.a must be a dist/);
  });

  it('has at most so many entries', () => {
    expect(refusal(() => parseSpace(many))).toContain(`within the ${MAX_SPACE_ENTRIES} entries`);
  });

  it('nests as deep as it says', () => {
    expect(parseSpace(deep(MAX_SPACE_DEPTH)).dimensions).toHaveLength(1);
  });

  it('may tell the options of a choice apart by names, by a constant, or by a choice of other values', () => {
    const c = choice(
      'none',
      { momentum: uniform(0, 1) },
      { kind: 'adam', beta: uniform(0, 1) },
      { kind: 'rms', beta: uniform(0, 1) },
      { kind: choice('a', 'b'), beta: uniform(0, 1) },
      { kind: uniform(0, 1), beta: 2 },
    );
    expect(parseSpace({ c }).dimensions).toHaveLength(7);
  });

  it('is searched dimension by dimension, those of an option only where it is chosen', () => {
    const space = {
      optimizer: choice({ kind: 'sgd', momentum: uniform(0, 1) }, { kind: 'adam', beta: uniform(0, 1) }),
      layers: randint(1, 4),
      epochs: 10,
    };
    const { dimensions } = parseSpace(space);
    expect(dimensions.map(({ path, condition }) => [path, condition])).toEqual([
      ['space.layers', null],
      ['space.optimizer', null],
      ['space.optimizer[0].momentum', { dimension: 1, option: 0 }],
      ['space.optimizer[1].beta', { dimension: 1, option: 1 }],
    ]);
    expect(toParams(parseSpace(space), [3, 1, null, 0.5])).toEqual({
      epochs: 10,
      layers: 3,
      optimizer: { kind: 'adam', beta: 0.5 },
    });
  });

  it('brings every assignment back from its parameters, also from YAML', () => {
    fc.assert(
      fc.property(spaces(numbers), shares, (space, at) => {
        const tree = parseSpace(space);
        const assignment = assignmentAt(tree, (dimension) => at[dimension % at.length] ?? 0);
        const params = toParams(tree, assignment);
        expect(toAssignment(tree, params)).toEqual(assignment);
        expect(toAssignment(tree, parseYaml(stringifyYaml(params)))).toEqual(assignment);
      }),
    );
  });

  it.each<[said: string, params: unknown]>([
    ['params must be an object with exactly "lr", "o"', { lr: 1 }],
    ['params must be an object with exactly "lr", "o"', null],
    ['params.lr must be a value of logUniform(1, 2)', { lr: 3, o: 'a' }],
    ['params.lr must be a value of logUniform(1, 2)', { lr: '1', o: 'a' }],
    ['params.o must be one of the 2 options of the choice', { lr: 1, o: 'b' }],
    ['params.o must be one of the 2 options of the choice', { lr: 1, o: { n: 5 } }],
  ])('knows parameters that are none of its own: %s', (said, params) => {
    const tree = parseSpace({ lr: logUniform(1, 2), o: choice('a', { n: randint(1, 4) }) });
    expect(refusal(() => toAssignment(tree, params))).toBe(said);
  });
});

describe('the description of a space', () => {
  it('is plain data one can read', () => {
    expect(
      describeSpace({
        lr: logUniform(1e-5, 1e-1),
        optimizer: choice('sgd', { kind: 'adam', beta: normal(0.9, 0.1) }),
        epochs: 10,
        net: { layers: randint(1, 4), dropout: quniform(0, 0.5, 0.1), scale: uniform(0, 1) },
      }),
    ).toEqual({
      epochs: 10,
      lr: { logUniform: [1e-5, 0.1] },
      net: {
        dropout: { quniform: [0, 0.5, 0.1] },
        layers: { randint: [1, 4] },
        scale: { uniform: [0, 1] },
      },
      optimizer: { choice: ['sgd', { beta: { normal: [0.9, 0.1] }, kind: 'adam' }] },
    });
  });

  it('is known again from YAML and JSON, in whatever order the names are', () => {
    fc.assert(
      fc.property(spaces(numbers), (space) => {
        const description = describeSpace(space);
        const reversed = Object.fromEntries(Object.entries(space).reverse());
        expect(isDescriptionOf(parseYaml(stringifyYaml(description)), reversed)).toBe(true);
        expect(isDescriptionOf(JSON.parse(JSON.stringify(description)), space)).toBe(true);
      }),
    );
  });

  it.each<Space>([
    { a: uniform(0, 1.5) },
    { a: randint(0, 1) },
    { b: uniform(0, 1) },
    { a: uniform(0, 1), b: 1 },
    { a: { uniform: choice(0, 1) } },
    { a: choice(0, 1) },
  ])('is not that of another space: %j', (other) => {
    expect(isDescriptionOf(describeSpace({ a: uniform(0, 1) }), other)).toBe(false);
    expect(isDescriptionOf(null, other)).toBe(false);
    expect(isDescriptionOf({ a: { uniform: [0n, 1] } }, other)).toBe(false);
  });
});

describe('the parameters of a trial', () => {
  it('have the types of their space', () => {
    const space = {
      lr: logUniform(1e-5, 1e-1),
      layers: randint(1, 4),
      noise: normal(0, 1),
      width: quniform(1, 2, 0.5),
      optimizer: choice('sgd', 'adam'),
      batch: choice(16, 32),
      nesterov: choice(true, false),
      mixed: choice('auto', 8, false),
      net: { dropout: uniform(0, 0.5) },
      epochs: 10,
      schedule: choice({ kind: 'step', gamma: uniform(0, 1) }, { kind: 'cosine', cycles: randint(1, 3) }),
    };
    type Params = ParamsOf<typeof space>;
    expectTypeOf<Params['lr']>().toEqualTypeOf<number>();
    expectTypeOf<Params['layers']>().toEqualTypeOf<number>();
    expectTypeOf<Params['noise']>().toEqualTypeOf<number>();
    expectTypeOf<Params['width']>().toEqualTypeOf<number>();
    expectTypeOf<Params['optimizer']>().toEqualTypeOf<'sgd' | 'adam'>();
    expectTypeOf<Params['batch']>().toEqualTypeOf<16 | 32>();
    expectTypeOf<Params['nesterov']>().toEqualTypeOf<boolean>();
    expectTypeOf<Params['mixed']>().toEqualTypeOf<'auto' | 8 | false>();
    expectTypeOf<Params['net']>().toEqualTypeOf<{ readonly dropout: number }>();
    expectTypeOf<Params['epochs']>().toEqualTypeOf<number>();
    expectTypeOf<Params['schedule']>().toEqualTypeOf<
      { readonly kind: 'step'; readonly gamma: number } | { readonly kind: 'cosine'; readonly cycles: number }
    >();
    expectTypeOf(space).toExtend<Space>();
  });

  it('keep a constant to the letter where the space is taken as one', () => {
    const paramsOf = <const S extends Space>(space: S): ParamsOf<S> =>
      toParams(parseSpace(space), [0.5]) as ParamsOf<S>;
    expectTypeOf(paramsOf({ epochs: 10, kind: 'mlp', lr: uniform(0, 1) })).toEqualTypeOf<{
      readonly epochs: 10;
      readonly kind: 'mlp';
      readonly lr: number;
    }>();
  });

  it('come from no list, no null and no handmade distribution', () => {
    // @ts-expect-error -- a list is no choice
    const list: Space = { a: [1, 2] };
    // @ts-expect-error -- nor is null a constant
    const nothing: Space = { a: null };
    expect(refusal(() => parseSpace(list))).toContain('space.a must be');
    expect(refusal(() => parseSpace(nothing))).toContain('space.a must be');
    // Without the mark of a distribution it is a group of constants, one of them named kind.
    expect(refusal(() => parseSpace({ a: { kind: 'uniform', low: 0, high: 1 } }))).toContain('that varies');
  });
});
