import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import { asyncFs } from '../../engine/files/async-fs.js';
import { ExpmanError } from '../../model/errors.js';
import { replaceBy } from '../../storage/atomic-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { readArchive } from './read-archive.js';

/** Files to pack: their paths below a folder, and their paths in the archive. */
export interface Packing {
  readonly within: string;
  readonly sources: ReadonlyMap<string, string>;
  /** True if the files may belong to several runs of an experiment. */
  readonly manyRuns: boolean;
  readonly onBytes: ((bytes: number, step: 'packed' | 'compared') => void) | null | undefined;
}

/**
 * Packs files into a new archive, which is read back and compared before it gets its name; returns
 * their total size. On failure nothing is left.
 *
 * @throws {@link ExpmanError} `CORRUPT`, `UNSAFE_ARCHIVE` for names that no archive may hold
 * together, `IO`, also if the archive exists
 */
export async function packFiles(
  target: string,
  { within, sources, manyRuns, onBytes }: Packing,
): Promise<number> {
  if (nodeFs.stat(target) !== null)
    throw new ExpmanError('IO', `${target} already exists; choose another path, or remove it first`, {
      path: target,
      errno: 'EEXIST',
    });
  let bytes = 0;
  await replaceBy(
    asyncFs,
    target,
    (file) => pack(within, sources, file, (packed) => onBytes?.(packed, 'packed')),
    async (temp) => {
      bytes = await compare(within, sources, temp, manyRuns, (read) => onBytes?.(read, 'compared'));
    },
  );
  return bytes;
}

/** Packs the files into an open file, and returns its length. */
async function pack(
  cwd: string,
  sources: ReadonlyMap<string, string>,
  file: FileHandle,
  report: (bytes: number) => void,
): Promise<{ readonly bytes: number }> {
  const packed = create(
    {
      cwd,
      gzip: true,
      portable: true,
      strict: true,
      noDirRecurse: true,
      onWriteEntry: (entry) => {
        entry.path = sources.get(entry.path.replace(/^\.\//, '')) ?? entry.path;
      },
    },
    // A name that begins with @ would be treated as an archive to copy from.
    [...sources.keys()].map((name) => `./${name}`),
  );
  let bytes = 0;
  const count = (sofar: number): void => report((bytes = sofar));
  await writeFile(file, counted(packed, count));
  return { bytes };
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  tell: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    tell((bytes += chunk.length));
  }
}

/** Reads the archive back and compares the content of every file; returns the total bytes. */
async function compare(
  cwd: string,
  sources: ReadonlyMap<string, string>,
  temp: string,
  manyRuns: boolean,
  tell: (bytes: number) => void,
): Promise<number> {
  const found = new Map<string, string>();
  let bytes = 0;
  await readArchive(temp, { maxFiles: Infinity, maxBytes: Infinity, manyRuns }, (name) => {
    if (name.kind === 'folder') return null;
    const hash = createHash('sha256');
    return {
      write: (chunk) => {
        hash.update(chunk);
        tell((bytes += chunk.length));
      },
      close: () => {
        const run = name.kind === 'file' ? [name.run] : [];
        found.set([name.experiment, ...run, name.name].join('/'), hash.digest('hex'));
      },
    };
  });
  for (const [source, path] of sources) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(cwd, source)), hash);
    if (found.get(path) !== hash.digest('hex'))
      throw new ExpmanError(
        'CORRUPT',
        `${path} differs between the archive and the run: has it changed in the meantime?`,
        { path: temp },
      );
  }
  return bytes;
}
