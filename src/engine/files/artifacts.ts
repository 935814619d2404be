import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeType, errnoOf, ExpmanError, messageOf } from '../../model/errors.js';
import { type ArtifactName, parseArtifactName } from '../../model/names.js';
import type { Params } from '../../model/params.js';
import { quoted } from '../../model/printable.js';
import { bytesIn } from '../../model/realms.js';
import { replaceBy } from '../../storage/atomic-file.js';
import { rightsIn } from '../../storage/node-fs.js';
import { asyncFs } from './async-fs.js';

/** The facts about a saved artifact, which is complete, under its name and on the device. */
export interface ArtifactFacts {
  readonly name: ArtifactName;
  readonly bytes: number;
  /** The digest of the content, in hex. */
  readonly sha256: string;
}

/** Content saved under a name: bytes, a text as UTF-8, or a value as JSON with an indent of two. */
export type ArtifactContent =
  Uint8Array | ArrayBuffer | SharedArrayBuffer | { readonly text: string } | { readonly json: unknown };

/** A request to `saveArtifact`: a file to copy, or content for a name. */
export type ArtifactCall =
  | { readonly path: string; readonly name: string | undefined }
  | { readonly name: string; readonly data: Uint8Array };

const ARTIFACTS_FOLDER = 'artifacts';
/** Characters that show that a name is in fact content that was meant to be saved. */
const OF_CONTENT = /["'{}\n\r]/;
/** The size of the pieces in which files are read. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * Parses the arguments of `saveArtifact`.
 *
 * @throws ExpmanError `INVALID_NAME`, also for content in place of a name; `INVALID_VALUE` for
 * anything else
 */
export function artifactCall(nameOrPath: unknown, given: unknown): ArtifactCall {
  if (typeof nameOrPath !== 'string')
    throw invalidName(`a name or path must be a string, not ${describeType(nameOrPath)}`, nameOrPath);
  if (given === undefined) return { path: nameOrPath, name: undefined };
  if (typeof given !== 'string') return { name: nameOrPath, data: contentOf(given) };
  if (OF_CONTENT.test(given))
    throw invalidName(
      `${quoted(given, 60)} looks like content, not like the name of an artifact; write saveArtifact(name, { text }), { json } or bytes to save content, saveArtifact(path, name) to copy a file`,
      given,
    );
  return { path: nameOrPath, name: given };
}

const invalidName = (message: string, value: unknown): ExpmanError =>
  new ExpmanError('INVALID_NAME', message, { value });

/**
 * Returns the bytes of content that is to be saved. @throws ExpmanError `INVALID_VALUE`, naming it
 * by `what`, and `files` as a further form of content that the caller has taken out before
 */
export function contentOf(given: unknown, what = 'an artifact', files = ''): Uint8Array {
  const bytes = bytesIn(given);
  if (bytes !== null) return bytes;
  const { text, json } =
    typeof given === 'object' && given !== null ? (given as Partial<Record<'text' | 'json', unknown>>) : {};
  if (typeof text === 'string') return Buffer.from(text);
  const written = json === undefined ? undefined : jsonTextOf(json);
  if (written !== undefined) return Buffer.from(`${written}\n`);
  throw new ExpmanError(
    'INVALID_VALUE',
    `${what} must be bytes, { text: string }${files === '' ? ' or' : ','} { json: value }${files === '' ? '' : ` or ${files}`}, not ${describeType(given)}`,
    { value: given, type: describeType(given) },
  );
}

function jsonTextOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, null, 2);
  } catch (cause) {
    throw new ExpmanError('INVALID_VALUE', `a value cannot be saved as JSON: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Copies a file into a run's artifacts, under its own base name unless another is given.
 *
 * The content goes through a temporary file, so the name always refers to a complete artifact, the
 * old or the new one. Memory does not grow with the file. On failure nothing is left behind and an
 * older artifact of that name is unchanged.
 *
 * @throws ExpmanError `INVALID_NAME` for a name that leads out of the run, also by a link on the
 * way; `ARTIFACT_NOT_FOUND` if the source does not exist or is not a regular file; `IO` if the file
 * system refuses.
 */
export async function copyArtifact(
  runDir: string,
  sourcePath: string,
  name?: string,
): Promise<ArtifactFacts> {
  const target = parseArtifactName(name ?? basename(sourcePath));
  return telling(`the artifact ${sourcePath}`, sourcePath, () =>
    copyFrom(sourcePath, (chunks) => place(runDir, target, chunks)),
  );
}

/**
 * Writes bytes or a text (as UTF-8) into a run's artifacts; otherwise like {@link copyArtifact}.
 *
 * The data is copied before the promise is returned, and may be changed at once.
 *
 * @throws ExpmanError `INVALID_NAME`, `IO`
 */
export async function writeArtifact(
  runDir: string,
  name: string,
  data: Uint8Array | string,
): Promise<ArtifactFacts> {
  const target = parseArtifactName(name);
  const bytes = Buffer.from(data);
  const path = join(runDir, ARTIFACTS_FOLDER, target);
  return telling(`the artifact ${path}`, path, () => place(runDir, target, [bytes]));
}

/** Performs a call of `saveArtifact`; every error is a rejection. */
export async function saveArtifact(
  runDir: string,
  nameOrPath: unknown,
  given: unknown,
): Promise<ArtifactFacts> {
  const artifact = artifactCall(nameOrPath, given);
  return 'data' in artifact
    ? writeArtifact(runDir, artifact.name, artifact.data)
    : copyArtifact(runDir, artifact.path, artifact.name);
}

/**
 * The entry of an artifact in run.yaml, once it is saved; null if it could not be saved, which is
 * reported.
 */
export function artifactFact(
  saved: Promise<ArtifactFacts>,
  report: (problem: string) => void,
): Promise<Params | null> {
  return saved.then(
    ({ name, bytes, sha256 }) => ({
      artifacts: { [name]: { bytes, sha256, savedAt: new Date().toISOString() } },
    }),
    (error: unknown) => {
      report(`an artifact was not saved: ${messageOf(error)}`);
      return null;
    },
  );
}

/** Opens a file to keep; follows links. @throws ExpmanError `ARTIFACT_NOT_FOUND` */
export async function openSource(path: string): Promise<FileHandle> {
  const absent = (why: string, cause?: unknown): ExpmanError =>
    new ExpmanError('ARTIFACT_NOT_FOUND', `${path} ${why}`, { path, cause });
  // A FIFO must not block the open; the flag is undefined on Windows, which counts as 0.
  const source = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw errnoOf(error) === 'ENOENT' ? absent('does not exist', error) : error;
  });
  try {
    if (!(await source.stat()).isFile()) throw absent('is not a regular file');
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

async function place(runDir: string, name: ArtifactName, chunks: Chunks): Promise<ArtifactFacts> {
  return { name, ...(await placeFile(runDir, [ARTIFACTS_FOLDER, ...name.split('/')], chunks)) };
}

/**
 * Writes a file of a run through a temporary file, so that its name refers to all of it; makes the
 * folders on the way, none of which may be a link.
 *
 * @param parts - the names on the way from the run's folder to the file
 */
export async function placeFile(
  runDir: string,
  parts: readonly string[],
  chunks: Chunks,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  await makeFolders(runDir, parts.slice(0, -1));
  return replaceBy(asyncFs, join(runDir, ...parts), async (file) => {
    const meter = new Meter();
    await writeFile(file, meter.through(chunks));
    return { bytes: meter.bytes, sha256: meter.sha256() };
  });
}

/**
 * Copies a file in pieces, which are passed to `place`.
 *
 * @throws ExpmanError `ARTIFACT_NOT_FOUND` if it does not exist or is not a regular file; errors of
 * the file system
 */
export async function copyFrom<T>(path: string, place: (chunks: Chunks) => Promise<T>): Promise<T> {
  const source = await openSource(path);
  try {
    return await place(source.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES }));
  } finally {
    await source.close();
  }
}

/** Counts and hashes the bytes that pass through it. */
class Meter {
  readonly #hash = createHash('sha256');
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  sha256(): string {
    return this.#hash.digest('hex');
  }

  async *through(chunks: Chunks): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
      yield chunk;
    }
  }
}

/** Makes the missing folders one by one, so that no link on the way leads out of the run. */
async function makeFolders(base: string, parts: readonly string[]): Promise<void> {
  let folder = base;
  for (const part of parts) {
    const above = folder;
    folder = join(above, part);
    if (await isMade(folder)) await asyncFs.syncFolder(above);
    const stats = await lstat(folder);
    if (stats.isSymbolicLink())
      throw new ExpmanError(
        'INVALID_NAME',
        `${folder} is a link; the files of a run must stay in its folder`,
        {
          path: folder,
        },
      );
    if (!stats.isDirectory()) throw Object.assign(new Error(`ENOTDIR: ${folder}`), { code: 'ENOTDIR' });
  }
}

async function isMade(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, rightsIn(dirname(folder)).folder);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Converts a failure of the file system while something is saved to this package's error. */
export async function telling<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExpmanError) throw error;
    const errno = errnoOf(error);
    throw new ExpmanError('IO', `${what} cannot be saved: ${errno ?? String(error)}`, {
      path,
      cause: error,
      ...(errno !== undefined && { errno }),
    });
  }
}
