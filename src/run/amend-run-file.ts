import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { replaceFile, unwritable } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { mustNotBeOwned, readOwnership } from '../storage/owner-watch.js';
import { releaseLock, takeLock } from '../storage/run-lock.js';
import { RUN_NAME } from './file-names.js';
import { type Mapping, readMapping } from './run-record.js';
import { MAX_YAML_BYTES, stringifyYaml } from '../storage/yaml-file.js';
import { nextEpoch, readIdentity } from './identity.js';
import { segmentNames } from './replay/segment-files.js';

/**
 * Changes the `run.yaml` of a closed run, while no other process can open it.
 *
 * @throws {@link ExpmanError} `RUN_LOCKED` if its owner is alive, `INVALID_VALUE` for an
 * interrupted run that is not recovered yet, or if `run.yaml` would become larger than readers
 * accept, `RUN_NOT_FOUND`, `CORRUPT`, `IO`
 */
export function amendRunFile(fs: FsPort, folder: string, change: (file: Mapping) => Mapping): void {
  const known = readIdentity(fs, folder);
  const ownership = readOwnership(fs, folder);
  mustNotBeOwned(folder, ownership);
  // A recovery writes run.yaml again, and takes the lock of the dead owner.
  if (ownership.kind === 'dead' || segmentNames(fs, folder).length > 0)
    throw new ExpmanError(
      'INVALID_VALUE',
      `${folder} was interrupted; run \`expman recover\` first to close it`,
      {
        path: folder,
      },
    );
  const path = join(folder, RUN_NAME);
  try {
    const owner = takeLock(fs, folder, nextEpoch(fs, folder, known), { ends: true });
    try {
      const file = readMapping(fs, folder, RUN_NAME) ?? {};
      replaceFile(fs, path, runFileBytes(folder, change(file)));
    } finally {
      releaseLock(fs, folder, owner);
    }
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Formats the `run.yaml` of a folder.
 *
 * @throws {@link ExpmanError} `INVALID_VALUE` if it would be larger than readers accept
 */
export function runFileBytes(folder: string, file: Mapping): Buffer {
  const bytes = Buffer.from(stringifyYaml(file));
  if (bytes.length > MAX_YAML_BYTES) throw tooLarge(join(folder, RUN_NAME), bytes.length);
  return bytes;
}

const tooLarge = (path: string, bytes: number): ExpmanError =>
  new ExpmanError(
    'INVALID_VALUE',
    `${path} would have ${bytes} bytes, more than ${MAX_YAML_BYTES}: shorten the notes or remove tags`,
    { path, rule: `at most ${MAX_YAML_BYTES} bytes`, value: bytes },
  );
