import { printable } from '../model/printable.js';
import { codeAndMessageOf, exitCodeOf } from './command.js';
import { ExitCode, type Terminal } from './terminal.js';

/** What cannot be read beside other runs that can: it hides none of them, is named on stderr, and the worst of it is the exit code. */
export class LeftOut {
  private readonly failures: { readonly path: string; readonly error: unknown }[] = [];

  constructor(private readonly terminal: Terminal) {}

  add(path: string, error: unknown): void {
    this.failures.push({ path, error });
  }

  /** Where nothing could be read, the first failure is the command's. */
  throwFirst(): void {
    const [first, ...others] = this.failures.splice(0);
    if (first === undefined) return;
    for (const failure of others) this.report(failure);
    throw first.error;
  }

  /** Names what was left out; returns the exit code. */
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
