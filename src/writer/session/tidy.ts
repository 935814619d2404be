import { join } from 'node:path';
import { attempt } from '../../model/attempt.js';
import { freeName, isTempName } from '../../storage/atomic-file.js';
import type { FsPort } from '../../storage/fs-port.js';
import { readSegmentFile } from '../../storage/wal/read-segment-file.js';
import { isForeign, segmentNames } from '../../run/replay/segment-files.js';

/** Removes the temporary files of earlier owners; only the run's owner may. */
export function removeLeftovers(fs: FsPort, folder: string): void {
  // It does no harm if they cannot be removed: no reader looks at them, and the run must not fail
  // because of them.
  attempt(() => {
    for (const name of fs.list(folder).filter(isTempName)) attempt(() => fs.remove(join(folder, name)));
  });
}

/**
 * Removes the WAL of a run whose rows are all published; a segment that is corrupt, belongs to
 * another run, or is in `kept` is renamed instead.
 */
export function removeSegments(
  fs: FsPort,
  folder: string,
  runUuid: string,
  kept: ReadonlySet<string> = new Set(),
): void {
  for (const { name, epoch } of segmentNames(fs, folder)) {
    const path = join(folder, name);
    const segment = readSegmentFile(fs, path);
    const { kind } = segment.verdict;
    const isKept =
      kind === 'corrupt' || kind === 'newer' || isForeign(segment, runUuid, epoch) || kept.has(name);
    if (isKept) fs.rename(path, freeName(fs, `${path}.corrupt`));
    else fs.remove(path);
  }
}
