import { basename, dirname, join } from 'node:path';
import { callback, resolvePath } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { parseArtifactName, parseName } from '../../model/names.js';
import { inspectRun } from '../../reader/inspect-run.js';
import { EXPERIMENT_NAME } from '../../run/file-names.js';
import { nodeFs } from '../../storage/node-fs.js';
import { mustNotBeOwned, readOwnership } from '../../storage/owner-watch.js';
import { runFilesIn } from '../source/run-files.js';
import { packFiles } from './pack-files.js';

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

/** The rules of {@link ArchiveOptions}. */
export const ARCHIVE_OPTIONS = optionsTable<ArchiveOptions>()({
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
  const { onBytes } = ARCHIVE_OPTIONS.resolve(options);
  const { identity } = inspectRun(nodeFs, folder);
  mustNotBeOwned(folder, readOwnership(nodeFs, folder));
  const prefix = `${parseName('experiment', identity.experiment)}/${parseName('run', identity.run)}`;
  const { files, others: skipped } = runFilesIn(folder);
  const sources = new Map(
    files.map((name) => [`${basename(folder)}/${name}`, `${prefix}/${parseArtifactName(name)}`]),
  );
  if (nodeFs.stat(join(dirname(folder), EXPERIMENT_NAME))?.kind === 'file')
    sources.set(EXPERIMENT_NAME, `${identity.experiment}/${EXPERIMENT_NAME}`);
  const bytes = await packFiles(target, { within: dirname(folder), sources, manyRuns: false, onBytes });
  return { path: target, files: sources.size, bytes, skipped };
}
