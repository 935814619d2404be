import type { Skipped } from './facts-source.js';

interface Problem {
  readonly code: string;
  /** What is said of the first one. */
  readonly reason: string;
  count: number;
}

/**
 * The problems with the tables of one run: of each kind the first and the number of the others,
 * because a hostile manifest may list 300,000 files that do not exist.
 */
export class TableProblems {
  private readonly kinds = new Map<string, Problem>();

  add(kind: string, code: string, reason: string): void {
    const known = this.kinds.get(kind);
    if (known === undefined) this.kinds.set(kind, { code, reason, count: 1 });
    else known.count++;
  }

  /** Returns the entries for the run, at most one of each kind. */
  of(runDir: string): Skipped[] {
    return [...this.kinds.values()].map(({ code, reason, count }) => ({
      ...{ runDir, code },
      reason: count === 1 ? reason : `${reason} (and ${count - 1} more like this in the run)`,
    }));
  }
}
