import fc from 'fast-check';
import type { MetricValue } from 'expman-rx';
import { hyparquetOf } from '../other-readers-memory.js';
import { readContents } from '../../../src/reader/read-contents.js';
import { recoverRun } from '../../../src/writer/recovery/recover-run.js';
import { must } from '../check-run.js';
import { checkTable, type TakenRow, wellFormed } from '../column-model.js';
import { MemoryFs } from '../memory-fs.js';
import { Played } from '../played.js';
import { checkMany } from '../properties.js';
import type { Scenario } from '../scenario.js';
import { withBase } from '../session.js';

const FOLDER = '/base/faults/run';
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** A getter that throws, and what it throws. */
class Throws {
  constructor(readonly what: unknown) {}
}

/** Stands for a proxy that was revoked, which fast-check itself cannot hold. */
class Revoked {
  readonly revoked = true;
}

const circular: Record<string, unknown> = {};
circular['self'] = circular;

const good: fc.Arbitrary<MetricValue> = fc.oneof(
  { weight: 3, arbitrary: fc.double() },
  {
    weight: 2,
    arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 1e308, 5e-324, 2 ** 53 + 2, 1e21, -1e-7),
  },
  { weight: 2, arbitrary: fc.constantFrom(0n, -1n, 2n ** 53n, 2n ** 53n + 1n, INT64_MAX, INT64_MIN) },
  fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
  fc.boolean(),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '🦜👩‍🚀', 'lone \ud800!', '\udc00', 'a\0b', 'x'.repeat(4_000), 'null', '1', 'true'),
);
const bad: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  undefined,
  null,
  new Date(0),
  circular,
  [],
  [1],
  Symbol('s'),
  () => 1,
  INT64_MAX + 1n,
  INT64_MIN - 1n,
  new Map(),
  new Revoked(),
  Object.create(null),
  new Throws(new Error('no')),
  new Throws(null),
  new Throws(Object.create(null)),
  new Throws(Symbol('thrown')),
);
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'loss') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '__proto__',
      'constructor',
      'toString',
      '',
      '.',
      'a.b',
      'step',
      'timestamp',
      'step_',
      '🦜',
      '0',
      '7',
    ),
  },
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const step: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -2, max: 9 }) },
  fc.constantFrom<unknown>(
    null,
    undefined,
    2 ** 53 - 1,
    -(2 ** 53 - 1),
    -0,
    NaN,
    1.5,
    2 ** 53,
    '1',
    1n,
    Infinity,
  ),
);
/** How a row is handed over: the traps of the last ones throw. */
const FORMS = [
  'plain',
  'frozen',
  'bare',
  'proxy',
  'inherits',
  'instance',
  'blind',
  'nameless',
  'revoked',
  'array',
] as const;
const form = fc.oneof({ weight: 4, arbitrary: fc.constant('plain' as const) }, fc.constantFrom(...FORMS));

interface ChaosRow {
  readonly entries: readonly (readonly [string, unknown])[];
  readonly step: unknown;
  readonly form: (typeof FORMS)[number];
}
const row: fc.Arbitrary<ChaosRow> = fc.record({
  entries: fc.uniqueArray(fc.tuple(key, fc.oneof({ weight: 5, arbitrary: good }, bad)), {
    maxLength: 5,
    selector: ([name]) => name,
  }),
  step,
  form,
});
/** An owner's rows, and how it ends: the next one goes on behind it. */
const owner = fc.record({
  rows: fc.array(row, { maxLength: 7 }),
  restsEvery: fc.integer({ min: 1, max: 9 }),
  ends: fc.constantFrom('close' as const, 'die', 'recover'),
  newKeys: fc.boolean(),
});

/** Rows of whatever keys, values and forms, in whatever order. */
export const schemaChaos: Scenario = {
  name: 'keys, types and values of all sorts, against a model of the columns',
  rows: [26],
  run: (context) =>
    checkMany(
      context,
      context.amount(2_000, 200_000),
      fc.array(owner, { minLength: 1, maxLength: 2 }),
      async (owners) => {
        let fs = withBase(new MemoryFs());
        const taken: TakenRow[] = [];
        const starts: number[] = [];
        let invalid = 0;
        for (const [at, { rows, restsEvery, ends, newKeys }] of owners.entries()) {
          const played = new Played(fs, { flushIntervalMs: 1, flushIntervalRows: 7, maxMetrics: 10_000 });
          for (const [index, each] of rows.entries()) {
            const given = newKeys
              ? { ...each, entries: [...each.entries, [`new${at}.${index}`, index] as const] }
              : each;
            invalid += log(played, given, taken);
            if (index % restsEvery === 0) played.flush();
            if (index % restsEvery === 0) await played.rest(2);
          }
          played.flush();
          must(played.intake.channel.control.dropped === 0, 'I1', () => 'rows were dropped');
          fs = await end(fs, played, ends, { taken, invalid });
          const { info, table } = readContents(fs, FOLDER);
          must(
            info.accepted === taken.length,
            'I1',
            () => `${info.accepted} of ${taken.length} calls after ${ends}`,
          );
          checkTable(table, taken, starts, ends);
          starts.push(taken.length);
          if (ends !== 'close') invalid = info.invalid;
          if (ends !== 'die' && at === owners.length - 1) await sameToHyparquet(fs, table);
        }
      },
    ),
};

