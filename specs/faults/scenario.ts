/** A source of random numbers that a seed repeats. */
export interface Random {
  /** From 0 up to, but without, `limit`; whole. */
  readonly below: (limit: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  readonly chance: (share: number) => boolean;
}

/** Mulberry32: small, and the same everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    pick: (from) => {
      const picked = from[below(from.length)];
      if (picked === undefined) throw new RangeError('nothing to pick from');
      return picked;
    },
    chance: (share) => next() < share,
  };
}

/** Numbers the harness reports at its end; each is a sum over all scenarios, but for what begins with `worst`. */
export interface Tally {
  kills: number;
  tornTails: number;
  rowsAcknowledged: number;
  rowsLost: number;
  readerOpens: number;
  readerErrors: number;
  cases: number;
  worstExitMs: number;
  /** Age of the oldest row that a kill cost, in milliseconds. */
  worstLossMs: number;
  /** The longest this machine kept a thread that does nothing else from its turn and its sync, in milliseconds. */
  worstDelayMs: number;
}

export const emptyTally = (): Tally => ({
  kills: 0,
  tornTails: 0,
  rowsAcknowledged: 0,
  rowsLost: 0,
  readerOpens: 0,
  readerErrors: 0,
  cases: 0,
  worstExitMs: 0,
  worstLossMs: 0,
  worstDelayMs: 0,
});

/** What a scenario is run with. */
export interface ScenarioContext {
  readonly folder: string;
  readonly seed: number;
  readonly tally: Tally;
  /** How many cases: as many as the pull request's column of the matrix asks for, or the nightly one. */
  readonly amount: (pullRequest: number, nightly: number) => number;
  /** False once the time is used up; a scenario then ends after the case at hand. */
  readonly goOn: () => boolean;
  /** Tells how far it is, on a terminal. */
  readonly progress: (text: string) => void;
}

/** One row, or several, of the fault matrix. */
export interface Scenario {
  readonly name: string;
  /** Rows of the matrix in specs/faults/README.md. */
  readonly rows: readonly number[];
  /** Why it cannot run here; null when it can. */
  readonly unavailable?: () => string | null;
  /** Throws a {@link Violation} when an invariant does not hold. */
  readonly run: (context: ScenarioContext) => Promise<void>;
}
