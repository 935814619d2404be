import fc from 'fast-check';
import type { Expression, Literal } from '../../../src/reader/where/expression.js';
import { type Field, type FactName, typeOfField } from '../../../src/reader/where/fields.js';
import { STATUS_WORDS } from '../../../src/reader/where/literals.js';

const NAMES: readonly FactName[] = [
  'experiment',
  'run',
  'uuid',
  'status',
  'startedAt',
  'endedAt',
  'duration',
  'rows',
  'accepted',
  'rewound',
  'lastStep',
  'dropped',
  'invalid',
  'lost',
  'tags',
  'notes',
  'group',
  'rank',
  'error',
];
const text = fc.string({ unit: 'binary', maxLength: 8 });
const number = fc.oneof(fc.double(), fc.integer());
const part = fc.oneof(
  fc.constantFrom('lr', 'a', '1', 'val/acc', 'min', 'my key', 'a.b'),
  text.filter((each) => each !== ''),
);
const fields: fc.Arbitrary<Field> = fc.oneof(
  fc.constantFrom(...NAMES).map((name) => ({ kind: 'fact', name }) as const),
  fc.record({
    kind: fc.constantFrom('param', 'metric', 'summary'),
    path: fc.array(part, { minLength: 1, maxLength: 4 }),
  }),
);

/** A value as the field's type has it; a number that is an integer beyond the doubles is a bigint. */
function literals(field: Field): fc.Arbitrary<Literal> {
  const positive = fc.nat({ max: 10 ** 9 });
  const numeric = number.map((each): Literal =>
    Number.isInteger(each) && !Number.isSafeInteger(each) ? 0.5 : each,
  );
  switch (typeOfField(field)) {
    case 'any':
      return fc.oneof(text, numeric, fc.boolean(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 90n }));
    case 'text':
    case 'list':
      return text;
    case 'number':
      return numeric;
    case 'duration':
      return positive;
    case 'date':
      return fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }).map(Number);
    case 'status':
      return fc.constantFrom(...STATUS_WORDS);
  }
}

const leaves: fc.Arbitrary<Expression> = fields.chain((field) => {
  const type = typeOfField(field);
  const equal = type === 'date' ? ([] as const) : (['=', '!='] as const);
  const kinds: fc.Arbitrary<Expression>[] = [
    fc.constant({ kind: 'absent', field }),
    fc.record({ kind: fc.constantFrom('like', 'contains'), field: fc.constant(field), text }),
  ];
  if (type !== 'list')
    kinds.push(
      fc.record({
        kind: fc.constant('compare'),
        field: fc.constant(field),
        is: fc.constantFrom(...equal, '<', '<=', '>', '>='),
        value: literals(field),
      }),
    );
  if (type !== 'date')
    kinds.push(
      fc.record({
        kind: fc.constant('in'),
        field: fc.constant(field),
        values: fc.array(literals(field), { minLength: 1, maxLength: 3 }),
      }),
    );
  if (type === 'list' || field.kind === 'param')
    kinds.push(fc.record({ kind: fc.constant('has'), field: fc.constant(field), value: literals(field) }));
  return fc.oneof(...kinds);
});

/** Any expression, as deep as a filter may be. */
export const expressions: fc.Arbitrary<Expression> = fc.letrec<{ any: Expression }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    fc.record({
      kind: fc.constantFrom('and', 'or'),
      terms: fc.array(tie('any'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not'), term: tie('any') }),
  ),
})).any;
