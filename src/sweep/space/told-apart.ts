import { containsNumber } from './number-values.js';
import type { NumberNode, SpaceNode } from './space-tree.js';

/**
 * True if two nodes can take equal values, so that a value does not show which node it belongs to.
 */
export function mayLookAlike(a: SpaceNode, b: SpaceNode): boolean {
  if (a.kind === 'choice') return a.options.some((option) => mayLookAlike(option, b));
  if (b.kind === 'choice') return mayLookAlike(b, a);
  if (a.kind === 'group' || b.kind === 'group') {
    if (a.kind !== 'group' || b.kind !== 'group' || a.entries.length !== b.entries.length) return false;
    return a.entries.every(([name, inner], at) => {
      const other = b.entries[at];
      return other?.[0] === name && mayLookAlike(inner, other[1]);
    });
  }
  if (a.kind === 'number') return b.kind === 'number' || canBe(a, b.value);
  return b.kind === 'number' ? canBe(b, a.value) : a.value === b.value;
}

function canBe({ distribution }: NumberNode, value: unknown): boolean {
  return typeof value === 'number' && containsNumber(distribution, value);
}
