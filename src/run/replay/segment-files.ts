import type { FsPort } from '../../storage/fs-port.js';
import { parseSegmentName } from '../../storage/wal/frame.js';
import type { Segment } from '../../storage/wal/segment-reader.js';

/** A file that holds a segment. */
export interface SegmentFile {
  readonly name: string;
  readonly epoch: number;
  readonly number: number;
}

/** True if a segment belongs to another run, or to another owner than its name says. */
export const isForeign = ({ head }: Segment, runUuid: string, epoch: number): boolean =>
  head !== null && (head.runUuid !== runUuid || head.epoch !== epoch);

/** The WAL segments of a folder, in the order they were written. */
export function segmentNames(fs: FsPort, folder: string): SegmentFile[] {
  return fs
    .list(folder)
    .flatMap((name) => {
      const parsed = parseSegmentName(name);
      return parsed === null ? [] : [{ name, ...parsed }];
    })
    .sort(inOrder);
}

/** Compares segments by the order in which they were written. */
export const inOrder = (a: SegmentFile, b: SegmentFile): number => a.epoch - b.epoch || a.number - b.number;
