import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { ExpmanError } from '../../model/errors.js';
import { oneOf, resolvePath, rule } from '../../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../../model/options-table.js';
import { type ExperimentName, type RunName, parseName } from '../../model/names.js';
import { inspectRun } from '../../reader/inspect-run.js';
import { replaceFile } from '../../storage/atomic-file.js';
import { tryMakeFolder } from '../../storage/make-folders.js';
import { nodeFs, umaskFs } from '../../storage/node-fs.js';
import { EXPERIMENT_NAME, RUN_NAME } from '../../run/file-names.js';
import { readMapping } from '../../run/run-record.js';
import { stringifyYaml } from '../../storage/yaml-file.js';
import { claimName, moveToClaim } from '../target/place-folder.js';
import { UNPACK_RULES, type UnpackOptions, inPrivateFolder, unpackFiles } from './unpack-files.js';
import { withoutSeals } from './without-seals.js';

/** Options of {@link unarchiveRun}. */
export interface UnarchiveOptions extends UnpackOptions {
  /** The experiment to put the run in; that of the archive by default. */
  readonly experiment?: string | undefined;
  /** The name to give the run; that of the archive by default. */
  readonly runName?: string | undefined;
  /**
   * The action if a run of that name exists: `fail` (the default), or append a number to the name.
   */
  readonly whenTaken?: 'fail' | 'suffix' | undefined;
}

/** The result of unpacking an archive. */
export interface UnarchivedRun {
  readonly runDir: string;
  readonly experiment: string;
  readonly run: string;
  readonly files: number;
}

const OPTIONS = optionsTable<UnarchiveOptions>()({
  experiment: rule<string, ExperimentName>('a name', (value) => parseName('experiment', value)),
  runName: rule<string, RunName>('a name', (value) => parseName('run', value)),
  whenTaken: oneOf('fail', 'suffix').byDefault('fail'),
  ...UNPACK_RULES,
});

/**
 * Unpacks a run that {@link archiveRun} packed into a folder of experiments. The archive may come
 * from an untrusted source.
 *
 * It is unpacked into its own new folder, which only its owner may enter, and checked before the run
 * is moved to its place by a rename; nothing that exists is replaced, on failure nothing is left,
 * and nothing outside the folder is touched. The names of experiment and run in `run.yaml` are set
 * to those of the place.
 *
 * @throws {@link ExpmanError} `UNSAFE_ARCHIVE`, `CORRUPT`, `UNSAFE_YAML`, `RUN_EXISTS`,
 * `INVALID_NAME`, `IO`
 * @example
 * const { runDir } = await unarchiveRun('./digits.tar.gz', './experiments', { whenTaken: 'suffix' });
 */
export async function unarchiveRun(
  path: string,
  dir: string,
  options: UnarchiveOptions = {},
): Promise<UnarchivedRun> {
  const archive = resolvePath('path', path);
  const wanted = OPTIONS.resolve(options);
  const base = resolvePath('dir', dir);
  return inPrivateFolder(base, async (temp) => {
    const { experiment, run, files } = await unpack(archive, temp, wanted);
    checkRun(temp, experiment, run);
    const place = await settle(
      base,
      temp,
      wanted.experiment ?? experiment,
      wanted.runName ?? run,
      wanted.whenTaken,
    );
    return { ...place, files };
  });
}

interface Unpacked {
  readonly experiment: ExperimentName;
  readonly run: RunName;
  readonly files: number;
}

const inTemp = (temp: string): string => join(temp, 'run');

async function unpack(path: string, temp: string, wanted: ResolvedBy<typeof OPTIONS>): Promise<Unpacked> {
  const found: Omit<Unpacked, 'files'>[] = [];
  mkdirSync(inTemp(temp));
  const files = await unpackFiles(path, wanted, false, (name) => {
    if (name.kind === 'experiment') return join(temp, EXPERIMENT_NAME);
    found.push({ experiment: name.experiment, run: name.run });
    return join(inTemp(temp), ...name.name.split('/'));
  });
  const [first] = found;
  if (first === undefined) throw new ExpmanError('CORRUPT', `${path} does not contain a run`, { path });
  return { ...first, files };
}

/** Checks that the unpacked files are a run, and the one that its place in the archive states. */
function checkRun(temp: string, experiment: string, run: string): void {
  const path = inTemp(temp);
  if (nodeFs.stat(join(path, RUN_NAME)) === null)
    throw new ExpmanError('CORRUPT', `the archive does not contain a ${RUN_NAME}`);
  readMapping(nodeFs, temp, EXPERIMENT_NAME);
  const { identity } = inspectRun(nodeFs, path);
  if (identity.experiment !== experiment || identity.run !== run)
    throw new ExpmanError('CORRUPT', `the archive's ${RUN_NAME} belongs to another run than its folder`);
}

/**
 * Moves the run to its place: the first free one, claimed by creating the folder, which is then
 * replaced by the whole run at once.
 */
async function settle(
  base: string,
  temp: string,
  experiment: ExperimentName,
  run: RunName,
  whenTaken: 'fail' | 'suffix',
): Promise<Omit<UnarchivedRun, 'files'>> {
  const folder = join(base, experiment);
  const madeFolder = tryMakeFolder(umaskFs, folder);
  try {
    if (nodeFs.stat(folder)?.kind !== 'folder')
      throw new ExpmanError('IO', `${folder} is not a folder`, { path: folder });
    const name = await claimName(folder, run, whenTaken);
    const runDir = join(folder, name);
    try {
      rename(temp, experiment, name);
      nodeFs.syncFolder(inTemp(temp));
    } catch (error) {
      attempt(() => rmdirSync(runDir));
      throw error;
    }
    moveToClaim(inTemp(temp), runDir);
    keepExperiment(temp, folder);
    nodeFs.syncFolder(folder);
    return { runDir, experiment, run: name };
  } catch (error) {
    if (madeFolder) attempt(() => rmdirSync(folder));
    throw error;
  }
}

function rename(temp: string, experiment: string, run: string): void {
  const path = inTemp(temp);
  const file = readMapping(nodeFs, path, RUN_NAME) ?? {};
  const unsealed = withoutSeals(file);
  if (file['experiment'] === experiment && file['run'] === run && unsealed === file) return;
  replaceFile(nodeFs, join(path, RUN_NAME), Buffer.from(stringifyYaml({ ...unsealed, experiment, run })));
}

/**
 * Keeps the description of an existing experiment rather than the archive's; the run is in its
 * place even if this fails.
 */
function keepExperiment(temp: string, folder: string): void {
  attempt(() => {
    const to = join(folder, EXPERIMENT_NAME);
    if (nodeFs.stat(to) === null) nodeFs.rename(join(temp, EXPERIMENT_NAME), to);
  });
}
