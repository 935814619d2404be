import { codeOf, messageOf } from '../../model/errors.js';
import type { RunFacts } from '../../model/run-facts.js';
import type { RunListing } from '../run-index.js';

/** A run, or a file of one, that a query could not read. */
export interface Skipped {
  readonly runDir: string;
  /** The code of an error, `CORRUPT` for most. */
  readonly code: string;
  readonly reason: string;
}

/** The source of a query's facts about runs. */
export interface FactsSource {
  /** The runs that can be read. */
  runs(): readonly RunFacts[];
  /** Those that cannot be read, and why. */
  skipped(): readonly Skipped[];
}

/** Makes a source of a listing. */
export const listedSource = ({ runs, unreadable }: RunListing): FactsSource => ({
  runs: () => runs,
  skipped: () => unreadable.map(({ runDir, code, message }) => ({ runDir, code, reason: message })),
});

/** Makes the entry for a run that cannot be read. */
export function skippedFor(runDir: string, error: unknown): Skipped {
  return { runDir, code: codeOf(error, 'CORRUPT'), reason: messageOf(error) };
}
