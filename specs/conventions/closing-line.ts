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

/** A test that stands still keeps its process, whose own timeouts then never come; no test takes a tenth of this. */
const STANDSTILL_MS = 5 * 60_000;

/**
 * Counts the tests and ends the whole output with one line a script can read. When nothing has come to an end for five
 * minutes, it names what had begun and ends the run as failed.
 */
export class ClosingLine implements Reporter {
  #tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  #begun = new Set<string>();
  #alarm: NodeJS.Timeout | undefined;

  constructor(private readonly standstillMs = STANDSTILL_MS) {}

  onInit(): void {
    // At the exit, not at the end of the run: what vitest still has to say on closing comes before it.
    process.once('exit', () => writeSync(1, `${closingLine(this.#tally)}\n`));
  }

  onTestCaseReady(test: Named): void {
    this.#begun.add(nameOf(test));
    this.#watch();
  }

  onTestCaseResult(test: TestCase): void {
    this.#begun.delete(nameOf(test));
    this.#watch();
    this.#count(test.result().state === 'pending' ? 'skipped' : (test.result().state as keyof Tally));
  }

  onTestModuleEnd(): void {
    this.#watch();
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    clearTimeout(this.#alarm);
    // A file that does not load has no test to fail; a red run must not close with `0 failed`.
    const unloaded = modules.filter((module) => module.errors().length > 0);
    for (let i = 0; i < unloaded.length + unhandled.length; i++) this.#count('failed');
  }

  #watch(): void {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => {
      const standing = [...this.#begun].join(', ') || 'a file that loads, or a hook';
      writeSync(2, `nothing has ended for ${this.standstillMs / 1000} s; what had begun: ${standing}\n`);
      this.#count('failed');
      process.exit(1);
    }, this.standstillMs);
  }

  #count(outcome: keyof Tally): void {
    this.#tally = { ...this.#tally, [outcome]: this.#tally[outcome] + 1 };
  }
}

/** What of a test its name is made of. */
interface Named {
  readonly fullName: string;
  readonly module: { readonly moduleId: string };
}

const nameOf = ({ fullName, module }: Named): string => `${module.moduleId} > ${fullName}`;