async function end(
  fs: MemoryFs,
  played: Played,
  ends: 'close' | 'die' | 'recover',
  { taken, invalid }: { readonly taken: readonly TakenRow[]; readonly invalid: number },
): Promise<MemoryFs> {
  if (ends === 'close') {
    const { error, summary } = await played.close();
    must(error === null && summary.accepted === taken.length, 'I1', () =>
      JSON.stringify({ error, ...summary }),
    );
    must(summary.invalid === invalid, 'I10', () => `${summary.invalid} values were left out, not ${invalid}`);
    return fs;
  }
  const left = played.die();
  if (ends === 'recover') await recoverRun(left, FOLDER);
  return left;
}

/** Logs a row, notes what of it must be there, and returns how much of it is not loggable. */
function log(played: Played, { entries, step, form }: ChaosRow, taken: TakenRow[]): number {
  const values = made(entries, form);
  const before = form === 'revoked' ? '' : shapeOf(values);
  const { control } = played.intake.channel;
  const invalid = control.invalid;
  played.intake.row(values, step as number);
  must(form === 'revoked' || shapeOf(values) === before, 'I7', () => 'an object of the caller was changed');
  const rejects = control.invalid - invalid;
  const given = typeof step === 'bigint' ? Number(step) : step;
  const stepFine = given === null || given === undefined || Number.isSafeInteger(given);
  const seen = ['blind', 'nameless', 'revoked', 'array'].includes(form) ? [] : entries;
  const fine = inOrder(seen.filter((entry): entry is readonly [string, MetricValue] => isLoggable(entry[1])));
  const expected = (stepFine ? 0 : 1) + seen.length - fine.length;
  must(
    form === 'nameless' || form === 'revoked' || form === 'array' || rejects === expected,
    'I10',
    () => `${rejects} rejections, not ${expected}`,
  );
  taken.push({ step: Number.isSafeInteger(given) ? (given as number) + 0 : null, values: new Map(fine) });
  return rejects;
}

function made(entries: ChaosRow['entries'], form: ChaosRow['form']): object {
  const values: object =
    form === 'bare' ? (Object.create(null) as object) : form === 'instance' ? new Instance() : {};
  for (const [name, value] of entries)
    Object.defineProperty(values, name, {
      enumerable: true,
      configurable: true,
      ...(value instanceof Throws
        ? {
            get: () => {
              throw value.what;
            },
          }
        : { value: value instanceof Revoked ? revoked() : value, writable: true }),
    });
  const trap = (): never => {
    throw new Error('trap');
  };
  if (form === 'frozen') return Object.freeze(values);
  if (form === 'proxy') return new Proxy(values, {});
  if (form === 'inherits') return Object.setPrototypeOf(values, { a: 'no', b: 'no', loss: 'no' }) as object;
  if (form === 'blind') return new Proxy(values, { ownKeys: trap });
  if (form === 'nameless') return new Proxy(values, { getPrototypeOf: trap, ownKeys: trap });
  if (form === 'array') return entries.map(([, value]) => value);
  return form === 'revoked' ? revoked() : values;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

class Instance {
  /** Not enumerable: no metric. */
  method(): number {
    return 1;
  }
}

/** Whole numbers come first among an object's keys, whatever order they were given in. */
function inOrder(entries: readonly (readonly [string, MetricValue])[]): (readonly [string, MetricValue])[] {
  const whole = (name: string): boolean => /^(?:0|[1-9]\d{0,8})$/.test(name);
  const numbers = entries.filter(([name]) => whole(name)).sort(([a], [b]) => Number(a) - Number(b));
  return [...numbers, ...entries.filter(([name]) => !whole(name))].map(([name, value]) => [
    wellFormed(name),
    value,
  ]);
}

function isLoggable(value: unknown): value is MetricValue {
  if (typeof value === 'bigint') return value >= INT64_MIN && value <= INT64_MAX;
  return ['number', 'boolean', 'string'].includes(typeof value);
}

function shapeOf(values: object): string {
  try {
    return Object.entries(Object.getOwnPropertyDescriptors(values))
      .map(([name, { value, writable }]) => `${name} ${typeof value} ${String(writable)}`)
      .join();
  } catch {
    return 'trap';
  }
}

async function sameToHyparquet(fs: MemoryFs, table: ReturnType<typeof readContents>['table']): Promise<void> {
  if (fs.stat(`${FOLDER}/metrics.parquet`) === null) return;
  const rows = await hyparquetOf(fs.bytesOf(`${FOLDER}/metrics.parquet`));
  must(rows.length === table.numRows, 'I3', () => `hyparquet reads ${rows.length} rows of ${table.numRows}`);
  table.schema.fields.forEach(({ name }, column) => {
    if (column === 1) return;
    rows.forEach((cells, at) => {
      const ours: unknown = table.getChildAt(column)?.get(at);
      must(
        Object.is(cells[column], ours),
        'I3',
        () => `${name} of row ${at} is ${String(cells[column])} to hyparquet`,
      );
    });
  });
}
