import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExpmanError } from '../../model/errors.js';
import type { ExperimentName } from '../../model/names.js';
import { parseName } from '../../model/names.js';
import { resolvePath, rule } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';
import { inspectRun } from '../../reader/inspect-run.js';
import { EXPERIMENT_NAME, RUN_NAME } from '../../run/file-names.js';
import { readIdentity } from '../../run/identity.js';
import { readMapping } from '../../run/run-record.js';
import { nodeFs } from '../../storage/node-fs.js';
import { readSweep } from '../../sweep/sweep-file.js';
import { writeRunFile } from '../moving/copy-to-place.js';
import { claimFolder, moveToClaim } from '../target/place-folder.js';
import { readArchive } from './read-archive.js';
import {
  DEFAULT_LIMITS,
  UNPACK_RULES,
  type UnpackOptions,
  inPrivateFolder,
  unpackFiles,
} from './unpack-files.js';
import { withoutSeals } from './without-seals.js';

/** Options of {@link unarchiveExperiment}. */
export interface UnarchiveExperimentOptions extends UnpackOptions {
  /** The name to give the experiment; that of the archive by default. */
  readonly experiment?: string | undefined;
}

/** The result of unpacking an experiment. */
export interface UnarchivedExperiment {
  readonly dir: string;
  readonly experiment: string;
  /** The names of its runs. */
  readonly runs: readonly string[];
  readonly files: number;
}

const OPTIONS = optionsTable<UnarchiveExperimentOptions>()({
  experiment: rule<string, ExperimentName>('a name', (value) => parseName('experiment', value)),
  ...UNPACK_RULES,
});

/**
 * Unpacks an experiment that `archiveExperiment` packed into a folder of experiments, all of it or
 * nothing. The archive may come from an untrusted source, and is treated as `unarchiveRun` treats
 * one: nothing that exists is replaced, and nothing outside the folder is touched.
 *
 * @throws {@link ExpmanError} `UNSAFE_ARCHIVE`, `CORRUPT`, `UNSAFE_YAML`, `RUN_EXISTS` if there is an
 * experiment of that name, `INVALID_NAME`, `IO`
 * @example
 * const { runs } = await unarchiveExperiment('./digits.tar.gz', './experiments');
 */
export async function unarchiveExperiment(
  path: string,
  dir: string,
  options: UnarchiveExperimentOptions = {},
): Promise<UnarchivedExperiment> {
  const archive = resolvePath('path', path);
  const wanted = OPTIONS.resolve(options);
  const base = resolvePath('dir', dir);
  return inPrivateFolder(base, async (temp) => {
    const unpacked = await unpack(archive, temp, wanted);
    const experiment = wanted.experiment ?? unpacked.experiment;
    const content = join(temp, 'experiment');
    checkExperimentIn(content, experiment, unpacked.runs);
    const folder = join(base, experiment);
    if (!(await claimFolder(folder)))
      throw new ExpmanError(
        'RUN_EXISTS',
        `the experiment ${folder} already exists; choose another name for the one in the archive`,
        { path: folder },
      );
    moveToClaim(content, folder);
    return { dir: folder, experiment, runs: unpacked.runs, files: unpacked.files };
  });
}

interface Unpacked {
  readonly experiment: ExperimentName;
  readonly runs: readonly string[];
  readonly files: number;
}

async function unpack(path: string, temp: string, wanted: ResolvedBy<typeof OPTIONS>): Promise<Unpacked> {
  const runs = new Set<string>();
  const found: ExperimentName[] = [];
  const content = join(temp, 'experiment');
  mkdirSync(content);
  const files = await unpackFiles(path, wanted, true, (name) => {
    found.push(name.experiment);
    if (name.kind === 'experiment') return join(content, name.name);
    runs.add(name.run);
    return join(content, name.run, ...name.name.split('/'));
  });
  const [experiment] = found;
  if (experiment === undefined || runs.size === 0)
    throw new ExpmanError('CORRUPT', `${path} does not contain a run`, { path });
  return { experiment, runs: [...runs].sort(), files };
}

/** Checks that what was unpacked is an experiment, and gives its runs the names of their place. */
function checkExperimentIn(content: string, experiment: string, runs: readonly string[]): void {
  readMapping(nodeFs, content, EXPERIMENT_NAME);
  readSweep(nodeFs, content);
  for (const run of runs) {
    const folder = join(content, run);
    if (nodeFs.stat(join(folder, RUN_NAME)) === null)
      throw new ExpmanError('CORRUPT', `the archive does not contain a ${RUN_NAME} of the run ${run}`);
    inspectRun(nodeFs, folder);
    const { file } = readIdentity(nodeFs, folder);
    const unsealed = withoutSeals(file);
    if (file['experiment'] !== experiment || file['run'] !== run || unsealed !== file)
      writeRunFile(folder, { ...unsealed, experiment, run });
    nodeFs.syncFolder(folder);
  }
  nodeFs.syncFolder(content);
}

/** Tells if an archive holds a whole experiment: several runs, or a sweep. @throws as reading it */
export async function holdsExperiment(path: string): Promise<boolean> {
  const runs = new Set<string>();
  const facts = new Set<string>();
  await readArchive(path, { ...DEFAULT_LIMITS, manyRuns: true }, (name) => {
    if (name.kind === 'file') runs.add(name.run);
    else if (name.kind === 'experiment') facts.add(name.name);
    return null;
  });
  facts.delete(EXPERIMENT_NAME);
  return facts.size > 0 || runs.size > 1;
}
