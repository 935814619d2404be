import { dirname } from 'node:path';
import { printable } from '../model/printable.js';
import type { RunFacts } from '../model/run-facts.js';
import { forksIn } from '../run/lineage.js';
import { nodeFs } from '../storage/node-fs.js';
import { firstOf } from './words.js';

/** A run that is not deleted, because the curves of others begin with its rows. */
export interface SparedParent {
  readonly runDir: string;
  /** The folders of the forks that stay. */
  readonly forks: readonly string[];
}

/**
 * Finds the runs among those to be deleted that others were forked from, as far as these stay; and
 * the runs that those were forked from, in turn.
 */
export function sparedParents(doomed: readonly RunFacts[]): SparedParent[] {
  const bases = new Set(doomed.map(({ runDir }) => dirname(dirname(runDir))));
  const forks = [...bases].flatMap((base) => forksIn(nodeFs, base));
  const dying = new Set(doomed.map(({ runDir }) => runDir));
  const spared = new Map<string, string[]>();
  for (let before = -1; before !== spared.size;) {
    before = spared.size;
    for (const { runDir, parentDir } of forks) {
      if (dying.has(runDir) && !spared.has(runDir)) continue;
      if (!dying.has(parentDir)) continue;
      const known = spared.get(parentDir) ?? [];
      if (!known.includes(runDir)) spared.set(parentDir, [...known, runDir]);
    }
  }
  return [...spared].map(([runDir, all]) => ({ runDir, forks: all }));
}

/** Says why a run is not deleted. */
export const sparedText = ({ runDir, forks }: SparedParent): string =>
  `${printable(runDir)} stays: ${firstOf(forks.map(printable), 3)} ${forks.length === 1 ? 'was' : 'were'} forked from it; delete ${forks.length === 1 ? 'that run' : 'those runs'} with it, or first`;
