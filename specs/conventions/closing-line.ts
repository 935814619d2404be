import { writeSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** How many tests ended which way; an error outside any test counts as a failure. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The tally as one line: `12 passed, 0 failed`, and `, 1 skipped` only when some were. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

/** Counts the tests and ends the whole output with one line a script can read. */
export class ClosingLine implements Reporter {
  #tally: Tally = { passed: 0, failed: 0, skipped: 0 };

  onInit(): void {
    // At the exit, not at the end of the run: what vitest still has to say on closing comes before it.
    process.once('exit', () => writeSync(1, `${closingLine(this.#tally)}\n`));
  }

  onTestCaseResult(test: TestCase): void {
    this.#count(test.result().state === 'pending' ? 'skipped' : (test.result().state as keyof Tally));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    // A file that does not load has no test to fail; a red run must not close with `0 failed`.
    const unloaded = modules.filter((module) => module.errors().length > 0);
    for (let i = 0; i < unloaded.length + unhandled.length; i++) this.#count('failed');
  }

  #count(outcome: keyof Tally): void {
    this.#tally = { ...this.#tally, [outcome]: this.#tally[outcome] + 1 };
  }
}
