import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import { asyncFs } from '../../engine/files/async-fs.js';
import { ExpmanError } from '../../model/errors.js';
import { callback, resolvePath } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { parseArtifactName, parseName } from '../../model/names.js';
import { inspectRun } from '../../reader/inspect-run.js';
import { EXPERIMENT_NAME } from '../../run/file-names.js';
import { replaceBy } from '../../storage/atomic-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { mustNotBeOwned, readOwnership } from '../../storage/owner-watch.js';
import { runFilesIn } from '../source/run-files.js';
import { readArchive } from './read-archive.js';

/** The result of archiving a run. */
export interface ArchivedRun {
  readonly path: string;
  readonly files: number;
  /** The total size of the files in the run. */
  readonly bytes: number;
  /** Entries of the run's folder that are not files, such as links; they are left out. */
  readonly skipped: readonly string[];
}

/** Options of {@link archiveRun}. */
export interface ArchiveOptions {
  /**
   * Called with the bytes written to the archive, and then with the bytes of files read back from
   * it.
   */
  readonly onBytes?: ((bytes: number, step: 'packed' | 'compared') => void) | undefined;
}

const OPTIONS = optionsTable<ArchiveOptions>()({
  onBytes: callback<(bytes: number, step: 'packed' | 'compared') => void>().orNull(),
});

/**
 * Packs a run and its experiment.yaml into one new file, a gzipped tar with `<experiment>/<run>/`
 * in front of every name.
 *
 * Rows that are only in the write-ahead log of a run that was cut off are included. The archive is
 * read back and compared with the run's files before it gets its name; on failure nothing is left.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `RUN_LOCKED` while the run's owner is alive,
 * `CORRUPT`, `IO`, also if the file exists
 * @example
 * await archiveRun('./experiments/digits/20260101_120000', './digits.tar.gz');
 */
export async function archiveRun(
  runDir: string,
  path: string,
  options: ArchiveOptions = {},
): Promise<ArchivedRun> {
  const folder = resolvePath('runDir', runDir);
  const target = resolvePath('path', path);
  const { onBytes } = OPTIONS.resolve(options);
  const { identity } = inspectRun(nodeFs, folder);
  mustNotBeOwned(folder, readOwnership(nodeFs, folder));
  if (nodeFs.stat(target) !== null)
    throw new ExpmanError('IO', `${target} already exists; choose another path, or remove it first`, {
      path: target,
      errno: 'EEXIST',
    });
  const prefix = `${parseName('experiment', identity.experiment)}/${parseName('run', identity.run)}`;
  const { files, others: skipped } = runFilesIn(folder);
  const sources = new Map(
    files.map((name) => [`${basename(folder)}/${name}`, `${prefix}/${parseArtifactName(name)}`]),
  );
  if (nodeFs.stat(join(dirname(folder), EXPERIMENT_NAME))?.kind === 'file')
    sources.set(EXPERIMENT_NAME, `${identity.experiment}/${EXPERIMENT_NAME}`);
  const within = dirname(folder);
  let bytes = 0;
  await replaceBy(
    asyncFs,
    target,
    (file) => pack(within, sources, file, (packed) => onBytes?.(packed, 'packed')),
    async (temp) => {
      bytes = await compare(within, sources, temp, (read) => onBytes?.(read, 'compared'));
    },
  );
  return { path: target, files: sources.size, bytes, skipped };
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
  tell: (bytes: number) => void,
): Promise<number> {
  const found = new Map<string, string>();
  let bytes = 0;
  await readArchive(temp, { maxFiles: Infinity, maxBytes: Infinity }, (name) => {
    const hash = createHash('sha256');
    return {
      write: (chunk) => {
        hash.update(chunk);
        tell((bytes += chunk.length));
      },
      close: () => {
        const path =
          name.kind === 'file'
            ? `${name.experiment}/${name.run}/${name.name}`
            : `${name.experiment}/${EXPERIMENT_NAME}`;
        found.set(path, hash.digest('hex'));
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
