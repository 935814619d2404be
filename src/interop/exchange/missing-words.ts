/** Words that tools and spreadsheets write for a missing value, in lower case. */
const WORDS: ReadonlySet<string> = new Set([
  ...['', 'none', 'null', 'nil', 'na', 'n/a', '#na', '#n/a', '<na>', 'nat', 'missing', '-', '--', '---', '.'],
  ...['#div/0!', '#value!', '#ref!', '#num!', '#null!', '#name?'],
]);

/** True for blanks and the usual words for a missing value. */
export const isMissing = (text: string): boolean => WORDS.has(text.trim().toLowerCase());
