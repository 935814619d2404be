import { readRun } from 'expman-rx/reader';
import { must } from './check-run.js';
import { rowOf } from './rows.mjs';

/**
 * Checks that a run holds nothing but rows that were logged, in order, and returns how many: with files taken away by hand some are
 * missing, and none may be made up.
 *
 * @param logged - how many rows of the shape `plain` were logged
 */
export async function checkTrue(runDir: string, logged: number, what: string): Promise<number> {
  const { table } = await readRun(runDir);
  const steps = table.getChild('step');
  let last = -1;
  for (let row = 0; row < table.numRows; row++) {
    const step = Number(steps?.get(row));
    must(
      Number.isInteger(step) && step > last && step < logged,
      'I2',
      () => `${what}: row ${row} has step ${step}`,
    );
    last = step;
    for (const [name, value] of Object.entries(rowOf('plain', 0, step))) {
      const found: unknown = table.getChild(name)?.get(row);
      must(
        Object.is(found, value),
        'I3',
        () => `${what}: ${name} of step ${step} is ${String(found)}, not ${String(value)}`,
      );
    }
  }
  return table.numRows;
}

/** What the work gave; null for a typed error, which is all that it may throw. */
export async function typedOrNull<T>(what: string, work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    must(isTyped(error), 'I7', () => `${what}: ${error instanceof Error ? error.stack : String(error)}`);
    return null;
  }
}

/** By its name: there is a class in dist, and one in src. */
export const isTyped = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ExpmanError' && 'code' in error;
