/** Writes a number with commas: `1,234`. */
export const count = (number: number): string => number.toLocaleString('en-US');

/** Writes a number of things: `1 run has dropped rows` from 1 and `runs have dropped rows`. */
export const quantity = (number: number, plural: string): string =>
  `${count(number)} ${inNumber(number, plural)}`;

/** Puts words into the singular for one thing: the first plural noun, and the first verb. */
export const inNumber = (number: number, plural: string): string =>
  number === 1
    ? plural
        .replace(/(\w)s\b/, '$1')
        .replace(/\b(?:are|have|were|hold)\b/, (verb) => SINGULAR_VERBS[verb] ?? verb)
    : plural;

const SINGULAR_VERBS: Readonly<Record<string, string>> = {
  are: 'is',
  have: 'has',
  were: 'was',
  hold: 'holds',
};
