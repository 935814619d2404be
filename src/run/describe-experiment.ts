import { join } from 'node:path';
import { replaceFile } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { stringifyYaml } from '../storage/yaml-file.js';
import { EXPERIMENT_NAME } from './file-names.js';

/** The contents of a new `experiment.yaml`. */
export interface ExperimentDescription {
  readonly title: string;
  readonly description?: string | undefined;
}

/** Writes the `experiment.yaml` of a folder that has none. */
export function describeExperiment(
  fs: FsPort,
  folder: string,
  { title, description = '' }: ExperimentDescription,
  now: number,
): void {
  const path = join(folder, EXPERIMENT_NAME);
  if (fs.stat(path) !== null) return;
  const about = { name: title, description, tags: [], createdAt: new Date(now).toISOString() };
  replaceFile(fs, path, Buffer.from(stringifyYaml(about)));
}
