import type { RunFactsAnswer, RunsAnswer } from '../../api.js';

/** Requests one page of runs. */
export type AskPage = (offset: number, limit: number, signal: AbortSignal) => Promise<RunsAnswer>;

/** Listeners for pages. */
export interface PageListeners {
  readonly arrived: (answer: RunsAnswer) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The pages of a list of runs that were viewed. Each is requested once, even if it fails, until a
 * reload.
 */
export class RunPages {
  private readonly pages = new Map<number, readonly RunFactsAnswer[]>();
  private readonly asked = new Set<number>();
  private readonly control = new AbortController();
  private window: readonly [from: number, to: number] = [0, 1];
  /** The number of reloads; answers to earlier requests belong to an older list. */
  private turn = 0;

  constructor(
    private readonly ask: AskPage,
    private readonly size: number,
    private readonly listeners: PageListeners,
  ) {}

  at(index: number): RunFactsAnswer | undefined {
    return this.pages.get(Math.floor(index / this.size))?.[index % this.size];
  }

  /** Requests the missing pages of a stretch. */
  look(from: number, to: number): void {
    this.window = [from, to];
    if (this.control.signal.aborted) return;
    for (let page = Math.floor(from / this.size); page * this.size < to; page++)
      if (!this.asked.has(page)) this.read(page);
  }

  /** Reads the viewed pages again, and the others when they are viewed. */
  reload(): void {
    this.turn++;
    this.asked.clear();
    this.look(...this.window);
  }

  close(): void {
    this.control.abort();
  }

  private read(page: number): void {
    const { turn } = this;
    this.asked.add(page);
    this.ask(page * this.size, this.size, this.control.signal).then(
      (answer) => {
        if (turn !== this.turn || this.control.signal.aborted) return;
        this.pages.set(page, answer.runs);
        this.listeners.arrived(answer);
      },
      (error: unknown) => {
        if (turn !== this.turn || this.control.signal.aborted) return;
        this.listeners.failed(error);
      },
    );
  }
}
