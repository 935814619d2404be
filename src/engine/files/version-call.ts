import { basename, resolve } from 'node:path';
import { type ArtifactFile, MAX_ALIASES, isSize, whyNotAddress } from '../../model/artifact-manifest.js';
import { checkedAlias, checkedName } from '../../model/artifact-ref.js';
import { isArtifactType, TYPE_RULE } from '../../model/artifact-manifest.js';
import { describeType, ExpmanError } from '../../model/errors.js';
import { parseArtifactName } from '../../model/names.js';
import { invalidOption, ruleOf, strings } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { quoted } from '../../model/printable.js';
import { bytesIn } from '../../model/realms.js';
import { isSha256 } from '../../model/stored-values.js';
import { type ArtifactContent, contentOf } from './artifacts.js';

/** A file elsewhere, of which an artifact keeps the address and the checksum; it is never fetched. */
export interface ArtifactReference {
  /** An address with a scheme and a host: `https://…`, `s3://…`; without secrets. */
  readonly url: string;
  /** Hex digits of the SHA-256 of the content. */
  readonly sha256: string;
  /** The size in bytes, if known. */
  readonly bytes?: number | undefined;
}

/**
 * The files of a version: a file or folder, several of them, or a map from names to paths, content
 * and references.
 */
export type ArtifactFiles =
  string | readonly string[] | Readonly<Record<string, string | ArtifactContent | ArtifactReference>>;

/** Options of `run.logArtifact`. */
export interface LogArtifactOptions {
  /**
   * The kind of thing that the artifact is, such as `model` or `dataset`; the same for all its
   * versions. Default: the type it has, or `artifact`.
   */
  readonly type?: string | undefined;
  /** Names for this version, such as `best`; each moves here from the version that had it. */
  readonly aliases?: readonly string[] | undefined;
}

/** A request to log a version, in plain form. */
export interface VersionCall {
  readonly name: string;
  readonly type: string | undefined;
  readonly aliases: readonly string[];
  readonly sources: readonly Source[];
}

/** A source of files; the name is null for the contents of a folder as they are. */
export type Source =
  | { readonly kind: 'path'; readonly path: string; readonly name: string | null }
  | { readonly kind: 'bytes'; readonly name: string; readonly data: Uint8Array }
  | { readonly kind: 'reference'; readonly file: ArtifactFile };

const OPTIONS = optionsTable<LogArtifactOptions>()({
  type: ruleOf(TYPE_RULE, isArtifactType),
  aliases: strings('an array of names'),
});
/** The keys of content and references, which are no names of files when nothing else is there. */
const OF_CONTENT: ReadonlySet<string> = new Set(['text', 'json', 'url', 'sha256', 'bytes']);

/**
 * Checks the arguments of `logArtifact`; content is copied, and may be changed at once.
 *
 * @throws ExpmanError `INVALID_NAME`, `INVALID_OPTION`, `INVALID_VALUE`
 */
export function versionCall(name: unknown, files: unknown, options: LogArtifactOptions = {}): VersionCall {
  const { type, aliases = [] } = OPTIONS.resolve(options);
  if (aliases.length > MAX_ALIASES)
    throw invalidOption('aliases', `an array of at most ${MAX_ALIASES} names`, aliases);
  const sources = sourcesOf(files);
  mustDiffer(sources);
  return { name: checkedName(name), type, aliases: aliases.map(checkedAlias), sources };
}

function mustDiffer(sources: readonly Source[]): void {
  const names = new Set<string | null>();
  for (const source of sources) {
    const name = source.kind === 'reference' ? source.file.path : source.name;
    if (names.has(name))
      throw invalid(
        `two files of the artifact would have the path ${quoted(name ?? '', 200)}; give them names: { 'NAME': path }`,
        name,
      );
    names.add(name);
  }
}

/** Returns files as another thread can take them: without values that only this one has. */
export function plainFiles(sources: readonly Source[]): ArtifactFiles {
  const [first] = sources;
  if (first?.kind === 'path' && first.name === null) return first.path;
  return Object.fromEntries(sources.map(plainEntry));
}

function plainEntry(source: Source): readonly [name: string, given: string | Uint8Array | ArtifactReference] {
  switch (source.kind) {
    case 'path':
      return [source.name ?? basename(source.path), source.path];
    case 'bytes':
      return [source.name, source.data];
    case 'reference': {
      const { path, url, sha256, bytes } = source.file;
      return [path, { url: url ?? '', sha256, ...(bytes !== null && { bytes }) }];
    }
    default:
      return source satisfies never;
  }
}

function sourcesOf(files: unknown): Source[] {
  if (typeof files === 'string') return [{ kind: 'path', path: resolve(pathIn(files)), name: null }];
  if (Array.isArray(files))
    return files.map((each: unknown) => {
      const path = resolve(pathIn(each));
      return { kind: 'path', path, name: parseArtifactName(basename(path)) };
    });
  if (typeof files !== 'object' || files === null || bytesIn(files) !== null || isContentAlone(files))
    throw invalid(
      `the files of an artifact must be a path, an array of paths, or an object from names to paths, bytes, { text }, { json } or { url, sha256 }; got ${describeType(files)} without a name. Write { 'NAME': content }`,
      files,
    );
  return Object.entries(files).map(([name, given]: [string, unknown]) =>
    sourceOf(parseArtifactName(name), given),
  );
}

function isContentAlone(files: object): boolean {
  const keys = Object.keys(files);
  return keys.length > 0 && keys.every((key) => OF_CONTENT.has(key));
}

function sourceOf(name: string, given: unknown): Source {
  if (typeof given === 'string') return { kind: 'path', path: resolve(pathIn(given)), name };
  if (typeof given === 'object' && given !== null && bytesIn(given) === null && 'url' in given)
    return { kind: 'reference', file: referenceOf(name, given) };
  return { kind: 'bytes', name, data: Buffer.from(contentOf(given)) };
}

function referenceOf(path: string, given: object): ArtifactFile {
  const { url, sha256, bytes } = given as Readonly<Record<string, unknown>>;
  const why = whyNotAddress(url);
  // The address is not repeated: it may hold a secret.
  if (why !== null) throw invalid(`the url of ${quoted(path)} ${why}`, undefined);
  if (!isSha256(sha256))
    throw invalid(
      `the sha256 of ${quoted(path)} must be 64 lower-case hex digits: the checksum shows later if the content is still the same`,
      sha256,
    );
  if (bytes !== undefined && !isSize(bytes))
    throw invalid(`the bytes of ${quoted(path)} must be a whole number from 0 up`, bytes);
  return { path, bytes: bytes ?? null, sha256, url: url as string };
}

function pathIn(given: unknown): string {
  if (typeof given === 'string' && given !== '' && !given.includes('\0')) return given;
  throw invalid(`a path must be a non-empty string without NUL, not ${describeType(given)}`, given);
}

/** The error for files that an artifact cannot have. */
export const invalid = (message: string, value: unknown): ExpmanError =>
  new ExpmanError('INVALID_VALUE', message, { option: 'files', value, type: describeType(value) });
