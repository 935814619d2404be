import { describeType, ExpmanError } from './errors.js';
import { parseArtifactName } from './names.js';
import { quoted } from './printable.js';
import { redactText } from './redact-text.js';

/** A file of a version: content that is kept, or a reference to content elsewhere. */
export interface ArtifactFile {
  /** The path in the version, with `/` between its parts. */
  readonly path: string;
  /** The size in bytes; null for a reference whose size was not given. */
  readonly bytes: number | null;
  /** Hex digits of the content's SHA-256. */
  readonly sha256: string;
  /** The address of a reference, whose content is not kept; null for content that is. */
  readonly url: string | null;
}

/** The run that made a version, or that used one. */
export interface ArtifactRun {
  readonly experiment: string;
  readonly run: string;
  readonly uuid: string;
}

/** The facts of a version, which never change. */
export interface ArtifactManifest {
  readonly name: string;
  /** The kind of thing it is, the same for all versions of an artifact: `model`, `dataset`. */
  readonly type: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** The run that logged it first. */
  readonly createdBy: ArtifactRun;
  /** The aliases that it was given when it was made; other versions may hold them by now. */
  readonly aliases: readonly string[];
  /** A digest of paths, sizes, checksums and addresses: equal for equal content. */
  readonly digest: string;
  /** The size of the content that is kept, in bytes. */
  readonly bytes: number;
  /** The files, in the order of the bytes of their paths. */
  readonly files: readonly ArtifactFile[];
}

/** @bound refuses: INVALID_OPTION, or CORRUPT for a manifest that is there */
export const MAX_ALIASES = 1000;
/** @bound refuses: INVALID_VALUE */
export const MAX_FILES = 100_000;
/** @bound refuses: INVALID_VALUE */
const MAX_URL = 2048;
/** @bound refuses: INVALID_OPTION */
const MAX_TYPE = 128;
/** An address with an authority, of printable ASCII, as it is sent. */
const ADDRESS = /^([a-z][a-z0-9+.-]*):\/\/[!-~]+$/i;
/** Schemes whose addresses are content or code. */
const ACTIVE: ReadonlySet<string> = new Set([
  'about',
  'blob',
  'data',
  'filesystem',
  'javascript',
  'vbscript',
  'view-source',
]);

/** Tells if a value is a size in bytes. */
export const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** Tells if a value is the type of an artifact: a short printable word or two. */
export const isArtifactType = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= MAX_TYPE &&
  /^[\p{L}\p{N}](?:[\p{L}\p{N} ._/-]*[\p{L}\p{N}])?$/u.test(value);

/** The rule of {@link isArtifactType}, in words. */
export const TYPE_RULE = `letters, digits, spaces, ".", "_", "/" or "-", beginning and ending with a letter or digit, at most ${MAX_TYPE} characters`;

/**
 * Tells why a value cannot be the address of a reference; null if it can.
 *
 * Addresses are kept in clear and shown to everybody who can read the experiments, so one with a
 * password or a signature is refused.
 */
export function whyNotAddress(value: unknown): string | null {
  if (typeof value !== 'string') return `must be a string, not ${describeType(value)}`;
  if (value.length > MAX_URL) return `must have at most ${MAX_URL} characters`;
  const [, scheme] = ADDRESS.exec(value) ?? [];
  if (scheme === undefined || ACTIVE.has(scheme.toLowerCase()) || !URL.canParse(value))
    return 'must be an address such as https://host/path or s3://bucket/key, percent-encoded, of a scheme that only names a place';
  if (redactText(value) !== value || isSigned(value))
    return 'holds a password, a token or a signature, which would be kept in clear; leave it out';
  return null;
}

/** The names by which clouds sign addresses, and that {@link redactText} does not know as secrets. */
const isSigned = (url: string): boolean =>
  /[?&](?:x-(?:amz|goog)-(?:signature|credential|security-token)|sig|signature)=/i.test(url);

/**
 * Checks the files of a version, and returns them in the order of their paths.
 *
 * @throws ExpmanError `INVALID_VALUE` for no files or too many, for two paths that some file system
 * takes for one, and for a path below a file; `INVALID_NAME` for a path that leads out
 */
export function checkedFiles(files: readonly ArtifactFile[]): ArtifactFile[] {
  if (files.length === 0) throw invalid('an artifact must have at least one file');
  if (files.length > MAX_FILES)
    throw invalid(`an artifact may have ${MAX_FILES} files; this one has ${files.length}`);
  const paths = new Set<string>();
  const folders = new Map<string, string>();
  for (const { path } of files) {
    if (parseArtifactName(path) !== path) throw invalid(`${quoted(path, 200)} is not a plain path`);
    const folded = fold(path);
    if (paths.has(folded))
      throw invalid(
        `two files of the artifact would have the path ${quoted(path, 200)}, on some file systems at least`,
      );
    paths.add(folded);
    for (let at = folded.indexOf('/'); at >= 0; at = folded.indexOf('/', at + 1))
      folders.set(folded.slice(0, at), path);
  }
  for (const [folder, path] of folders)
    if (paths.has(folder)) throw invalid(`${quoted(path, 200)} would lie below a file of the artifact`);
  return inOrder(files);
}

const fold = (path: string): string => path.normalize('NFC').toLowerCase();

const inOrder = (files: readonly ArtifactFile[]): ArtifactFile[] =>
  files
    .map((file) => ({ file, key: Buffer.from(file.path) }))
    .sort((one, other) => Buffer.compare(one.key, other.key))
    .map(({ file }) => file);

/** The size of the content that is kept of some files. */
export const keptBytes = (files: readonly ArtifactFile[]): number =>
  files.reduce((sum, { bytes, url }) => sum + (url === null ? (bytes ?? 0) : 0), 0);

const invalid = (message: string): ExpmanError =>
  new ExpmanError('INVALID_VALUE', message, { option: 'files' });
