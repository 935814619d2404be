import { messageOf } from '../../model/errors.js';
import { corruptAt, isMapping, type Mapping, textAt } from '../source/source-files.js';

const NOT_FINITE: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/**
 * Parses JSON in which Python wrote `NaN` unquoted, which is not valid; it becomes a text, as newer
 * versions of W&B write it.
 *
 * @throws ExpmanError `CORRUPT`, naming the file
 */
export function parsePythonJson(text: string, path: string, line?: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
      token.startsWith('"') ? token : `"${token}"`,
    );
    try {
      return JSON.parse(quoted);
    } catch (error) {
      throw corruptAt(path, `not valid JSON: ${messageOf(error)}`, line);
    }
  }
}

/**
 * Reads a mapping from such a file; null if the file does not exist.
 *
 * @throws ExpmanError `CORRUPT` or `IO`, naming the file
 */
export function pythonJsonAt(path: string): Mapping | null {
  const text = textAt(path);
  if (text === null) return null;
  const json = parsePythonJson(text, path);
  if (isMapping(json)) return json;
  throw corruptAt(path, 'it does not contain named values');
}

/** Returns the number that W&B means by a text such as `"NaN"`; undefined for anything else. */
export const notFiniteOf = (json: unknown): number | undefined => NOT_FINITE.get(json);
