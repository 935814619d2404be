import { join } from 'node:path';
import type { FsPort } from '../../storage/fs-port.js';
import { unsupportedVersion } from '../../storage/unsupported-version.js';
import { WAL_VERSION } from '../../storage/wal/frame.js';
import { readSegmentFile } from '../../storage/wal/read-segment-file.js';
import type { SegmentVerdict } from '../../storage/wal/segment-reader.js';
import type { SessionStart } from '../rows/row-joiner.js';
import type { Watermark } from '../run-state.js';
import { type Replayed, Replayer } from './replayer.js';
import { type SegmentFile, isForeign, segmentNames } from './segment-files.js';

export type { Watermark } from '../run-state.js';

/** The watermark of a run without a published file. */
export const NOTHING_PUBLISHED: Watermark = { epoch: -1, seq: 0 };

/** A segment's file and its verdict. */
export interface SegmentReport {
  readonly name: string;
  readonly epoch: number;
  readonly number: number;
  readonly bytes: number;
  readonly verdict: SegmentVerdict;
}

/** The content of a run's WAL beyond its published file. */
export interface Replay extends Replayed {
  readonly segments: readonly SegmentReport[];
  /**
   * The number of bytes at the ends of segments that are not a complete frame: an interrupted
   * write.
   */
  readonly tornBytes: number;
  /** The segments with damaged bytes before intact ones, and segments of another run. */
  readonly corrupt: readonly string[];
}

/** The options of {@link replayWal}. */
export interface ReplayOptions {
  /** Includes the rows after a gap. */
  readonly salvage?: boolean;
  /** The files to read, by default the segments of the folder. */
  readonly files?: readonly SegmentFile[];
  /** The rows of the watermark's session in the published file; null if it has none. */
  readonly session?: SessionStart | null;
}

/**
 * Reads the WAL of a run's folder; writes nothing.
 *
 * Frames are read in the order of epochs and sequence numbers, each record once. Without `salvage`
 * the rows stop at the first gap, so that they are always a prefix of the logged rows. Missing
 * records are counted in the same way with and without it.
 *
 * @throws {@link ExpmanError} `UNSUPPORTED_VERSION` for a segment that a later version of expman-rx
 * wrote; and those of `readSegmentFile`
 */
export function replayWal(
  fs: FsPort,
  folder: string,
  runUuid: string,
  from: Watermark,
  { salvage = false, files = segmentNames(fs, folder), session = null }: ReplayOptions = {},
): Replay {
  const run = new Replayer(from, salvage, session);
  const segments: SegmentReport[] = [];
  for (const { name, epoch, number } of files) {
    const path = join(folder, name);
    const { bytes, ...segment } = readSegmentFile(fs, path);
    if (segment.verdict.kind === 'newer')
      throw unsupportedVersion(path, {
        ...{ what: 'write-ahead log', version: segment.head?.version, known: WAL_VERSION },
        writtenBy: segment.head?.writtenBy,
      });
    const foreign = isForeign(segment, runUuid, epoch);
    const verdict: SegmentVerdict = foreign
      ? { kind: 'corrupt', badBytes: bytes, badAt: 0 }
      : segment.verdict;
    segments.push({ name, epoch, number, bytes, verdict });
    if (!foreign) run.replay(segment, epoch, name);
  }
  const tornIn = ({ verdict }: SegmentReport): number =>
    verdict.kind === 'torn' || verdict.kind === 'empty' ? verdict.badBytes : 0;
  return {
    ...run.finish(),
    segments,
    tornBytes: segments.reduce((sum, segment) => sum + tornIn(segment), 0),
    corrupt: segments.flatMap(({ name, verdict }) => (verdict.kind === 'corrupt' ? [name] : [])),
  };
}
