const ANY = new Set(['*', '%']);

/**
 * True if a whole text matches a pattern, ignoring case: `*` or `%` stands for any characters, `?`
 * for one.
 *
 * One pass that backtracks only to the last star: at most as many steps as pattern times text has
 * characters.
 */
export function isLike(text: string, pattern: string): boolean {
  const [given, wanted] = [Array.from(text.toLowerCase()), Array.from(pattern.toLowerCase())];
  let star = -1;
  let resume = 0;
  let at = 0;
  let place = 0;
  while (at < given.length) {
    const sign = wanted[place];
    if (sign !== undefined && ANY.has(sign)) {
      star = place++;
      resume = at;
    } else if (sign === '?' || (sign !== undefined && sign === given[at])) {
      at++;
      place++;
    } else if (star >= 0) {
      place = star + 1;
      at = ++resume;
    } else return false;
  }
  return wanted.slice(place).every((sign) => ANY.has(sign));
}

/** True if a text contains another one, ignoring case. */
export const holds = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase());
