/**
 * Runs steps one after another, though one of them may cause the next: that one waits until the first is done.
 *
 * On a path where a closure for each step is too dear, {@link begin} and {@link end} do what {@link run} does.
 */
export class InTurn {
  private busy = false;
  private readonly waiting: (() => void)[] = [];

  /** Runs a step now, or after the one that is running. */
  run(step: () => void): void {
    if (!this.begin()) {
      this.wait(step);
      return;
    }
    try {
      step();
    } finally {
      this.end();
    }
  }

  /** Takes the turn; false while a step has it, and then the caller leaves its own to {@link wait}. */
  begin(): boolean {
    if (this.busy) return false;
    this.busy = true;
    return true;
  }

  /** Keeps a step until the one that has the turn is done. */
  wait(step: () => void): void {
    this.waiting.push(step);
  }

  /** Runs the steps that waited, in the order they came, and gives the turn back. */
  end(): void {
    try {
      for (let step = this.waiting.shift(); step !== undefined; step = this.waiting.shift()) step();
    } finally {
      this.busy = false;
    }
  }
}
