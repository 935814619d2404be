import { isCollection, keysOf, kindOf, reasonFor, wellFormed } from '../channel/row-entry.js';
import { ExpmanError, describeType, stringOf } from '../model/errors.js';
import type { MetricValue } from '../model/metric.js';
import { isPolluting } from '../model/param-value.js';
import { plainInteger } from '../model/plain-integer.js';
import { quoted } from '../model/printable.js';
import { redactText } from '../model/redact-text.js';
import { summaryFactsIn } from '../model/summary-values.js';
import type { MetricDefinition } from '../pure/metric-definition.js';
import type { Mapping } from './run-record.js';

/**
 * The most bytes that the summary of a run and its definitions may have together: all of them are
 * in run.yaml.
 *
 * @bound tells: run.log says which value was left out, and invalid counts it; specs/engine/summary.spec.ts "has room for 128 KB, and says what was left out beyond that"
 */
const MAX_SUMMARY = 128 * 1024;
/** The bytes of run.yaml around a value, with room for a headline. */
const AROUND = 24;

/** Values that a summary can take, and the errors of those that it cannot. */
export interface CheckedSummary {
  readonly values: Readonly<Record<string, MetricValue>>;
  readonly refused: readonly ExpmanError[];
}

/** The room for the summary of one run: what is there is known, and what comes is checked. */
export class SummaryRoom {
  /** The room that each name takes, so that a name that is set again takes none twice. */
  private readonly sizes = new Map<string, number>();
  private taken = 0;

  /** @param before - the run.yaml of a run that has one already */
  constructor(before: Mapping) {
    const { summary, definitions } = summaryFactsIn(before);
    for (const [name, value] of Object.entries(summary)) this.take(valueKey(name), sizeOf(name, value));
    for (const [pattern, definition] of Object.entries(definitions)) this.admit(pattern, definition);
  }

  /** Checks values by name; secrets in texts are redacted. */
  check(given: unknown): CheckedSummary {
    const values: Record<string, MetricValue> = {};
    const refused: ExpmanError[] = [];
    if (typeof given !== 'object' || given === null || isCollection(given))
      refused.push(
        refusal('summary', `must be an object of values by name, not ${describeType(given)}`, given),
      );
    else
      for (const key of keysOf(given as Readonly<Record<string, unknown>>)) {
        const name = wellFormed(key);
        let value: unknown;
        let reason: string | null;
        try {
          value = Reflect.get(given, key);
          reason = this.refuses(name, value);
        } catch (error) {
          reason = `its getter threw ${stringOf(error)}`;
        }
        if (reason !== null) refused.push(refusal(name, reason, value));
        else values[name] = keptAs(value as MetricValue);
      }
    return { values, refused };
  }

  /** Reserves room for a definition; returns an error if the run has no room. */
  admit(pattern: string, definition: MetricDefinition): ExpmanError | null {
    const isThere = this.take(`definition ${pattern}`, sizeOf(pattern, definition.x ?? ''));
    return isThere ? null : refusal(pattern, NO_ROOM, definition);
  }

  private refuses(name: string, value: unknown): string | null {
    if (kindOf(value) === undefined) return reasonFor(value);
    if (isPolluting(name)) return 'is a name that could reach a prototype';
    return this.take(valueKey(name), sizeOf(name, value as MetricValue)) ? null : NO_ROOM;
  }

  private take(key: string, size: number): boolean {
    const taken = this.taken - (this.sizes.get(key) ?? 0) + size;
    if (taken > MAX_SUMMARY) return false;
    this.sizes.set(key, size);
    this.taken = taken;
    return true;
  }
}

/** Returns a value as run.yaml gives it back: an integer within 2^53 as a number. */
function keptAs(value: MetricValue): MetricValue {
  if (typeof value === 'bigint') return plainInteger(value);
  return typeof value === 'string' ? redactText(value) : value;
}

const NO_ROOM = `the summary of a run and its definitions may have ${MAX_SUMMARY} bytes together`;

const valueKey = (name: string): string => `value ${name}`;

/** Measures a name and a value in run.yaml, where characters that need it are escaped. */
const sizeOf = (name: string, value: MetricValue): number =>
  Buffer.byteLength(JSON.stringify([name, String(value)])) + AROUND;

const refusal = (name: string, reason: string, value: unknown): ExpmanError =>
  new ExpmanError('INVALID_VALUE', `${quoted(name)}: ${reason}`, {
    option: name,
    rule: reason,
    value,
    type: describeType(value),
  });
