import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ArtifactFile, MAX_FILES } from '../../model/artifact-manifest.js';
import { errnoOf, ExpmanError } from '../../model/errors.js';
import { parseArtifactName } from '../../model/names.js';
import { quoted } from '../../model/printable.js';
import { type Chunks, measured } from '../../storage/artifacts/blob-folder.js';
import { CHUNK_BYTES, openSource } from './artifacts.js';
import { type Source, invalid } from './version-call.js';

/** The files of a version, with their checksums, and the way to their contents. */
export interface HashedSources {
  readonly files: readonly ArtifactFile[];
  readonly contentOf: (file: ArtifactFile) => Chunks;
}

/**
 * Finds all files and computes their checksums.
 *
 * @throws ExpmanError `ARTIFACT_NOT_FOUND` for a path that does not exist, `INVALID_VALUE` for a
 * link or a device in a folder, for no files and for two of one name, `INVALID_NAME`, `IO`
 */
export async function hashedSources(sources: readonly Source[]): Promise<HashedSources> {
  const contents = new Map<string, () => Chunks>();
  const files: ArtifactFile[] = [];
  const add = async (path: string, chunks: () => Chunks): Promise<void> => {
    if (files.length >= MAX_FILES)
      throw invalid(`an artifact may have at most ${MAX_FILES} files; pack them into one`, undefined);
    files.push({ path, url: null, ...(await measured(chunks())) });
    contents.set(path, chunks);
  };
  for (const source of sources)
    switch (source.kind) {
      case 'reference':
        files.push(source.file);
        break;
      case 'bytes':
        await add(source.name, () => [source.data]);
        break;
      case 'path':
        for await (const [name, path] of filesAt(source.path, source.name))
          await add(name, () => fileChunks(path));
        break;
      default:
        source satisfies never;
    }
  return {
    files,
    contentOf: ({ path }) => {
      const chunks = contents.get(path);
      if (chunks === undefined) throw new ExpmanError('ARTIFACT_NOT_FOUND', `there is no ${quoted(path)}`);
      return chunks();
    },
  };
}

/** The name in the version and the path of each file at or below a path. */
async function* filesAt(path: string, name: string | null): AsyncGenerator<readonly [string, string], void> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    throw new ExpmanError('ARTIFACT_NOT_FOUND', `${path} does not exist`, { path, cause: error });
  }
  if (!isFolder) yield [name ?? parseArtifactName(basename(path)), path];
  else yield* filesBelow(path, name === null ? '' : `${name}/`);
}

async function* filesBelow(folder: string, prefix: string): AsyncGenerator<readonly [string, string], void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path, `${prefix}${entry.name}/`);
    else if (entry.isFile()) yield [parseArtifactName(prefix + entry.name), path];
    else
      throw invalid(
        `${path} is a ${kindOf(entry)}, which is not followed in a folder; name it by itself: { 'NAME': path }`,
        path,
      );
  }
}

const kindOf = (entry: Dirent): string => (entry.isSymbolicLink() ? 'link' : 'device, pipe or socket');

async function* fileChunks(path: string): AsyncGenerator<Uint8Array, void> {
  const source = await openSource(path);
  try {
    yield* source.createReadStream({
      autoClose: false,
      highWaterMark: CHUNK_BYTES,
    }) as AsyncIterable<Uint8Array>;
  } finally {
    await source.close();
  }
}
