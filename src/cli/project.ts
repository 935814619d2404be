import { resolve } from 'node:path';
import { printable } from '../model/printable.js';
import { checkExperiment } from '../reader/check-experiment.js';
import { setProjectOf } from '../reader/set-project.js';
import { projectOf } from '../run/experiment-file.js';
import { nodeFs } from '../storage/node-fs.js';
import { type CommandRun, UsageError } from './command.js';
import type { PROJECT } from './command-options.js';
import { ExitCode } from './terminal.js';

export const run: CommandRun<typeof PROJECT> = ([path = '', name], options, terminal) => {
  const dir = resolve(path);
  if (options.remove === true && name !== undefined)
    throw new UsageError('give a name, or --remove; not both');
  checkExperiment(nodeFs, dir);
  if (options.remove === true) setProjectOf(nodeFs, dir, null);
  else if (name !== undefined) setProjectOf(nodeFs, dir, name);
  const project = projectOf(nodeFs, dir);
  if (options.json === true) terminal.json({ dir, project });
  else terminal.print(project === null ? 'no project' : printable(project));
  return ExitCode.ok;
};
