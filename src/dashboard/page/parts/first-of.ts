import { countText } from '../facts/format.js';

/** The start of a list, and the number of items left out. */
export interface FirstOf<T> {
  readonly shown: readonly T[];
  readonly left: number;
}

/** Returns at most `most` items from the start of a list. */
export function firstOf<T>(all: readonly T[], most: number): FirstOf<T> {
  return { shown: all.slice(0, most), left: Math.max(0, all.length - most) };
}

/** Says how many items a list leaves out: `and 1,234 more runs`; null if it is complete. */
export const leftText = (left: number, what: string): string | null =>
  left === 0 ? null : `and ${countText(left)} more${what === '' ? '' : ` ${what}`}`;
