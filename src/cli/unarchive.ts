import { resolve } from 'node:path';
import { holdsExperiment, unarchiveExperiment } from '../interop/archive/unarchive-experiment.js';
import { unarchiveRun } from '../interop/archive/unarchive-run.js';
import { printable } from '../model/printable.js';
import { type CommandRun, UsageError } from './command.js';
import type { UNARCHIVE } from './command-options.js';
import { DEFAULT_DIR } from './find-runs.js';
import { ExitCode } from './terminal.js';
import { bytesText } from './words.js';

export const run: CommandRun<typeof UNARCHIVE> = async ([path = ''], options, terminal) => {
  const { experiment, runName } = options;
  const [archive, dir] = [resolve(path), resolve(options.dir ?? DEFAULT_DIR)];
  const how = {
    ...(experiment !== undefined && { experiment }),
    onBytes: (bytes: number) => {
      terminal.progress(`unpacked ${bytesText(bytes)}`);
    },
  };
  if (await holdsExperiment(archive)) {
    if (runName !== undefined)
      throw new UsageError('--run-name is for the archive of one run; this one holds an experiment');
    const unpacked = await unarchiveExperiment(archive, dir, how);
    if (options.json === true) terminal.json(unpacked);
    else terminal.print(printable(unpacked.dir));
    return ExitCode.ok;
  }
  const unpacked = await unarchiveRun(archive, dir, { ...how, ...(runName !== undefined && { runName }) });
  if (options.json === true) terminal.json(unpacked);
  else terminal.print(printable(unpacked.runDir));
  return ExitCode.ok;
};
