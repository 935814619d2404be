import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import type { Loss } from '../model/run-file.js';
import { freeName } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { chunkReader } from '../storage/chunk-reader.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooter } from '../storage/metrics-footer.js';
import { isMapping } from './run-record.js';
import { type PublishedFile, publishedFile } from './summaries/file-metadata.js';
import { type LoadedRun, loadedFrom } from './load-state.js';
import { readIdentity } from './identity.js';
import { setAsideSegments, strandedSegments, takeBack } from './kept-files.js';
import { publishedSession } from './rows/published-session.js';
import { NOTHING_PUBLISHED, type Replay, replayWal } from './replay/replay.js';
import type { SegmentFile } from './replay/segment-files.js';
import { restoreFacts, restoreState } from './replay/restore-state.js';
import { isTallied, retallied } from './summaries/retally.js';

/**
 * Reads the state that earlier owners left in a run's folder, for its new owner.
 *
 * An unreadable `metrics.parquet` is kept as `metrics.parquet.corrupt`, and the run consists of the
 * content of the WAL. Segments that an older version of this package set aside get their names
 * back.
 */
export function loadRun(fs: FsPort, folder: string, runUuid: string, epoch: number): LoadedRun {
  const published = loadPublished(fs, folder, runUuid);
  const from = published?.facts.watermark ?? NOTHING_PUBLISHED;
  takeBack(fs, folder, setAsideSegments(fs, folder, runUuid, from));
  const replay = replayBehind(fs, folder, runUuid, published, { epoch });
  const stranded = strandedSegments(fs, folder, runUuid, published?.facts);
  const restored = restoreState(fs, folder, replay);
  restoreFacts(fs, folder, replay);
  const lostFile = published === null && replay.end.epoch < 0 ? lossOfFile(fs, folder, epoch) : [];
  const loaded = loadedFrom(replay, epoch, published);
  return {
    ...loaded,
    losses: [...replay.losses, ...restored, ...stranded, ...lostFile],
    kept: new Set([...loaded.kept, ...stranded.map(({ file }) => file)]),
  };
}

function loadPublished(fs: FsPort, folder: string, runUuid: string): PublishedFile | null {
  const path = join(folder, METRICS_NAME);
  const { published, damage } = lookForPublished(fs, folder, runUuid);
  if (damage !== null) fs.rename(path, freeName(fs, `${path}.corrupt`));
  return published;
}

/**
 * Reads the content of the WAL beyond the published file, including intact frames after bad bytes.
 *
 * @param epoch - the number of the owner that continues the run, if any
 * @param files - as in `replayWal`
 */
export function replayBehind(
  fs: FsPort,
  folder: string,
  runUuid: string,
  published: PublishedFile | null,
  { epoch, files }: { readonly epoch?: number; readonly files?: readonly SegmentFile[] } = {},
): Replay {
  const options = { salvage: true, ...(files !== undefined && { files }) };
  if (published === null) return replayWal(fs, folder, runUuid, NOTHING_PUBLISHED, options);
  const path = join(folder, METRICS_NAME);
  const file = fs.open(path, 'read');
  const session = publishedSession(published, chunkReader(fs, file, path));
  try {
    const replay = replayWal(fs, folder, runUuid, published.facts.watermark, { ...options, session });
    // The next call of that owner may join a row, and by then the file has been replaced.
    if (published.facts.watermark.epoch === epoch) replay.joiner.settle();
    return replay;
  } finally {
    fs.close(file);
  }
}

/** The published file, or its damage; both are null if there is no such file. */
export interface PublishedLook {
  readonly published: PublishedFile | null;
  /** The error of a file that is damaged or belongs to another run. */
  readonly damage: ExpmanError | null;
}

/**
 * Reads the footer of `metrics.parquet`; returns damage instead of throwing it. @throws ExpmanError
 * `IO`, `UNSUPPORTED_VERSION`
 */
export function lookForPublished(fs: FsPort, folder: string, runUuid: string): PublishedLook {
  try {
    const published = readPublished(fs, folder, runUuid);
    return { published: published && withWholeTallies(fs, folder, published), damage: null };
  } catch (error) {
    if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
    return { published: null, damage: error };
  }
}

/** Completes the tallies of a file of 0.1.0 from its columns. */
function withWholeTallies(fs: FsPort, folder: string, published: PublishedFile): PublishedFile {
  if (isTallied(published)) return published;
  const path = join(folder, METRICS_NAME);
  const file = fs.open(path, 'read');
  try {
    return retallied(chunkReader(fs, file, path), published);
  } finally {
    fs.close(file);
  }
}

/**
 * The loss of a missing or damaged file, in a run without a log; run.yaml says how many calls the
 * file held.
 */
function lossOfFile(fs: FsPort, folder: string, epoch: number): Loss[] {
  const { rows, file } = readIdentity(fs, folder);
  const { accepted } = isMapping(file['counts']) ? file['counts'] : {};
  const calls = typeof accepted === 'number' ? accepted : rows;
  return calls > 0 ? [{ epoch: epoch - 1, firstRecord: 0, records: calls, calls, file: METRICS_NAME }] : [];
}

/**
 * Reads the footer of `metrics.parquet`; returns null if there is no such file. @throws ExpmanError
 * `CORRUPT`, `IO`
 */
export function readPublished(fs: FsPort, folder: string, runUuid: string): PublishedFile | null {
  const path = join(folder, METRICS_NAME);
  if (fs.stat(path) === null) return null;
  const published = publishedFile(readFooter(fs, path), path);
  if (published.facts.runUuid === runUuid) return published;
  throw new ExpmanError('CORRUPT', `${path} belongs to another run`, { path });
}
