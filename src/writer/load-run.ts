import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import type { Loss } from '../model/run-file.js';
import { freeName } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooter } from '../storage/metrics-footer.js';
import { isMapping } from '../storage/run-record.js';
import { type PublishedFile, publishedFile } from './file-metadata.js';
import { type LoadedRun, loadedFrom } from './load-state.js';
import { readIdentity } from './identity.js';
import { setAsideSegments, strandedSegments, takeBack } from './kept-files.js';
import { NOTHING_PUBLISHED, replayWal } from './replay.js';
import { restoreState } from './restore-state.js';

/**
 * Reads what earlier owners left in a run's folder, for its new owner.
 *
 * An unreadable `metrics.parquet` is kept as `metrics.parquet.corrupt`, and what the WAL holds is all there is. Segments
 * that an older version of this package set aside take their place again.
 */
export function loadRun(fs: FsPort, folder: string, runUuid: string, epoch: number): LoadedRun {
  const published = readPublishedOr(fs, folder, runUuid, () => {
    const path = join(folder, METRICS_NAME);
    fs.rename(path, freeName(fs, `${path}.corrupt`));
  });
  const from = published?.facts.watermark ?? NOTHING_PUBLISHED;
  takeBack(fs, folder, setAsideSegments(fs, folder, runUuid, from));
  const replay = replayWal(fs, folder, runUuid, from, { salvage: true });
  const stranded = strandedSegments(fs, folder, runUuid, published?.facts);
  const restored = restoreState(fs, folder, replay);
  const lostFile = published === null && replay.end.epoch < 0 ? lossOfFile(fs, folder, epoch) : [];
  const loaded = loadedFrom(replay, epoch, published);
  return {
    ...loaded,
    losses: [...replay.losses, ...restored, ...stranded, ...lostFile],
    kept: new Set([...loaded.kept, ...stranded.map(({ file }) => file)]),
  };
}

/** What `metrics.parquet` says it holds; null where there is none, and where it is damaged, which `onCorrupt` is told. */
export function readPublishedOr(
  fs: FsPort,
  folder: string,
  runUuid: string,
  onCorrupt: () => void,
): PublishedFile | null {
  try {
    return readPublished(fs, folder, runUuid);
  } catch (error) {
    if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
    onCorrupt();
    return null;
  }
}

/** What was in the file of a run that has no log, when the file is gone or damaged; run.yaml says how many calls that is. */
function lossOfFile(fs: FsPort, folder: string, epoch: number): Loss[] {
  const { rows, file } = readIdentity(fs, folder);
  const { accepted } = isMapping(file['counts']) ? file['counts'] : {};
  const calls = typeof accepted === 'number' ? accepted : rows;
  return calls > 0 ? [{ epoch: epoch - 1, firstRecord: 0, records: calls, calls, file: METRICS_NAME }] : [];
}

/** What `metrics.parquet` says it holds; null where there is none. @throws ExpmanError `CORRUPT`, `IO` */
export function readPublished(fs: FsPort, folder: string, runUuid: string): PublishedFile | null {
  const path = join(folder, METRICS_NAME);
  if (fs.stat(path) === null) return null;
  const published = publishedFile(readFooter(fs, path), path);
  if (published.facts.runUuid === runUuid) return published;
  throw new ExpmanError('CORRUPT', `${path} belongs to another run`, { path });
}
