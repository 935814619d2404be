import fc from 'fast-check';
import { expect } from 'vitest';
import type { LogLine } from '../../dist/modules/run/log-line.js';
import type {
  ExchangeField,
  ExchangeRun,
  Importer,
} from '../../dist/modules/interop/exchange/exchange-run.js';
import type { MetricRow, MetricValue } from '../../dist/modules/model/metric.js';
import { bareObject, type ParamValue } from '../../dist/modules/model/param-value.js';
import { RunStatus } from '../../dist/modules/model/run-status.js';

/** A row as two of them are compared: times in whole microseconds, metrics by name. */
export type PlainRow = readonly [
  step: number | bigint | null,
  micros: number | null,
  values: readonly (readonly [string, MetricValue])[],
];

/** An exchange run of what is at hand. */
export interface GivenRun extends ExchangeRun {
  readonly givenRows: readonly MetricRow[];
  readonly givenLog: readonly LogLine[];
}

const INT64_MAX = 2n ** 63n - 1n;
/** Any code point but half a pair, which no UTF-8 holds. */
const text = fc.string({ unit: 'binary', maxLength: 12 });
const iso = fc.option(fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }));

const metricName = fc.oneof(
  { weight: 3, arbitrary: text },
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    'step',
    'step_',
    '_step',
    'timestamp',
    'a"b',
    "a'b",
    'a\nb',
    'a,b',
    '=a',
    "'=a",
    '\ufeffa',
    'a/b',
  ),
);

const VALUES: Readonly<Record<string, fc.Arbitrary<MetricValue>>> = {
  DOUBLE: fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 5e-324, 2 ** 53)),
  INT64: fc.oneof(
    fc.bigInt({ min: -INT64_MAX - 1n, max: INT64_MAX }),
    fc.constantFrom(INT64_MAX, -INT64_MAX - 1n, 0n, 2n ** 53n, 2n ** 53n + 1n),
  ),
  BOOLEAN: fc.boolean(),
  UTF8: fc.oneof(
    text,
    fc.constantFrom('', 'NaN', '1', '=1+1', "'=1", "''@x", '\t', '\ufeff', 'a\r\nb', '"', 'true'),
  ),
};

/** Values of a column of texts that are not all texts. */
const mixedValue = fc.oneof(
  VALUES['UTF8'] ?? text,
  VALUES['BOOLEAN'] ?? fc.boolean(),
  fc.double(),
  fc.constantFrom<MetricValue>(
    NaN,
    -Infinity,
    -0,
    5,
    2 ** 53,
    2 ** 60,
    1e21,
    1e-7,
    2n ** 60n,
    2n ** 53n + 1n,
  ),
  fc.constantFrom('5', "'5", "''-0", '-5', '1e+21', '1.152921504606847e+18', 'Infinity', 'false', "'x"),
);

const field = fc.oneof(
  fc.record({ name: metricName, type: fc.constantFrom('DOUBLE', 'INT64', 'BOOLEAN', 'UTF8') }),
  fc.record({ name: metricName, type: fc.constant('UTF8'), mixed: fc.constant(true) }),
);
const fields = fc.uniqueArray(field, { maxLength: 5, selector: ({ name }) => name }) as fc.Arbitrary<
  ExchangeField[]
>;

const valueOf = ({ type, mixed = false }: ExchangeField): fc.Arbitrary<MetricValue> =>
  (mixed ? mixedValue : VALUES[type]) ?? fc.constant(0);

const anyStep = fc.oneof(
  fc.integer({ min: 0, max: 50 }),
  fc.maxSafeInteger(),
  fc.constantFrom(2n ** 53n, 2n ** 60n + 1n, -INT64_MAX - 1n, INT64_MAX),
);

