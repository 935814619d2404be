import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { openIfThere } from '../storage/atomic-file.js';
import { type ChunkReader, chunkReader } from '../storage/chunk-reader.js';
import type { FsPort } from '../storage/fs-port.js';
import { METRICS_NAME } from '../storage/metrics-file.js';
import { readFooterOf } from '../storage/metrics-footer.js';
import { NOTHING_PUBLISHED, type Replay, replayWal } from './replay/replay.js';
import { type PublishedFile, publishedFile } from './summaries/file-metadata.js';

const ATTEMPTS = 20;

/** The file of rows of a run, and what its write-ahead log has beyond it. */
export interface SeenFiles {
  /** Null if nothing is published. */
  readonly published: (PublishedFile & { readonly read: ChunkReader }) | null;
  readonly replay: Replay;
  /** False if the file was replaced meanwhile, even at the last attempt. */
  readonly isSteady: boolean;
}

/**
 * Looks at the file of rows of a run and its write-ahead log as one, while the file is open. Works
 * while a writer publishes: rows that it moves from the log to the file are read again.
 *
 * @throws ExpmanError `CORRUPT`, `UNSUPPORTED_VERSION`, `IO`
 */
export function withSteadyFiles<T>(
  fs: FsPort,
  folder: string,
  runUuid: string,
  look: (seen: SeenFiles) => T,
): T {
  for (let attempt = 1; ; attempt++) {
    try {
      const seen = lookOnce(fs, folder, runUuid, attempt === ATTEMPTS, look);
      if (seen !== null) return seen.value;
    } catch (error) {
      // A segment was removed between the listing and its reading.
      if (attempt === ATTEMPTS || !(error instanceof ExpmanError) || error.errno !== 'ENOENT') throw error;
    }
  }
}

/** Returns null if the file was replaced meanwhile and there is another attempt. */
function lookOnce<T>(
  fs: FsPort,
  folder: string,
  runUuid: string,
  isLast: boolean,
  look: (seen: SeenFiles) => T,
): { readonly value: T } | null {
  const path = join(folder, METRICS_NAME);
  const file = openIfThere(fs, path);
  try {
    const published = file === null ? null : publishedFile(readFooterOf(fs, file, path), path);
    const watermark = published?.facts.watermark ?? NOTHING_PUBLISHED;
    const replay = replayWal(fs, folder, runUuid, watermark, { salvage: true });
    const opened = file === null ? undefined : fs.statOpen(file).inode;
    const isSteady = fs.stat(path)?.inode === opened;
    if (!isSteady && !isLast) return null;
    const readable =
      published === null || file === null ? null : { ...published, read: chunkReader(fs, file, path) };
    return { value: look({ published: readable, replay, isSteady }) };
  } finally {
    if (file !== null) fs.close(file);
  }
}
