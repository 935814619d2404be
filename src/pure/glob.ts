/**
 * True if a whole text matches a pattern: each of the `stars` stands for any characters, `?` for
 * one.
 *
 * One pass that backtracks only to the last star: at most as many steps as pattern times text has
 * characters.
 */
export function matchesGlob(text: string, pattern: string, stars = '*'): boolean {
  const [given, wanted] = [Array.from(text), Array.from(pattern)];
  let star = -1;
  let resume = 0;
  let at = 0;
  let place = 0;
  while (at < given.length) {
    const sign = wanted[place];
    if (sign !== undefined && stars.includes(sign)) {
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
  return wanted.slice(place).every((sign) => stars.includes(sign));
}
