import type { MetricValue } from 'expman-rx';
import type { RowTable } from '../../src/columnar/table.js';
import { cellText } from '../support/cell-text.js';
import { must } from './check-run.js';

/** A row as it was taken: its step, and what of it is loggable. */
export interface TakenRow {
  readonly step: number | null;
  readonly values: ReadonlyMap<string, MetricValue>;
}

const RESERVED = ['step', 'timestamp'];

/**
 * Checks that a table holds what the rules of README and design make of the rows: one column for each metric, of the type that holds
 * all its values, and calls joined to rows within each session.
 *
 * @param starts - the calls that sessions begin with
 */
export function checkTable(
  table: RowTable,
  rows: readonly TakenRow[],
  starts: readonly number[],
  what: string,
): void {
  const columns = columnsOf(rows);
  const merged = stretches(rows, starts).flatMap(mergedOf);
  const names = table.schema.fields.map(({ name }) => name);
  const wanted = [...RESERVED, ...[...columns.values()].map(({ name }) => name)];
  must(
    same(names, wanted),
    'I2',
    () => `${what}: columns ${JSON.stringify(names)}, not ${JSON.stringify(wanted)}`,
  );
  must(
    table.numRows === merged.length,
    'I2',
    () => `${what}: ${table.numRows} rows in the table, not ${merged.length}`,
  );
  const steps = table.getChildAt(0);
  const metrics = [...columns].map(([metric, { type }], at) => ({
    metric,
    type,
    column: table.getChildAt(at + 2),
  }));
  merged.forEach(({ step, values }, at) => {
    const found: unknown = steps?.get(at);
    must(
      found === (step === null ? null : BigInt(step)),
      'I2',
      () => `${what}: row ${at} has step ${String(found)}`,
    );
    for (const { metric, type, column } of metrics) {
      const value = values.get(metric);
      const expected = value === undefined ? null : as(type, value);
      const read: unknown = column?.get(at);
      must(
        Object.is(read, expected),
        'I3',
        () => `${what}: ${JSON.stringify(metric)} of row ${at} is ${shown(read)}, not ${shown(expected)}`,
      );
    }
  });
}

/** As UTF-8 has it: lone surrogates are replaced. */
export const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

type Type = 'number' | 'bigint' | 'boolean' | 'string';

function columnsOf(rows: readonly TakenRow[]): Map<string, { readonly name: string; readonly type: Type }> {
  const valuesOf = new Map<string, MetricValue[]>();
  for (const { values } of rows)
    for (const [metric, value] of values) valuesOf.set(metric, [...(valuesOf.get(metric) ?? []), value]);
  const taken = new Set(RESERVED);
  return new Map(
    [...valuesOf].map(([metric, values]) => {
      let name = metric;
      while (taken.has(name)) name += '_';
      taken.add(name);
      return [metric, { name, type: widest(values) }];
    }),
  );
}

function widest(values: readonly MetricValue[]): Type {
  const [type = 'string', ...others] = new Set(values.map((value) => typeof value as Type));
  if (others.length === 0) return type;
  const numeric = [type, ...others].every((each) => each === 'number' || each === 'bigint');
  return numeric && values.every((value) => typeof value !== 'bigint' || Number.isSafeInteger(Number(value)))
    ? 'number'
    : 'string';
}

function as(type: Type, value: MetricValue): MetricValue {
  if (type === 'string') return typeof value === 'string' ? wellFormed(value) : cellText(value);
  return type === 'number' ? Number(value) : value;
}

function stretches(rows: readonly TakenRow[], starts: readonly number[]): (readonly TakenRow[])[] {
  const cuts = [...new Set([0, ...starts, rows.length])]
    .filter((at) => at <= rows.length)
    .sort((a, b) => a - b);
  return cuts.slice(1).map((end, at) => rows.slice(cuts[at], end));
}

/** A call joins the latest row of its step if that is one of the last 1,024 and holds none of its metrics. */
function mergedOf(calls: readonly TakenRow[]): TakenRow[] {
  const rows: { readonly step: number | null; readonly values: Map<string, MetricValue> }[] = [];
  const latest = new Map<number, number>();
  for (const { step, values } of calls) {
    const at = step === null ? undefined : latest.get(step);
    const row = at === undefined || at < rows.length - 1_024 ? undefined : rows[at];
    if (row !== undefined && ![...values.keys()].some((metric) => row.values.has(metric))) {
      for (const [metric, value] of values) row.values.set(metric, value);
      continue;
    }
    if (step !== null) latest.set(step, rows.length);
    rows.push({ step, values: new Map(values) });
  }
  return rows;
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((each, at) => each === b[at]);
const shown = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value.slice(0, 100))
    : `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`;
