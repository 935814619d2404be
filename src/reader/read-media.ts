import { join } from 'node:path';
import {
  MANIFEST_NAME,
  MAX_MANIFEST_BYTES,
  MEDIA_FOLDER,
  type MediaFile,
  parseMediaFile,
} from '../model/media.js';
import { readWhole } from '../storage/atomic-file.js';
import type { Rewind } from '../channel/rewind.js';
import type { Step } from '../model/step.js';
import type { FileFacts, FsPort } from '../storage/fs-port.js';
import { RUN_NAME } from '../run/file-names.js';
import { readIdentity } from '../run/identity.js';
import { problemOf } from '../run/saved-file.js';
import { openRows } from './read-rows.js';

/** A file that was logged, and its path. */
export interface LoggedMedia extends MediaFile {
  /** Absolute. */
  readonly path: string;
}

/** A line of a manifest and the media it lists; null if the line is not valid. */
export interface ManifestLine {
  readonly text: string;
  readonly media: LoggedMedia | null;
}

/**
 * Lists the files that a run has logged, in order: regular files inside `media/` with the size that
 * was logged.
 */
export function mediaOf(fs: FsPort, runDir: string): LoggedMedia[] {
  return manifestOf(fs, runDir).flatMap(({ media }) =>
    media === null || mediaProblem(fs.stat(media.path), media) !== null ? [] : [media],
  );
}

/**
 * Returns what is wrong with a logged file, to be read after its path; null for a regular file of
 * the size that was logged.
 */
export const mediaProblem = (facts: FileFacts | null, { bytes }: LoggedMedia): string | null =>
  problemOf(facts, bytes, 'logged');

/**
 * Reads the whole lines of a run's manifest, without those that rewinds have removed; none if there
 * is no manifest, or its folder is a link.
 */
export function manifestOf(fs: FsPort, runDir: string): ManifestLine[] {
  const folder = join(runDir, MEDIA_FOLDER);
  const path = join(folder, MANIFEST_NAME);
  if (fs.stat(folder)?.kind !== 'folder' || fs.stat(path) === null) return [];
  const text = readWhole(fs, path, MAX_MANIFEST_BYTES).toString();
  const rewinds = rewindsOf(fs, runDir);
  // Text after the last newline is being written, or was cut off.
  const lines = text.split('\n').slice(0, -1);
  let offset = 0;
  return lines.flatMap((line): ManifestLine[] => {
    const at = offset;
    if (rewinds.length > 0) offset += Buffer.byteLength(line) + 1;
    if (line === '') return [];
    const media = parseMediaFile(line);
    if (media !== null && rewinds.some((rewind) => takesOut(rewind, at, media.step))) return [];
    return [{ text: line, media: media === null ? null : { ...media, path: join(folder, media.file) } }];
  });
}

const takesOut = ({ fromStep, mediaBytes }: Rewind, offset: number, step: Step | null): boolean =>
  offset < mediaBytes && step !== null && step >= fromStep;

/**
 * Returns the rewinds of a run: run.yaml says whether there may be any, the rows which ones there
 * were.
 */
export function rewindsOf(fs: FsPort, runDir: string): readonly Rewind[] {
  if (fs.stat(join(runDir, RUN_NAME)) === null) return [];
  const { resumed = [], uuid } = readIdentity(fs, runDir).identity;
  if (resumed.every(({ fromStep }) => fromStep === undefined)) return [];
  const rows = openRows(fs, runDir, uuid);
  rows.close();
  return rows.rewinds;
}
