import { jsonText } from './json-text.js';
import { type Step, stepInJson } from './step.js';
import { isInstant, isSha256 } from './stored-values.js';

/** The kind of a file under `media/`, by the call that logged it. */
export type MediaKind = 'image' | 'media' | 'table';

/**
 * One line of `media/manifest.ndjson`: a logged file, which was complete when the line was written.
 */
export interface MediaFile {
  /** The name it was logged under. */
  readonly name: string;
  /** A bigint only beyond 2^53, which is text in the line: JSON cannot express it. */
  readonly step: Step | null;
  /** Its name in the run's `media/` folder. */
  readonly file: string;
  readonly kind: MediaKind;
  /** Its media type, for example `image/png`. */
  readonly type: string;
  readonly bytes: number;
  /** The digest of the content, in hex. */
  readonly sha256: string;
  readonly caption: string | null;
  /** The time of logging; ISO 8601, UTC. */
  readonly timestamp: string;
}

/** The folder of the files logged by a run. */
export const MEDIA_FOLDER = 'media';
/** The file in it that lists the others, one line of JSON per file. */
export const MANIFEST_NAME = 'manifest.ndjson';

/**
 * The largest manifest that is written or read, in bytes.
 *
 * @bound refuses: INVALID_VALUE when it is written, CORRUPT when it is read
 */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/**
 * The most rows of a table that are written or read.
 *
 * @bound tells: run.log says how many were left out, and a query of which table it read the first;
 * specs/engine/media.spec.ts "loses rows beyond its bound, which is told"
 */
export const MAX_TABLE_ROWS = 10_000;

/**
 * The longest caption, in characters.
 *
 * @bound refuses: INVALID_OPTION
 */
export const MAX_CAPTION = 4096;

// A name of one part that no system takes for a device, a hidden file or an option.
const FILE = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,199}\.[a-z0-9]{1,8}$/;
const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,127}$/;
const KINDS: readonly unknown[] = ['image', 'media', 'table'] satisfies readonly MediaKind[];
/**
 * The longest manifest line that is read; a caption and a name made only of escapes fit.
 *
 * @bound loses nothing: no written line is longer, and verify reports one that is
 */
export const MAX_MEDIA_LINE = 64 * 1024;

/** True if a text is a media type, lower case and without parameters. */
export const isMediaType = (text: unknown): text is string => typeof text === 'string' && TYPE.test(text);

/** A file as a line of the manifest. */
export const mediaLine = (media: MediaFile): string => `${jsonText(media)}\n`;

/**
 * Parses one line of a manifest; null for a line that is cut off, damaged, or has a file name that
 * is not allowed.
 */
export function parseMediaFile(line: string): MediaFile | null {
  if (line.length > MAX_MEDIA_LINE) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { name, step, file, kind, type, bytes, sha256, caption, timestamp } = value as Readonly<
    Record<string, unknown>
  >;
  const loggedAt = stepInJson(step);
  const is =
    isText(name) &&
    loggedAt !== undefined &&
    typeof file === 'string' &&
    FILE.test(file) &&
    KINDS.includes(kind) &&
    isMediaType(type) &&
    Number.isSafeInteger(bytes) &&
    isSha256(sha256) &&
    (caption === null || isText(caption)) &&
    isInstant(timestamp);
  return is
    ? ({ name, step: loggedAt, file, kind, type, bytes, sha256, caption, timestamp } as MediaFile)
    : null;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_CAPTION;
