import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import { parseArtifactName, parseName } from '../../model/names.js';
import { resolvePath } from '../../model/option-rules.js';
import { checkExperiment } from '../../reader/check-experiment.js';
import { inspectRun } from '../../reader/inspect-run.js';
import { RUN_NAME } from '../../run/file-names.js';
import { isTempName } from '../../storage/atomic-file.js';
import { LOCK_NAME } from '../../storage/lock-file.js';
import { nodeFs } from '../../storage/node-fs.js';
import { mustNotBeOwned, readOwnership } from '../../storage/owner-watch.js';
import { kindAt } from '../source/source-files.js';
import { runFilesIn } from '../source/run-files.js';
import { EXPERIMENT_FILES } from './archive-names.js';
import { ARCHIVE_OPTIONS, type ArchivedRun, type ArchiveOptions } from './archive-run.js';
import { packFiles } from './pack-files.js';

/** The result of archiving an experiment; `skipped` has what is neither a run nor a file of one. */
export interface ArchivedExperiment extends ArchivedRun {
  readonly experiment: string;
  /** The names of its runs. */
  readonly runs: readonly string[];
}

/**
 * Packs all runs of an experiment into one new file, with its `experiment.yaml` and, of a sweep,
 * `sweep.yaml` and `sweep.journal`; as `archiveRun` packs one run.
 *
 * @throws {@link ExpmanError} `RUN_NOT_FOUND` if it is not an experiment with runs, `RUN_LOCKED`
 * while a run or the sweep has an owner that is alive, `INVALID_NAME`, `CORRUPT`, `UNSAFE_ARCHIVE`
 * for names that some file systems take for equal, `IO`, also if the file exists
 * @example
 * await archiveExperiment('./experiments/digits', './digits.tar.gz');
 */
export async function archiveExperiment(
  dir: string,
  path: string,
  options: ArchiveOptions = {},
): Promise<ArchivedExperiment> {
  const folder = resolvePath('dir', dir);
  const target = resolvePath('path', path);
  const { onBytes } = ARCHIVE_OPTIONS.resolve(options);
  checkExperiment(nodeFs, folder);
  const experiment = parseName('experiment', basename(folder));
  mustNotBeOwned(folder, readOwnership(nodeFs, folder));
  const sources = new Map<string, string>();
  const [runs, skipped]: [string[], string[]] = [[], []];
  const add = (name: string): Map<string, string> =>
    sources.set(`${experiment}/${name}`, `${experiment}/${name}`);
  for (const entry of readdirSync(folder).sort()) {
    const entryPath = join(folder, entry);
    if (entry === LOCK_NAME || isTempName(entry)) continue;
    if (EXPERIMENT_FILES.includes(entry) && lstatSync(entryPath).isFile()) add(entry);
    else if (kindAt(entryPath) === 'folder' && kindAt(join(entryPath, RUN_NAME)) === 'file') {
      const run = parseName('run', entry);
      inspectRun(nodeFs, entryPath);
      mustNotBeOwned(entryPath, readOwnership(nodeFs, entryPath));
      const { files, others } = runFilesIn(entryPath);
      for (const name of files) add(`${run}/${parseArtifactName(name)}`);
      skipped.push(...others.map((name) => `${run}/${name}`));
      runs.push(run);
    } else skipped.push(entry);
  }
  if (runs.length === 0)
    throw new ExpmanError('RUN_NOT_FOUND', `there is no run in ${folder}`, { path: folder });
  const bytes = await packFiles(target, { within: dirname(folder), sources, manyRuns: true, onBytes });
  return { path: target, files: sources.size, bytes, skipped, experiment, runs };
}
