import fc from 'fast-check';
import {
  choice,
  logUniform,
  normal,
  quniform,
  randint,
  uniform,
} from '../../src/sweep/space/distributions.js';
import type { NumberDistribution, Option, Scalar, Space, SpaceEntry } from '../../src/sweep/space/space.js';

/** Any two numbers of everyday size, the lesser first. */
const bounds = fc
  .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }))
  .map(([low, span]) => [low, low + span] as const);

/** Any distribution of numbers. */
export const numbers: fc.Arbitrary<NumberDistribution> = fc.oneof(
  bounds.map(([low, high]) => uniform(low, high)),
  fc
    .tuple(fc.double({ min: 1e-9, max: 1, noNaN: true }), fc.double({ min: 1.01, max: 1e9, noNaN: true }))
    .map(([low, ratio]) => logUniform(low, low * ratio)),
  fc
    .tuple(bounds, fc.double({ min: 1e-3, max: 1e3, noNaN: true }))
    .map(([[low, high], q]) => quniform(low, high, q)),
  fc
    .tuple(fc.integer({ min: -1000, max: 1000 }), fc.nat({ max: 1000 }))
    .map(([low, span]) => randint(low, low + span)),
  fc
    .tuple(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.double({ min: 1e-3, max: 1e3, noNaN: true }))
    .map(([mean, deviation]) => normal(mean, deviation)),
);

/** A few distributions whose values can be listed. */
export const countable: fc.Arbitrary<NumberDistribution> = fc.oneof(
  fc
    .tuple(fc.integer({ min: -5, max: 5 }), fc.nat({ max: 3 }))
    .map(([low, span]) => randint(low, low + span)),
  fc.integer({ min: 1, max: 4 }).map((steps) => quniform(0, steps * 0.1, 0.1)),
);

const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const name = fc
  .string({ minLength: 1, maxLength: 3 })
  .filter((text) => !['__proto__', 'prototype', 'constructor'].includes(text));

/** Any space over some distributions: nested groups, constants, and choices of values and of groups that have a `kind`. */
export function spaces(leaf: fc.Arbitrary<NumberDistribution>): fc.Arbitrary<Space> {
  const { group } = fc.letrec<{ group: Space; entry: SpaceEntry; option: Option }>((tie) => ({
    group: fc.dictionary(name, tie('entry'), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
    entry: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaf,
      scalar,
      fc.uniqueArray(scalar, { minLength: 1, maxLength: 4 }).map((values) => choice(...unlike(values))),
      tie('group'),
      fc
        .array(tie('option'), { minLength: 1, maxLength: 3 })
        .map((options) => choice(...options.map((option, at) => tagged(option, at)))),
    ),
    option: fc.oneof({ maxDepth: 4, depthSize: 'small' }, scalar, tie('group')),
  }));
  return fc.tuple(group, leaf).map(([space, distribution]) => ({ ...space, always: distribution }));
}

/** Zero and its negative are one value to a choice. */
function unlike(values: readonly Scalar[]): readonly Scalar[] {
  return [...new Set(values.map((value) => (value === 0 ? 0 : value)))];
}

function tagged(option: Option, at: number): Option {
  return typeof option === 'object' ? { ...option, kind: `branch ${at}` } : `${at}: ${option}`;
}
