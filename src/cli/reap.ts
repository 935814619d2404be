import { readOwnership } from '../storage/owner-watch.js';
import { nodeFs } from '../storage/node-fs.js';
import { RunStatus } from '../model/run-status.js';
import { readIdentity } from '../run/identity.js';
import { segmentNames } from '../run/replay/segment-files.js';
import type { CommandRun } from './command.js';
import type { RECOVER } from './command-options.js';
import { findRuns, withoutFiles } from './find-runs.js';
import { recoverAll } from './recover.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun<typeof RECOVER> = async (paths, options, terminal) => {
  const dead = withoutFiles(paths)
    .flatMap((path) => findRuns(path, {}, terminal).runs)
    .map(({ runDir }) => runDir)
    .filter(isCutOff);
  if (dead.length > 0) return recoverAll(dead, options, terminal);
  if (options.json === true) terminal.json({ recovered: [], failed: [] });
  else terminal.print('no runs whose process has died');
  return ExitCode.ok;
};

/**
 * True if a run's process is gone and left work to do: its lock, its log, or a run.yaml that says
 * RUNNING. A run of another host that may be gone counts, so that the user learns why nothing is
 * done.
 */
function isCutOff(runDir: string): boolean {
  const { kind } = readOwnership(nodeFs, runDir);
  if (kind !== 'free') return kind !== 'alive';
  return segmentNames(nodeFs, runDir).length > 0 || readIdentity(nodeFs, runDir).status === RunStatus.Running;
}
