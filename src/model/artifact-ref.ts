import { describeType, ExpmanError } from './errors.js';
import { parseName } from './names.js';
import { quoted } from './printable.js';

/** The alias of the version that was logged last. */
export const LATEST = 'latest';

/** A version of an artifact as a caller names it: by its number or by an alias. */
export type ArtifactRef =
  { readonly name: string; readonly version: number } | { readonly name: string; readonly alias: string };

const REF_RULE =
  'NAME, NAME:vN or NAME:ALIAS, such as model:v3 or model:latest; names have the rules of run names';
const ALIAS_RULE =
  '1 to 128 letters, digits, ".", "_" or "-", beginning with a letter or digit, not "latest" and not a version such as v3';
const VERSION = /^v([1-9]\d{0,14})$/;
/** Anything that a reader could take for the number of a version. */
const LIKE_VERSION = /^v\d+$/i;

/** Formats a version: `model:v3`. */
export const versionRef = (name: string, version: number): string => `${name}:v${version}`;

/**
 * Parses the name of a version; a name alone means its latest version.
 *
 * @throws ExpmanError `INVALID_NAME`
 * @example
 * parseArtifactRef('model:v3'); // { name: 'model', version: 3 }
 */
export function parseArtifactRef(text: unknown): ArtifactRef {
  const [name, selector = LATEST, ...rest] = typeof text === 'string' ? text.split(':') : [];
  if (rest.length > 0 || !isNameLike(name) || !isNameLike(selector)) throw refused('ref', REF_RULE, text);
  const version = versionIn(selector);
  if (version !== null) return { name, version };
  if (LIKE_VERSION.test(selector)) throw refused('ref', REF_RULE, text);
  return { name, alias: selector };
}

/** Checks the name of an artifact with versions. @throws ExpmanError `INVALID_NAME` */
export function checkedName(name: unknown): string {
  if (isNameLike(name)) return name;
  throw refused('name', 'a name with the rules of run names, without a version', name);
}

/** Checks an alias that a caller gives to a version. @throws ExpmanError `INVALID_NAME` */
export function checkedAlias(alias: unknown): string {
  if (isAlias(alias)) return alias;
  throw refused('aliases', ALIAS_RULE, alias);
}

/** Tells if a value can be the alias of a version, other than `latest`. */
export const isAlias = (value: unknown): value is string =>
  isNameLike(value) && value !== LATEST && !LIKE_VERSION.test(value);

/** Parses `v3`; null for anything else. */
export function versionIn(text: string): number | null {
  const [, digits] = VERSION.exec(text) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** Tells if a value is the name of an artifact: it becomes the name of a folder. */
export function isNameLike(value: unknown): value is string {
  try {
    parseName('run', value);
    return true;
  } catch {
    return false;
  }
}

function refused(option: string, rule: string, value: unknown): ExpmanError {
  const given = typeof value === 'string' ? quoted(value, 200) : describeType(value);
  return new ExpmanError('INVALID_NAME', `an artifact's ${option} must be ${rule}; got ${given}`, {
    option,
    rule,
    value,
    type: describeType(value),
  });
}
