import { type Ancestor, lineageProblem } from '../run/lineage.js';

const told = new Set<string>();

/** Notes that a caller asked for the lineage of a run, and needs no warning. */
export const knowsLineage = (runDir: string): unknown => told.add(runDir);

/** Warns the process, once for each run, that rows of its parents are missing. */
export function tellLineage(runDir: string, lineage: readonly Ancestor[]): void {
  const problem = lineageProblem(lineage);
  if (problem === null || told.has(runDir)) return;
  told.add(runDir);
  process.emitWarning(`${runDir}: ${problem}`, { code: 'RUN_NOT_FOUND', type: 'ExpmanWarning' });
}
