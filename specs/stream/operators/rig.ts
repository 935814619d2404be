import { type OperatorFunction, from } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';
import type { MetricPoint } from '../../../src/model/metric.js';
import type { RunSink, UncheckedRow } from '../../../src/stream/operators/run-sink.js';

/** Runs a picture in virtual time. */
export function picture(run: Parameters<TestScheduler['run']>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);
}

/** What an operator makes of a list that is there at once. */
export function emitted<T, R>(items: Iterable<T>, operator: OperatorFunction<T, R>): R[] {
  const out: R[] = [];
  from(items)
    .pipe(operator)
    .subscribe((item) => out.push(item));
  return out;
}

export const point = (step: number | null, value: number): MetricPoint => ({ step, value, timestamp: 7 });

/** A run in memory: what reached it, in order. */
export interface MemoryRun extends RunSink {
  readonly rows: UncheckedRow[];
  readonly lines: (readonly [level: string, message: string, meta: object])[];
  readonly ends: ('complete' | { readonly error: unknown })[];
}

/**
 * @param refuse - whether the run throws on every row, as one with `onInvalid: 'throw'` does on a wrong one
 * @param onRow - what a tap of the run does with each row
 */
export function memoryRun(refuse = false, onRow: (row: UncheckedRow) => void = () => undefined): MemoryRun {
  const rows: UncheckedRow[] = [];
  const lines: MemoryRun['lines'] = [];
  const ends: MemoryRun['ends'] = [];
  return {
    rows,
    lines,
    ends,
    metrics: {
      next: (row) => {
        if (refuse) throw new RangeError('refused');
        rows.push(row);
        onRow(row);
      },
      error: (error) => ends.push({ error }),
      complete: () => ends.push('complete'),
    },
    logger: {
      warn: (message, meta) => lines.push(['warn', message, meta]),
      error: (message, meta) => lines.push(['error', message, meta]),
    },
  };
}

/** The error a wrong option throws. */
export const invalid = (option: string): object =>
  expect.objectContaining({ code: 'INVALID_OPTION', option }) as object;
