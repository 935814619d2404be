import { copyFileSync, mkdirSync, rmSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { ExpmanError } from '../../model/errors.js';
import { parseName } from '../../model/names.js';
import { resolvePath } from '../../model/option-rules.js';
import { checkExperiment } from '../../reader/check-experiment.js';
import { runFoldersIn } from '../../reader/run-folders.js';
import { tempName } from '../../storage/atomic-file.js';
import { makeFolders } from '../../storage/make-folders.js';
import { nodeFs, umaskFs } from '../../storage/node-fs.js';
import { EXPERIMENT_FILES } from '../archive/archive-names.js';
import type { Exporter } from '../exchange/exchange-run.js';
import { kindAt, systemError } from '../source/source-files.js';
import { assertFree } from './output-file.js';
import { type ExportOptions, exchangeRunOf } from './own-run.js';

/** The result of exporting an experiment. */
export interface ExportedExperiment {
  readonly path: string;
  /** The names of its runs. */
  readonly runs: readonly string[];
}

/**
 * Writes all runs of an experiment into a new folder, each as a file or folder of its name, beside
 * copies of `experiment.yaml`, `sweep.yaml` and `sweep.journal`: all of them or nothing.
 *
 * @throws {@link ExpmanError} as `exportExperiment`
 */
export async function exportExperimentBy(
  exporter: Exporter,
  dir: string,
  path: string,
  options: ExportOptions,
): Promise<ExportedExperiment> {
  const folder = resolvePath('dir', dir);
  const target = resolvePath('path', path);
  checkExperiment(nodeFs, folder);
  const runDirs = runFoldersIn(nodeFs, folder, 1);
  if (runDirs.length === 0)
    throw new ExpmanError('RUN_NOT_FOUND', `there is no run in ${folder}`, { path: folder });
  makeFolders(umaskFs, dirname(target));
  // An existing empty folder counts as free.
  attempt(() => rmdirSync(target));
  assertFree(target);
  const temp = join(dirname(target), tempName(basename(target)));
  mkdirSync(temp);
  try {
    const runs: string[] = [];
    for (const runDir of runDirs) {
      const run = parseName('run', basename(runDir));
      const name = exporter.makes === 'file' ? `${run}.${exporter.format}` : run;
      await exporter.write(await exchangeRunOf(runDir, options), join(temp, name));
      runs.push(run);
    }
    for (const name of EXPERIMENT_FILES)
      if (kindAt(join(folder, name)) === 'file') copyFileSync(join(folder, name), join(temp, name));
    nodeFs.syncFolder(temp);
    nodeFs.rename(temp, target);
    return { path: target, runs };
  } catch (error) {
    attempt(() => {
      rmSync(temp, { recursive: true, force: true });
    });
    throw systemError(error, target) ?? error;
  }
}
