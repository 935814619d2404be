import fc from 'fast-check';

/** What a call logs: values of all kinds, refused ones among them. */
export interface Call {
  readonly kind: 'log';
  readonly step: unknown;
  readonly timestamp: number | undefined;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a program does between its calls. */
export type Op =
  | Call
  /** Many calls: `count` of them, two metrics in turn, `each` calls a step. */
  | { readonly kind: 'bulk'; readonly count: number; readonly each: number; readonly from: number }
  /** Waits until all is in the log. */
  | { readonly kind: 'flush' }
  /** Lets the second stage work, publishes included. */
  | { readonly kind: 'rest' }
  /** Begins to follow. */
  | { readonly kind: 'follow' };

/** One open of the run. */
export interface SessionProgram {
  readonly ops: readonly Op[];
  readonly end: 'close' | 'die' | 'flush and die' | 'die and recover';
  /** Ignored in the first session. */
  readonly fromStep: number | bigint | undefined;
}

const values: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -5, max: 5 }) },
  { weight: 2, arbitrary: fc.double() },
  fc.constantFrom(NaN, Infinity, -Infinity, -0, 2 ** 53, 2 ** 60, -(2 ** 63), 1e308),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.constantFrom('nan', 'NaN', '5', 'true', '', '-0', '1e+21', 'a text'),
  fc.constantFrom<unknown>(null, undefined, {}, [], 2n ** 64n),
);
const metrics = fc.constantFrom('loss', 'acc', 'step', 'lr', 'note');
const steps: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 6 }) },
  { weight: 2, arbitrary: fc.constantFrom(null, undefined) },
  fc.constantFrom<unknown>(-3, 2 ** 53 - 1, 5n, 2n ** 60n, 2n ** 60n + 1n, -(2n ** 62n), 2n ** 53n),
  fc.constantFrom<unknown>(0.5, NaN, '1', 2n ** 63n),
);
const call: fc.Arbitrary<Op> = fc.record({
  kind: fc.constant('log' as const),
  step: steps,
  timestamp: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.constantFrom(1_000, 2_000)),
  values: fc.dictionary(metrics, values, { maxKeys: 3 }),
});
const wide: fc.Arbitrary<Op> = fc.integer({ min: 0, max: 6 }).map((step) => ({
  kind: 'log' as const,
  step,
  timestamp: undefined,
  values: Object.fromEntries(Array.from({ length: 1_200 }, (_, at) => [`wide/${at}`, at])),
}));
const bulk: fc.Arbitrary<Op> = fc.record({
  kind: fc.constant('bulk' as const),
  count: fc.integer({ min: 900, max: 1_500 }),
  each: fc.integer({ min: 1, max: 3 }),
  from: fc.integer({ min: 0, max: 1_000 }),
});
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 240, arbitrary: call },
  { weight: 32, arbitrary: fc.constant({ kind: 'flush' as const }) },
  { weight: 24, arbitrary: fc.constant({ kind: 'rest' as const }) },
  { weight: 12, arbitrary: fc.constant({ kind: 'follow' as const }) },
  { weight: 3, arbitrary: bulk },
  { weight: 1, arbitrary: wide },
);

/** The opens of a run, one after the other. */
export const programs: fc.Arbitrary<readonly SessionProgram[]> = fc.array(
  fc.record({
    ops: fc.array(op, { maxLength: 40 }),
    end: fc.constantFrom<SessionProgram['end']>('close', 'die', 'flush and die', 'die and recover'),
    fromStep: fc.oneof(
      { weight: 2, arbitrary: fc.constant(undefined) },
      fc.integer({ min: -4, max: 7 }),
      fc.constantFrom(2n ** 60n + 1n, 500),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

/** The calls that an op makes. */
export function callsOf(op: Op): Omit<Call, 'kind'>[] {
  if (op.kind === 'log') return [op];
  if (op.kind !== 'bulk') return [];
  return Array.from({ length: op.count }, (_, at) => ({
    step: op.from + Math.floor(at / op.each),
    timestamp: undefined,
    values: { [`bulk${at % op.each}`]: at },
  }));
}
