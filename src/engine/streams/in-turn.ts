/** Runs steps one after another, though one of them may cause the next: that one waits until the first is done. */
export class InTurn {
  private busy = false;
  private readonly waiting: (() => void)[] = [];

  /** Runs a step now, or after the one that is running. */
  run(step: () => void): void {
    this.give(undefined, step);
  }

  /** Runs a step for a value; one function serves all values, where a closure for each is too dear. */
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

  /** Runs the steps that waited, in the order they came, and gives the turn back. */
  private end(): void {
    try {
      for (let step = this.waiting.shift(); step !== undefined; step = this.waiting.shift()) step();
    } finally {
      this.busy = false;
    }
  }
}