function row(all: readonly ExchangeField[]): fc.Arbitrary<MetricRow> {
  const values = fc.record(bareObject(all.map((each) => [`k${each.name}`, valueOf(each)] as const)), {
    requiredKeys: [],
  });
  return fc
    .record({
      step: fc.option(anyStep),
      micros: fc.option(fc.integer({ min: 0, max: 2 ** 51 }), { freq: 8 }),
      values,
    })
    .map(({ step, micros, values }) => ({
      step,
      ...(micros !== null && { timestamp: micros / 1000 }),
      values: bareObject(Object.entries(values).map(([key, value]) => [key.slice(1), value as MetricValue])),
    }));
}

const paramKey = text.filter((key) => !['__proto__', 'prototype', 'constructor'].includes(key));
const param = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.bigInt(),
  text,
) as fc.Arbitrary<ParamValue>;
const params = fc
  .uniqueArray(fc.tuple(paramKey, fc.oneof(param, fc.array(param, { maxLength: 3 }))), {
    maxLength: 4,
    selector: ([key]) => key,
  })
  .map((entries) => bareObject<ParamValue>(entries));

const summary = fc
  .dictionary(paramKey, fc.oneof(...Object.values(VALUES)), { maxKeys: 4, noNullPrototype: true })
  .chain((values) =>
    fc.record({
      summary: fc.constant(bareObject(Object.entries(values))),
      headline: fc.subarray(Object.keys(values)),
      definitions: fc.constantFrom<NonNullable<ExchangeRun['definitions']>>(
        {},
        { 'val/*': { goal: 'min', summary: 'best' }, 'é"': { x: 'epoch' } },
      ),
    }),
  );

const logLine: fc.Arbitrary<LogLine> = fc.record({
  timestampMs: fc.integer({ min: 0, max: 4e12 }),
  level: fc.constantFrom('info', 'warn', 'error', 'debug'),
  message: text,
  meta: fc.constantFrom({}, { epoch: 3, nested: { a: [1, null, 'x'] } }),
});

/** Any run that is logged. */
export const anyRun: fc.Arbitrary<GivenRun> = fields.chain((all) =>
  fc
    .record({
      experiment: text,
      run: text,
      status: fc.constantFrom(...Object.values(RunStatus)),
      startedAt: iso.map((date) => date?.toISOString() ?? null),
      endedAt: iso.map((date) => date?.toISOString() ?? null),
      tags: fc.array(text, { maxLength: 3 }),
      notes: text,
      group: fc.option(text),
      params,
      said: summary,
      sessions: fc.constantFrom(
        [],
        [
          { session: 0, firstRow: 0 },
          { session: 2, firstRow: 1 },
        ],
      ),
      givenRows: fc.array(row(all), { maxLength: 20 }),
      givenLog: fc.array(logLine, { maxLength: 4 }),
    })
    .map(({ sessions, said, ...run }) =>
      givenRun({ ...run, ...said, fields: all, ...(sessions.length > 0 && { sessions }) }),
    ),
);

/** A run of plain lists. */
export function givenRun(run: Omit<GivenRun, 'rows' | 'log'>): GivenRun {
  return {
    ...run,
    // eslint-disable-next-line @typescript-eslint/require-await -- they are at hand
    rows: async function* () {
      yield* run.givenRows;
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- as above
    log: async function* () {
      yield* run.givenLog;
    },
  };
}

/** A row as {@link PlainRow}. */
export const plainRow = ({ step, timestamp, values }: MetricRow): PlainRow => [
  step ?? null,
  timestamp === undefined ? null : Math.round(timestamp * 1000),
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)),
];

/** All rows of a run. */
export async function rowsOf(run: ExchangeRun): Promise<PlainRow[]> {
  const rows: PlainRow[] = [];
  for await (const row of run.rows()) rows.push(plainRow(row));
  return rows;
}

/** All lines of a run's log. */
export async function logOf(run: ExchangeRun): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of run.log()) lines.push(line);
  return lines;
}

/** The one run that an importer finds at a path it takes for its own. */
export async function runAt(importer: Importer, path: string): Promise<ExchangeRun> {
  expect(await importer.recognises(path)).toBe(true);
  for await (const run of importer.runs(path)) {
    if (run instanceof Error) throw run;
    return run;
  }
  throw new Error('no run');
}
