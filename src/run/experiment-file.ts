import { join } from 'node:path';
import { MAX_PROJECT_LENGTH } from '../model/experiment-options.js';
import { invalidOption } from '../model/option-rules.js';
import { replaceFile } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { stringifyYaml } from '../storage/yaml-file.js';
import { EXPERIMENT_NAME } from './file-names.js';
import { readMapping } from './run-record.js';

/** The contents of a new `experiment.yaml`. */
export interface ExperimentDescription {
  readonly title: string;
  readonly description?: string | undefined;
  readonly project?: string | undefined;
}

/**
 * Writes the `experiment.yaml` of a folder that has none; one that exists only gets the project, if
 * it has none.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` if it has another project; if a project is given,
 * also `CORRUPT`, `UNSAFE_YAML` or `IO`
 */
export function describeExperiment(
  fs: FsPort,
  folder: string,
  { title, description = '', project }: ExperimentDescription,
  now: number,
): void {
  const path = join(folder, EXPERIMENT_NAME);
  if (fs.stat(path) === null) {
    const about = { name: title, description, tags: [], createdAt: new Date(now).toISOString() };
    replaceFile(
      fs,
      path,
      Buffer.from(stringifyYaml({ ...about, ...(project !== undefined && { project }) })),
    );
    return;
  }
  if (project === undefined) return;
  const known = projectOf(fs, folder);
  if (known === project) return;
  if (known !== null)
    throw invalidOption(
      'project',
      `${JSON.stringify(known)}, the project of the experiment in ${folder}, which \`expman project\` changes`,
      project,
    );
  writeProject(fs, folder, project);
}

/**
 * Reads the project of an experiment; null if it has none.
 *
 * @throws {@link ExpmanError} `CORRUPT`, `UNSAFE_YAML`, `IO`
 */
export const projectOf = (fs: FsPort, folder: string): string | null =>
  projectIn(readMapping(fs, folder, EXPERIMENT_NAME) ?? {});

/** Does the same; null, too, if the file cannot be read, for that must not hide the runs. */
export function readProject(fs: FsPort, folder: string): string | null {
  try {
    return projectOf(fs, folder);
  } catch {
    return null;
  }
}

function projectIn({ project }: Readonly<Record<string, unknown>>): string | null {
  const isName = typeof project === 'string' && project !== '' && project.length <= MAX_PROJECT_LENGTH;
  return isName ? project : null;
}

/**
 * Sets the project of an experiment, or removes it; everything else in `experiment.yaml` stays.
 *
 * @throws {@link ExpmanError} `CORRUPT`, `UNSAFE_YAML`, `IO`; errors of the file system
 */
export function writeProject(fs: FsPort, folder: string, project: string | null): void {
  const about = readMapping(fs, folder, EXPERIMENT_NAME) ?? {};
  const changed = { ...about, project: project ?? undefined };
  replaceFile(fs, join(folder, EXPERIMENT_NAME), Buffer.from(stringifyYaml(changed)));
}
