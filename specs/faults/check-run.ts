import { readdirSync } from 'node:fs';
import { readRun } from 'expman-rx/reader';
import { rowOf } from './rows.mjs';
import type { Plan } from './plan.js';

/** An invariant, I1 to I10 of specs/faults/README.md, that does not hold. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    message: string,
  ) {
    super(`${invariant}: ${message}`);
    this.name = 'Violation';
  }
}

export function must(condition: boolean, invariant: string, message: () => string): asserts condition {
  if (!condition) throw new Violation(invariant, message());
}

/** What a check of one run found. */
export interface CheckedRun {
  readonly rows: number;
  readonly tornBytes: number;
  readonly status: string;
}

/**
 * Checks a run against the rule its rows were made by: an unbroken beginning (I2), every acknowledged row (I1), every value.
 *
 * @param flushed - rows that a flush acknowledged
 */
export async function checkRun(
  runDir: string,
  shape: Plan['shape'],
  index: number,
  flushed: number,
): Promise<CheckedRun> {
  const { table, rows, tornBytes, status, corrupt } = await readRun(runDir);
  must(corrupt.length === 0, 'I3', () => `${runDir}: corrupt: ${corrupt.join(', ')}`);
  must(table.numRows === rows, 'I2', () => `${runDir}: ${table.numRows} rows in the table, ${rows} counted`);
  must(rows >= flushed, 'I1', () => `${runDir}: ${rows} rows, ${flushed} were acknowledged`);
  const steps = table.getChild('step');
  const columns = new Map(table.schema.fields.map(({ name }) => [name, table.getChild(name)] as const));
  for (let step = 0; step < rows; step++) {
    must(
      steps?.get(step) === BigInt(step),
      'I2',
      () => `${runDir}: row ${step} has step ${String(steps?.get(step))}`,
    );
    const expected = rowOf(shape, index, step);
    // All values of the first and last rows, and of a sample in between.
    if (step > 50 && step < rows - 50 && step % 37 !== 0) continue;
    for (const [name, value] of Object.entries(expected)) {
      const found: unknown = columns.get(name)?.get(step);
      const same = Object.is(found, value) || found === String(value);
      must(same, 'I3', () => `${runDir}: ${name} of step ${step} is ${String(found)}, not ${String(value)}`);
    }
  }
  return { rows, tornBytes, status };
}

/** What must not be left of a run that is closed or recovered (I8). */
export function checkTidy(runDir: string): void {
  const left = readdirSync(runDir).filter((name) => /^wal-|\.tmp$|^run\.lock$/.test(name));
  must(left.length === 0, 'I8', () => `${runDir}: left behind: ${left.join(', ')}`);
}
