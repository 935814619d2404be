import { matchesGlob } from '../../pure/glob.js';

/**
 * True if a whole text matches a pattern, ignoring case: `*` or `%` stands for any characters, `?`
 * for one.
 */
export const isLike = (text: string, pattern: string): boolean =>
  matchesGlob(text.toLowerCase(), pattern.toLowerCase(), '*%');

/** True if a text contains another one, ignoring case. */
export const holds = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase());
