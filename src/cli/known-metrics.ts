import { ExpmanError } from '../model/errors.js';
import { nearestWord } from '../model/nearest-word.js';
import { firstOf } from './words.js';

/**
 * @bound tells: the message says how many more; specs/cli/left-out.spec.ts "says how many metrics
 * it has no room for"
 */
const MAX_NAMED = 20;

/**
 * Checks that every metric named by `--metrics` exists.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`, with the metrics there are
 */
export function knownMetrics(
  wanted: readonly string[] | undefined,
  known: ReadonlySet<string>,
): readonly string[] | undefined {
  const missing = wanted?.find((name) => !known.has(name));
  if (missing === undefined) return wanted;
  const names = [...known];
  const near = nearestWord(missing, names);
  const shown = firstOf(names, MAX_NAMED);
  throw new ExpmanError(
    'INVALID_OPTION',
    `unknown metric ${JSON.stringify(missing)}${near === undefined ? '' : `; did you mean ${near}?`} (${names.length === 0 ? 'there are no metrics' : `known metrics: ${shown}`})`,
    { option: 'metrics', value: missing },
  );
}
