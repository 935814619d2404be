import { join } from 'node:path';
import { MANIFEST_NAME, MEDIA_FOLDER, type MediaFile, parseMediaFile } from '../model/media.js';
import { readWhole } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';

/** A file that was logged, and where it is. */
export interface LoggedMedia extends MediaFile {
  /** Absolute. */
  readonly path: string;
}

const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** A line of a manifest, and what it lists; null for what is no line of ours. */
export interface ManifestLine {
  readonly text: string;
  readonly media: LoggedMedia | null;
}

/** The files a run has logged, in the order they came: regular files of the size that was logged, inside `media/`. */
export function mediaOf(fs: FsPort, runDir: string): LoggedMedia[] {
  return manifestOf(fs, runDir).flatMap(({ media }) => {
    if (media === null) return [];
    const facts = fs.stat(media.path);
    return facts?.kind === 'file' && facts.size === media.bytes ? [media] : [];
  });
}

/** The whole lines of a run's manifest; none where there is no manifest, and no folder but a link. */
export function manifestOf(fs: FsPort, runDir: string): ManifestLine[] {
  const folder = join(runDir, MEDIA_FOLDER);
  const path = join(folder, MANIFEST_NAME);
  if (fs.stat(folder)?.kind !== 'folder' || fs.stat(path) === null) return [];
  const text = readWhole(fs, path, MAX_MANIFEST_BYTES).toString();
  // What stands behind the last newline is being written, or was cut off.
  const lines = text.split('\n').slice(0, -1);
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const media = parseMediaFile(line);
      return { text: line, media: media === null ? null : { ...media, path: join(folder, media.file) } };
    });
}
