/**
 * Runs steps one after another, even if one of them causes the next, which waits until the first is
 * done.
 */
export class InTurn {
  private busy = false;
  private readonly waiting: (() => void)[] = [];

  /** Runs a step now, or after the one that is running. */
  run(step: () => void): void {
    this.give(undefined, step);
  }

  /**
   * Runs a step for a value; one function serves all values, because a closure for each is too
   * expensive.
   */
  give<T>(value: T, step: (value: T) => void): void {
    if (this.busy) {
      this.waiting.push(() => {
        step(value);
      });
      return;
    }
    this.busy = true;
    try {
      step(value);
    } finally {
      this.end();
    }
  }

  /** Runs the waiting steps in order, and ends the turn. */
  private end(): void {
    try {
      for (let step = this.waiting.shift(); step !== undefined; step = this.waiting.shift()) step();
    } finally {
      this.busy = false;
    }
  }
}
