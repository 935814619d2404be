import { readRun } from 'expman-rx/reader';
import { must } from './check-run.js';
import type { Plan } from './plan.js';
import { rowOf } from './rows.mjs';

/** What was logged, and how many of the rows that are read are looked at: each of them, or each n-th. */
interface Logged {
  readonly shape: Plan['shape'];
  readonly rows: number;
  readonly every?: number;
}

/** A run's rows as either build of the reader gives them. */
type Rows = Awaited<ReturnType<typeof readRun>>['table'];

/**
 * Checks that a run holds nothing but rows that were logged, in order, and returns how many: with files taken away by hand some are
 * missing, and none may be made up.
 *
 * @param logged - how many rows of the shape `plain` were logged
 */
export async function checkTrue(runDir: string, logged: number, what: string): Promise<number> {
  const { table } = await readRun(runDir);
  checkRows(table, { shape: 'plain', rows: logged }, what);
  return table.numRows;
}

/** The same of rows that are read already. */
export function checkRows(table: Rows, { shape, rows, every = 1 }: Logged, what: string): void {
  const steps = table.getChild('step');
  let last = -1;
  for (let row = 0; row < table.numRows; row += every) {
    const step = Number(steps?.get(row));
    must(
      Number.isInteger(step) && step > last && step < rows,
      'I2',
      () => `${what}: row ${row} has step ${step}`,
    );
    last = step;
    for (const [name, value] of Object.entries(rowOf(shape, 0, step))) {
      const found: unknown = table.getChild(name)?.get(row);
      must(
        // Only a metric that changes its type is read as text.
        Object.is(found, value) || (shape === 'mixed' && found === String(value)),
        'I3',
        () => `${what}: ${name} of step ${step} is ${String(found)}, not ${String(value)}`,
      );
    }
  }
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
