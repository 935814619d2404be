import { createHash } from 'node:crypto';
import { isAlias, LATEST } from '../../model/artifact-ref.js';
import {
  type ArtifactFile,
  type ArtifactManifest,
  type ArtifactRun,
  checkedFiles,
  isArtifactType,
  isSize,
  keptBytes,
  whyNotAddress,
  MAX_ALIASES,
} from '../../model/artifact-manifest.js';
import { ExpmanError, messageOf } from '../../model/errors.js';
import { isRecord, isSha256 } from '../../model/stored-values.js';
import { VERSION } from '../../model/version.js';
import { unsupportedVersion } from '../unsupported-version.js';

/** The format of manifests and aliases that is written, and the latest that is read. */
const FORMAT = 1;
/** @bound refuses: INVALID_VALUE, or CORRUPT for one that is there */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** What the file of a version says. */
export type VersionFile =
  | { readonly kind: 'whole'; readonly manifest: ArtifactManifest }
  /** The version was removed; its number is never used again. */
  | { readonly kind: 'pruned'; readonly prunedAt: string };

/** A statement of an artifact's aliases, which holds for its versions up to a number. */
export interface AliasStatement {
  readonly upTo: number;
  /** The version that each alias names. */
  readonly aliases: ReadonlyMap<string, number>;
}

/**
 * Computes the digest of a version's files: SHA-256 of one line per file, in order, of checksum,
 * size, address and path.
 */
export function digestOf(files: readonly ArtifactFile[]): string {
  const hash = createHash('sha256');
  for (const { sha256, bytes, url, path } of files)
    hash.update(`${sha256} ${bytes ?? '-'} ${url ?? '-'} ${path}\n`);
  return hash.digest('hex');
}

/** @throws ExpmanError `INVALID_VALUE` if it is larger than a reader takes */
export function manifestBytes(manifest: ArtifactManifest): Buffer {
  const bytes = jsonBytes(manifest);
  if (bytes.length <= MAX_MANIFEST_BYTES) return bytes;
  throw new ExpmanError(
    'INVALID_VALUE',
    `the list of the artifact's files has ${bytes.length} bytes, more than ${MAX_MANIFEST_BYTES}; pack files into one, or use shorter paths`,
    { option: 'files' },
  );
}

/** The file that stands for a version that was removed. */
export const tombstoneBytes = ({ name, digest, createdAt }: ArtifactManifest, prunedAt: string): Buffer =>
  jsonBytes({ name, digest, createdAt, prunedAt });

/** The file that states the aliases of an artifact. */
export const aliasBytes = ({ upTo, aliases }: AliasStatement): Buffer =>
  jsonBytes({ upTo, aliases: Object.fromEntries(aliases) });

const jsonBytes = (content: object): Buffer =>
  Buffer.from(`${JSON.stringify({ format: FORMAT, writtenBy: VERSION, ...content }, null, 1)}\n`);

/**
 * Parses the file of a version.
 *
 * @throws ExpmanError `CORRUPT` for anything that is not one of the artifact `name`,
 * `UNSUPPORTED_VERSION`
 */
export function parseVersionFile(bytes: Uint8Array, name: string, path: string): VersionFile {
  const said = parsed(bytes, path);
  if (said['name'] !== name) throw corrupt(path, `is not of the artifact ${name}`);
  const { prunedAt } = said;
  if (typeof prunedAt === 'string') return { kind: 'pruned', prunedAt };
  const { type, createdAt, digest, aliases } = said;
  const createdBy = runIn(said['createdBy']);
  if (!isArtifactType(type) || typeof createdAt !== 'string' || createdBy === null || !Array.isArray(aliases))
    throw corrupt(path, 'lacks type, createdAt, createdBy or aliases');
  if (aliases.length > MAX_ALIASES || !aliases.every(isAlias))
    throw corrupt(path, 'has aliases that are not valid');
  const files = filesIn(said['files'], path);
  if (digest !== digestOf(files)) throw corrupt(path, 'has files that do not match its digest');
  const bytesKept = keptBytes(files);
  return {
    kind: 'whole',
    manifest: { name, type, createdAt, createdBy, aliases, digest, bytes: bytesKept, files },
  };
}

/** Parses a statement of aliases. @throws ExpmanError `CORRUPT`, `UNSUPPORTED_VERSION` */
export function parseAliases(bytes: Uint8Array, path: string): AliasStatement {
  const { upTo, aliases } = parsed(bytes, path);
  if (!isSize(upTo) || !isRecord(aliases)) throw corrupt(path, 'lacks upTo or aliases');
  const entries = Object.entries(aliases).filter(
    (entry): entry is [string, number] => (entry[0] === LATEST || isAlias(entry[0])) && isSize(entry[1]),
  );
  return { upTo, aliases: new Map(entries) };
}

function parsed(bytes: Uint8Array, path: string): Readonly<Record<string, unknown>> {
  let said: unknown;
  try {
    said = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw corrupt(path, `is not valid JSON: ${messageOf(error)}`);
  }
  if (!isRecord(said)) throw corrupt(path, 'does not hold an object');
  const { format, writtenBy } = said;
  if (typeof format !== 'number' || format < 1) throw corrupt(path, 'does not say its format');
  if (format > FORMAT)
    throw unsupportedVersion(path, {
      what: 'file of an artifact',
      version: format,
      known: FORMAT,
      writtenBy: typeof writtenBy === 'string' ? writtenBy : undefined,
    });
  return said;
}

function filesIn(said: unknown, path: string): ArtifactFile[] {
  const files = (Array.isArray(said) ? said : []).map((each: unknown): ArtifactFile => {
    const { path: name, bytes, sha256, url = null } = isRecord(each) ? each : {};
    if (typeof name !== 'string' || !isSha256(sha256))
      throw corrupt(path, 'has a file without path or sha256');
    if (url === null) {
      if (!isSize(bytes)) throw corrupt(path, 'has a file without its size');
      return { path: name, bytes, sha256, url };
    }
    if (typeof url !== 'string' || whyNotAddress(url) !== null)
      throw corrupt(path, 'has a reference whose address is not valid');
    return { path: name, bytes: isSize(bytes) ? bytes : null, sha256, url };
  });
  try {
    return checkedFiles(files);
  } catch (error) {
    throw corrupt(path, `is not valid: ${messageOf(error)}`);
  }
}

function runIn(said: unknown): ArtifactRun | null {
  const { experiment, run, uuid } = isRecord(said) ? said : {};
  if (typeof experiment !== 'string' || typeof run !== 'string' || typeof uuid !== 'string') return null;
  return { experiment, run, uuid };
}

const corrupt = (path: string, why: string): ExpmanError =>
  new ExpmanError('CORRUPT', `${path} ${why}`, { path });
