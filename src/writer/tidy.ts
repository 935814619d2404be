import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { isTempName, readWhole } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { readSegment } from '../storage/wal/segment-reader.js';
import { segmentNames } from './replay.js';

const MAX_SEGMENT_BYTES = 2 ** 31 - 1;

/** Removes the temporary files of earlier owners; only the run's owner may. */
export function removeLeftovers(fs: FsPort, folder: string): void {
  for (const name of fs.list(folder)) {
    if (!isTempName(name)) continue;
    // Harmless where it cannot be removed: no reader looks at it.
    attempt(() => fs.remove(join(folder, name)));
  }
}

/** Removes the WAL of a run whose rows are all published; what is corrupt is kept under another name. */
export function removeSegments(fs: FsPort, folder: string): void {
  for (const { name } of segmentNames(fs, folder)) {
    const path = join(folder, name);
    if (readSegment(readWhole(fs, path, MAX_SEGMENT_BYTES)).verdict.kind === 'corrupt')
      fs.rename(path, `${path}.corrupt`);
    else fs.remove(path);
  }
}
