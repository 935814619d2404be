import { resolve } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import type { Mapping } from '../run/run-record.js';
import { nodeFs } from '../storage/node-fs.js';
import { amendRunFile } from '../run/amend-run-file.js';

/**
 * Changes run.yaml of a run that no process owns.
 *
 * @throws {@link ExpmanError} as {@link amendRunFile} does
 */
export function amendRun(path: string, change: (file: Mapping) => Mapping): string {
  const runDir = resolve(path);
  if (nodeFs.stat(runDir)?.kind !== 'folder')
    throw new ExpmanError('RUN_NOT_FOUND', `there is no folder ${runDir}`, { path: runDir });
  amendRunFile(nodeFs, runDir, change);
  return runDir;
}
