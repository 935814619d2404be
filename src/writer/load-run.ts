import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { encodeParams, sanitiseParams } from '../model/params.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooter } from '../storage/metrics-footer.js';
import { CONFIG_NAME, LOG_NAME, RUN_NAME, readMapping } from '../storage/run-record.js';
import { type PublishedFile, publishedFile } from './file-metadata.js';
import { type LoadedRun, loadedFrom } from './load-state.js';
import { NOTHING_PUBLISHED, replayWal } from './replay.js';
import { retallied } from './retally.js';
import type { RunState } from './run-state.js';

/**
 * Reads what earlier owners left in a run's folder, for its new owner.
 *
 * An unreadable `metrics.parquet` is kept as `metrics.parquet.corrupt`, and what the WAL holds is all there is.
 */
export function loadRun(fs: FsPort, folder: string, runUuid: string, epoch: number): LoadedRun {
  const published = loadPublished(fs, folder, runUuid);
  const replay = replayWal(fs, folder, runUuid, published?.facts.watermark ?? NOTHING_PUBLISHED, true);
  if (replay.end.epoch < 0) restoreFromFiles(fs, folder, replay.state);
  return loadedFrom(replay, epoch, published);
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
  if (artifacts !== undefined) state.factRecords.restore(encodeParams(sanitiseParams({ artifacts }).params));
  state.log.offset = fs.stat(join(folder, LOG_NAME))?.size ?? 0;
}
