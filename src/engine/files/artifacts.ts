import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errnoOf, ExpmanError, messageOf } from '../../model/errors.js';
import { type ArtifactName, parseArtifactName } from '../../model/names.js';
import type { Params } from '../../model/params.js';
import { replaceBy } from '../../storage/atomic-file.js';
import { asyncFs } from './async-fs.js';

/** What is known of an artifact once it is whole, under its name and on the device. */
export interface ArtifactFacts {
  readonly name: ArtifactName;
  readonly bytes: number;
  /** Of the content, in hex. */
  readonly sha256: string;
}

const ARTIFACTS_FOLDER = 'artifacts';
const CHUNK_BYTES = 256 * 1024;

/**
 * Copies a file into a run's artifacts, under its own base name unless another is given.
 *
 * The content goes through a temporary file, so the name always holds an old artifact or the new one, whole. Memory does
 * not grow with the file. On failure nothing is left behind and an older artifact of that name is as it was.
 *
 * @throws ExpmanError `INVALID_NAME` for a name that leads out of the run, by a link on the way too; `ARTIFACT_NOT_FOUND`
 * when the source is not there or is no regular file; `IO` when the file system refuses.
 */
export async function copyArtifact(
  runDir: string,
  sourcePath: string,
  name?: string,
): Promise<ArtifactFacts> {
  const target = parseArtifactName(name ?? basename(sourcePath));
  return telling(sourcePath, async () => {
    const source = await openSource(sourcePath);
    try {
      const chunks = source.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES });
      return await place(runDir, target, chunks);
    } finally {
      await source.close();
    }
  });
}

/**
 * Writes bytes or a text (as UTF-8) into a run's artifacts; otherwise as {@link copyArtifact}.
 *
 * The data is copied before this returns its promise and may be changed at once.
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
  return telling(join(runDir, ARTIFACTS_FOLDER, target), () => place(runDir, target, [bytes]));
}

/** An artifact as run.yaml lists it, once it is saved; null when it was not, which is reported. */
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

async function openSource(path: string): Promise<FileHandle> {
  const absent = (why: string, cause?: unknown): ExpmanError =>
    new ExpmanError('ARTIFACT_NOT_FOUND', `${path} ${why}`, { path, cause });
  // A fifo must not hang the open; the flag is undefined on Windows, which reads as 0.
  const source = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw errnoOf(error) === 'ENOENT' ? absent('is not there', error) : error;
  });
  try {
    if (!(await source.stat()).isFile()) throw absent('is no regular file');
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

async function place(runDir: string, name: ArtifactName, chunks: Chunks): Promise<ArtifactFacts> {
  await makeFolders(runDir, [ARTIFACTS_FOLDER, ...name.split('/').slice(0, -1)]);
  const facts = await replaceBy(asyncFs, join(runDir, ARTIFACTS_FOLDER, name), async (file) => {
    const meter = new Meter();
    await writeFile(file, meter.through(chunks));
    return { bytes: meter.bytes, sha256: meter.sha256() };
  });
  return { name, ...facts };
}

/** Counts and hashes what passes. */
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

/** Makes the folders that are missing, one by one, so that no link on the way leads out of the run. */
async function makeFolders(base: string, parts: readonly string[]): Promise<void> {
  let folder = base;
  for (const part of parts) {
    const above = folder;
    folder = join(above, part);
    if (await isMade(folder)) await asyncFs.syncFolder(above);
    const stats = await lstat(folder);
    if (stats.isSymbolicLink())
      throw new ExpmanError('INVALID_NAME', `${folder} is a link, an artifact must stay in its run`, {
        path: folder,
      });
    if (!stats.isDirectory()) throw Object.assign(new Error(`ENOTDIR: ${folder}`), { code: 'ENOTDIR' });
  }
}

async function isMade(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, 0o700);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Tells a failure of the file system as this package's error. */
async function telling<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExpmanError) throw error;
    const errno = errnoOf(error);
    throw new ExpmanError('IO', `the artifact ${path} cannot be kept: ${errno ?? String(error)}`, {
      path,
      cause: error,
      ...(errno !== undefined && { errno }),
    });
  }
}
