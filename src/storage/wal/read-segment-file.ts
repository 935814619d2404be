import { readWhole } from '../atomic-file.js';
import type { FsPort } from '../fs-port.js';
import { type Segment, readSegment } from './segment-reader.js';

/** @bound refuses: CORRUPT, with the size; segments are ended at an eighth of it */
const MAX_SEGMENT_BYTES = 2 ** 31 - 1;

/**
 * Reads a segment's file, whatever its content. @throws {@link ExpmanError} `IO`, `CORRUPT`, as
 * `readWhole` does
 */
export function readSegmentFile(fs: FsPort, path: string): Segment & { readonly bytes: number } {
  const bytes = readWhole(fs, path, MAX_SEGMENT_BYTES);
  return { ...readSegment(bytes), bytes: bytes.length };
}
