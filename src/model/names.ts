import { describeType, ExpmanError } from './errors.js';
import { quoted } from './printable.js';

declare const brand: unique symbol;

/** The name of an experiment: checked, and safe as a folder name. */
export type ExperimentName = string & { readonly [brand]: 'experiment' };

/** The name of a run: checked, and safe as a folder name. */
export type RunName = string & { readonly [brand]: 'run' };

/**
 * The name of an artifact: relative to the artifacts folder, `/` between its parts, never leaving
 * it.
 */
export type ArtifactName = string & { readonly [brand]: 'artifact' };

/** The kinds of names, and the type that the parser returns for each. */
export interface NameKinds {
  readonly experiment: ExperimentName;
  readonly run: RunName;
}

/** @bound refuses: INVALID_NAME */
const MAX_LENGTH = 128;
const ALLOWED = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
// Windows opens the device whatever the extension says.
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;
const NAME_RULE =
  '1 to 128 letters, digits, ".", "_" or "-", beginning with a letter or digit, not ending with ".", and not a Windows device name';

/**
 * Checks the name of an experiment or run and returns it unchanged; a name that is not a valid
 * folder name on every system is refused.
 *
 * @throws ExpmanError `INVALID_NAME` with option, rule, value and type.
 * @example
 * parseName('run', 'lr-1e-3_seed7'); // 'lr-1e-3_seed7'
 * parseName('run', '../other'); // throws INVALID_NAME
 */
export function parseName<K extends keyof NameKinds>(kind: K, text: unknown): NameKinds[K] {
  if (isName(kind, text)) return text;
  throw invalidName(kind === 'experiment' ? 'name' : 'runName', `${kind} name`, NAME_RULE, text);
}

/**
 * The default name of a run, `YYYYMMDD_HHMMSS` in local time.
 *
 * @example
 * defaultRunName(new Date(2026, 0, 1, 12)); // '20260101_120000'
 */
export function defaultRunName(now: Date): RunName {
  const two = (count: number): string => String(count).padStart(2, '0');
  const day = `${String(now.getFullYear()).padStart(4, '0')}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return parseName('run', `${day}_${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`);
}

/**
 * The n-th name to try when a run's name is taken: `name_2`, `name_3`; the name is cut if the
 * suffix needs the room.
 */
export function suffixedName(name: RunName, n: number): RunName {
  const suffix = `_${n}`;
  return parseName('run', name.slice(0, MAX_LENGTH - suffix.length) + suffix);
}

const ARTIFACT_RULE =
  'a relative path with "/" between its parts, without "..", "\\", a drive, control or direction characters; parts of at most 255 bytes, 1,024 in all';
/** @bound refuses: INVALID_NAME */
const MAX_PART_BYTES = 255;
/** @bound refuses: INVALID_NAME */
const MAX_PATH_BYTES = 1024;
// Control characters, lone surrogates, line and paragraph separators, and marks that change the
// text direction.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
const DRIVE = /^[A-Za-z]:(?:\/|$)/;

/**
 * Checks the name of an artifact and returns it without `.` parts and doubled slashes.
 *
 * A colon is allowed (`model:v0`), a drive is not.
 *
 * @throws ExpmanError `INVALID_NAME` with option, rule, value and type.
 * @example
 * parseArtifactName('checkpoints//./epoch-3.json'); // 'checkpoints/epoch-3.json'
 */
export function parseArtifactName(text: unknown): ArtifactName {
  if (typeof text === 'string' && isContained(text)) {
    const parts = text.split('/').filter((part) => part !== '' && part !== '.');
    const name = parts.join('/');
    if (isArtifactName(name, parts)) return name;
  }
  throw invalidName('name', 'artifact name', ARTIFACT_RULE, text);
}

/** True for a name that {@link parseName} accepts. */
export function isName<K extends keyof NameKinds>(_kind: K, text: unknown): text is NameKinds[K] {
  return typeof text === 'string' && ALLOWED.test(text) && !text.endsWith('.') && !DEVICE.test(text);
}

function isContained(text: string): boolean {
  const absolute = text.startsWith('/') || text.includes('\\') || DRIVE.test(text);
  const folder = /(?:^|\/)\.?$/.test(text);
  return !absolute && !folder && !UNPRINTABLE.test(text);
}

function isArtifactName(name: string, parts: readonly string[]): name is ArtifactName {
  return (
    name !== '' &&
    // `./C:` is a drive once its dot is removed.
    !DRIVE.test(name) &&
    Buffer.byteLength(name) <= MAX_PATH_BYTES &&
    parts.every((part) => part !== '..' && Buffer.byteLength(part) <= MAX_PART_BYTES)
  );
}

function invalidName(option: string, what: string, rule: string, value: unknown): ExpmanError {
  const given = typeof value === 'string' ? quoted(value, 200) : describeType(value);
  return new ExpmanError('INVALID_NAME', `${what} must be ${rule}; got ${given}`, {
    option,
    rule,
    value,
    type: describeType(value),
  });
}
