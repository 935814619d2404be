import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { sanitiseParams } from '../model/params.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooter } from '../storage/metrics-footer.js';
import type { FileFooter } from '../storage/parquet/index.js';
import { CONFIG_NAME, LOG_NAME, RUN_NAME, readMapping } from '../storage/run-record.js';
import { factsOf } from './file-metadata.js';
import { type LoadedRun, loadedFrom } from './load-state.js';
import { NOTHING_PUBLISHED, replayWal } from './replay.js';
import type { RunState } from './run-state.js';

/**
 * Reads what earlier owners left in a run's folder, for its new owner.
 *
 * An unreadable `metrics.parquet` is kept as `metrics.parquet.corrupt`, and what the WAL holds is all there is.
 */
export function loadRun(fs: FsPort, folder: string, runUuid: string, epoch: number): LoadedRun {
  const footer = loadFooter(fs, folder, runUuid);
  const replay = replayWal(
    fs,
    folder,
    runUuid,
    footer === null ? NOTHING_PUBLISHED : factsOf(footer.metadata).watermark,
    true,
  );
  if (replay.end.epoch < 0) restoreFromFiles(fs, folder, replay.state);
  return loadedFrom(replay, epoch, footer);
}

function loadFooter(fs: FsPort, folder: string, runUuid: string): FileFooter | null {
  const path = join(folder, METRICS_NAME);
  if (fs.stat(path) === null) return null;
  try {
    const footer = readFooter(fs, path);
    if (factsOf(footer.metadata).runUuid === runUuid) return footer;
    throw new ExpmanError('CORRUPT', `${path} belongs to another run`, { path });
  } catch (error) {
    if (!(error instanceof ExpmanError) || error.code !== 'CORRUPT') throw error;
    fs.rename(path, freeName(fs, `${path}.corrupt`));
    return null;
  }
}

/** A copy that is kept is never replaced by a later one. */
function freeName(fs: FsPort, path: string): string {
  let free = path;
  for (let n = 2; fs.stat(free) !== null; n++) free = `${path}.${n}`;
  return free;
}

/** A run that was closed has no WAL: its files say what it was. */
function restoreFromFiles(fs: FsPort, folder: string, state: RunState): void {
  state.params = sanitiseParams(readMapping(fs, folder, CONFIG_NAME) ?? {}).params;
  const artifacts = readMapping(fs, folder, RUN_NAME)?.['artifacts'];
  if (artifacts !== undefined) state.facts = sanitiseParams({ artifacts }).params;
  state.log.offset = fs.stat(join(folder, LOG_NAME))?.size ?? 0;
}
