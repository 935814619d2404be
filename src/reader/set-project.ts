import { resolveOptions } from '../model/experiment-options.js';
import { invalidOption } from '../model/option-rules.js';
import { writeProject } from '../run/experiment-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { checkExperiment } from './check-experiment.js';

/** Sets the project of an experiment. @throws as `setProject` */
export function setProjectOf(fs: FsPort, folder: string, given: unknown): void {
  checkExperiment(fs, folder);
  writeProject(fs, folder, given === null ? null : checkedProject(given));
}

/** The rule is that of a config; secrets are redacted as there. */
function checkedProject(given: unknown): string {
  const { project } = resolveOptions({ project: given as string });
  if (project === undefined)
    throw invalidOption('project', 'a string of 1 to 128 characters, or null', given);
  return project;
}
