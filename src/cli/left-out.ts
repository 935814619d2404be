import { printable } from '../model/printable.js';
import { codeAndMessageOf, exitCodeOf } from './command.js';
import { ExitCode, type Terminal } from './terminal.js';

/**
 * Collects the paths that cannot be read. They hide none of the readable runs: each is reported on
 * stderr, and the worst one decides the exit code.
 */
export class LeftOut {
  private readonly failures: { readonly path: string; readonly error: unknown }[] = [];

  constructor(private readonly terminal: Terminal) {}

  add(path: string, error: unknown): void {
    this.failures.push({ path, error });
  }

  /** Throws the first failure, after nothing could be read, and reports the others. */
  throwFirst(): void {
    const [first, ...others] = this.failures.splice(0);
    if (first === undefined) return;
    for (const failure of others) this.report(failure);
    throw first.error;
  }

  /** Reports what was left out; returns the exit code. */
  end(): number {
    this.failures.forEach((failure) => {
      this.report(failure);
    });
    return Math.max(ExitCode.ok, ...this.failures.map(({ error }) => exitCodeOf(error)));
  }

  private report({ path, error }: { readonly path: string; readonly error: unknown }): void {
    this.terminal.complain(`left out: ${printable(path)}: ${codeAndMessageOf(error)}`);
  }
}
