import type { ExperimentOptions } from 'expman-rx';

/** What a child of the fault harness is to do. */
export interface Plan {
  /** The folder of experiments. */
  readonly base: string;
  /** The file it keeps account in, outside its runs. */
  readonly account: string;
  /** One entry for each run: the step to go on from. */
  readonly from: readonly number[];
  readonly shape: 'plain' | 'mixed' | 'wide';
  readonly rowsPerBurst: number;
  /** Steps from one mark to the next, where it sets summary values. */
  readonly marks: number;
  /** Turns of a loop between rows: what a training step would compute. */
  readonly work: number;
  /** How many bursts until it closes; null for ever. */
  readonly bursts: number | null;
  /** Every so many bursts it waits for a flush. */
  readonly flushEvery: number;
  /** Whether it waits for the writer before it logs. */
  readonly awaitWriter: boolean;
  readonly options: ExperimentOptions;
}

/** What an account says. */
export interface Account {
  /** Microseconds since the epoch when all runs were open; null before. */
  readonly openedAt: number | null;
  /** When the writer was first heard of. */
  readonly writerUpAt: number | null;
  /** For each run, what it had logged and when, oldest first. */
  readonly logged: ReadonlyMap<number, readonly { readonly step: number; readonly at: number }[]>;
  /** For each run, up to where a flush acknowledged its rows. */
  readonly flushed: ReadonlyMap<number, number>;
  readonly closed: boolean;
}

/** Reads an account; its last line may be cut off. */
export function readAccount(text: string): Account {
  const logged = new Map<number, { step: number; at: number }[]>();
  const flushed = new Map<number, number>();
  let openedAt: number | null = null;
  let writerUpAt: number | null = null;
  let closed = false;
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    const [kind, ...numbers] = line.split(' ');
    const [first = 0, second = 0, third = 0] = numbers.map(Number);
    if (kind === 'O') openedAt = first;
    else if (kind === 'U') writerUpAt = first;
    else if (kind === 'C') closed = true;
    else if (kind === 'F') flushed.set(first, second);
    else if (kind === 'L') {
      const marks = logged.get(first) ?? [];
      marks.push({ step: second, at: third });
      logged.set(first, marks);
    }
  }
  return { openedAt, writerUpAt, logged, flushed, closed };
}

/** How old the oldest row that is missing was at the end, in milliseconds; null when none is. */
export function oldestLossMs(
  { logged }: Account,
  index: number,
  rows: number,
  endedAt: number,
): number | null {
  // The rows below a mark were logged before it: the first mark beyond what is there dates the oldest loss.
  const missing = logged.get(index)?.find(({ step }) => step > rows);
  return missing === undefined ? null : Math.max(0, endedAt - missing.at / 1000);
}
