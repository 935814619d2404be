import { codeOf, messageOf } from '../../model/errors.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { RunListing } from '../run-index.js';

/** A run, or a file of one, that a query could not see. */
export interface Skipped {
  readonly runDir: string;
  /** A code of an error, `CORRUPT` for most. */
  readonly code: string;
  readonly reason: string;
}

/** Where a query gets from what the runs are. */
export interface FactsSource {
  /** The runs that can be read. */
  runs(): readonly RunFacts[];
  /** Those that cannot, and why. */
  skipped(): readonly Skipped[];
}

/** What a listing has found. */
export const listedSource = ({ runs, unreadable }: RunListing): FactsSource => ({
  runs: () => runs,
  skipped: () => unreadable.map(({ runDir, code, message }) => ({ runDir, code, reason: message })),
});

/** A run whose files say no. */
export function skippedFor(runDir: string, error: unknown): Skipped {
  return { runDir, code: codeOf(error, 'CORRUPT'), reason: messageOf(error) };
}
