/**
 * The longest text, in characters, that a function may make of a short one.
 *
 * @bound refuses: QUERY_LIMIT
 */
const MAX_MADE = 65_536;
/** Part of the database's error message. */
const TOO_LONG = 'expman: a text of more characters than a query may make';

/**
 * Bounded versions of functions that make a text as long as asked for: texts do not count towards
 * the database's memory limit, and one call cannot be interrupted, so that `repeat('x',
 * 2000000000)` took 8 GB and 41 s.
 *
 * The bound is in the argument: a call with constants in a branch of a CASE is evaluated before the
 * branch is chosen.
 */
export const BOUNDED_FUNCTIONS: readonly string[] = [
  `CREATE MACRO main.repeat(s, n) AS system.main.repeat(s, ${bounded('n', `n > ${MAX_MADE} OR len(s) * n > ${MAX_MADE}`, 'BIGINT')})`,
  ...['lpad', 'rpad'].map(
    (name) =>
      `CREATE MACRO main.${name}(s, n, p) AS system.main.${name}(s, ${bounded('n', `n > ${MAX_MADE}`, 'INTEGER')}, p)`,
  ),
];

function bounded(argument: string, isTooMuch: string, type: string): string {
  return `CASE WHEN ${isTooMuch} THEN error('${TOO_LONG}')::${type} ELSE ${argument} END`;
}

/** True if the database's error says that a text was too long. */
export const isTooLong = (message: string): boolean => message.includes(TOO_LONG);
