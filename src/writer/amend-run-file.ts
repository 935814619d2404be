import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { replaceFile } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { mustNotBeOwned, readOwnership } from '../storage/owner-watch.js';
import { releaseLock, takeLock } from '../storage/run-lock.js';
import { type Mapping, RUN_NAME, readMapping } from '../storage/run-record.js';
import { stringifyYaml } from '../storage/yaml-file.js';
import { nextEpoch, readIdentity } from './identity.js';
import { segmentNames } from './replay.js';

/**
 * Changes what `run.yaml` says of a run that is closed, while no other process can open it.
 *
 * @throws {@link ExpmanError} `RUN_LOCKED` when its owner lives, `INVALID_VALUE` for one that was cut off and not recovered yet,
 * `RUN_NOT_FOUND`, `CORRUPT`
 */
export function amendRunFile(fs: FsPort, folder: string, change: (file: Mapping) => Mapping): void {
  const known = readIdentity(fs, folder);
  const ownership = readOwnership(fs, folder);
  mustNotBeOwned(folder, ownership);
  // Whoever recovers it writes run.yaml anew; the lock of its dead owner is his to take.
  if (ownership.kind === 'dead' || segmentNames(fs, folder).length > 0)
    throw new ExpmanError(
      'INVALID_VALUE',
      `${folder} was cut off; \`expman recover\` brings it to its end first`,
      {
        path: folder,
      },
    );
  const owner = takeLock(fs, folder, nextEpoch(fs, folder, known), { ends: true });
  try {
    const file = readMapping(fs, folder, RUN_NAME) ?? {};
    replaceFile(fs, join(folder, RUN_NAME), Buffer.from(stringifyYaml(change(file))));
  } finally {
    releaseLock(fs, folder, owner);
  }
}
