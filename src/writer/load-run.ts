import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { encodeParams, plainParams, sanitiseParams } from '../model/params.js';
import type { FsPort } from '../storage/fs-port.js';
import { chunkReader } from '../storage/chunk-reader.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooter } from '../storage/metrics-footer.js';
import { CONFIG_NAME, LOG_NAME, RUN_NAME, readMapping } from '../storage/run-record.js';
import { type PublishedFile, publishedFile } from './file-metadata.js';
import { type LoadedRun, loadedFrom } from './load-state.js';
import { publishedSession } from './published-session.js';
import { NOTHING_PUBLISHED, type Replay, replayWal } from './replay.js';
import { retallied } from './retally.js';
import type { RunState } from './run-state.js';

/**
 * Reads what earlier owners left in a run's folder, for its new owner.
 *
 * An unreadable `metrics.parquet` is kept as `metrics.parquet.corrupt`, and what the WAL holds is all there is.
 */
export function loadRun(fs: FsPort, folder: string, runUuid: string, epoch: number): LoadedRun {
  const published = loadPublished(fs, folder, runUuid);
  const replay = replayBehind(fs, folder, runUuid, published, epoch);
  if (replay.end.epoch < 0) restoreFromFiles(fs, folder, replay.state);
  return loadedFrom(replay, epoch, published);
}

/**
 * Reads what the WAL holds beyond the published file, intact frames after bad bytes included.
 *
 * @param epoch - whose owner goes on, if one does
 */
export function replayBehind(
  fs: FsPort,
  folder: string,
  runUuid: string,
  published: PublishedFile | null,
  epoch?: number,
): Replay {
  if (published === null) return replayWal(fs, folder, runUuid, NOTHING_PUBLISHED, { salvage: true });
  const path = join(folder, METRICS_NAME);
  const file = fs.open(path, 'read');
  const session = publishedSession(published, chunkReader(fs, file, path));
  try {
    const replay = replayWal(fs, folder, runUuid, published.facts.watermark, { salvage: true, session });
    // The next call of an owner that goes on may join a row, and by then the file is another one.
    if (published.facts.watermark.epoch === epoch) replay.joiner.settle();
    return replay;
  } finally {
    fs.close(file);
  }
}

function loadPublished(fs: FsPort, folder: string, runUuid: string): PublishedFile | null {
  try {
    const published = readPublished(fs, folder, runUuid);
    return published === null ? null : retallied(fs, join(folder, METRICS_NAME), published);
  } catch (error) {
    if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
    const path = join(folder, METRICS_NAME);
    fs.rename(path, freeName(fs, `${path}.corrupt`));
    return null;
  }
}

/** What `metrics.parquet` says it holds; null where there is none. @throws ExpmanError `CORRUPT`, `IO` */
export function readPublished(fs: FsPort, folder: string, runUuid: string): PublishedFile | null {
  const path = join(folder, METRICS_NAME);
  if (fs.stat(path) === null) return null;
  const published = publishedFile(readFooter(fs, path));
  if (published.facts.runUuid === runUuid) return published;
  throw new ExpmanError('CORRUPT', `${path} belongs to another run`, { path });
}

/** A name for a copy that is kept: it never replaces an earlier one. */
export function freeName(fs: FsPort, path: string): string {
  let free = path;
  for (let n = 2; fs.stat(free) !== null; n++) free = `${path}.${n}`;
  return free;
}

/** A run that was closed has no WAL: its files say what it was. */
function restoreFromFiles(fs: FsPort, folder: string, state: RunState): void {
  const { params } = sanitiseParams(readMapping(fs, folder, CONFIG_NAME) ?? {});
  state.paramRecords.restore(encodeParams(params));
  const artifacts = readMapping(fs, folder, RUN_NAME)?.['artifacts'];
  if (artifacts !== undefined) state.factRecords.restore(encodeParams(plainParams({ artifacts })));
  state.log.offset = fs.stat(join(folder, LOG_NAME))?.size ?? 0;
}
