import { join } from 'node:path';
import { tallyRecords } from '../channel/record-heads.js';
import type { Loss } from '../model/run-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { FrameType, parseSegmentName } from '../storage/wal/frame.js';
import { readSegmentFile } from '../storage/wal/read-segment-file.js';
import type { FileFacts } from './summaries/file-metadata.js';
import { readIdentity } from './identity.js';
import type { Watermark } from './replay/replay.js';
import { type SegmentFile, inOrder, isForeign, segmentNames } from './replay/segment-files.js';

const KEPT = /^(.+)\.corrupt(?:\.\d+)?$/;

/** The damaged files of a run that are kept as `*.corrupt`. */
export const keptFiles = (fs: FsPort, folder: string): string[] =>
  fs
    .list(folder)
    .filter((name) => KEPT.test(name))
    .sort();

/** The original name of a kept file. */
export const nameBefore = (name: string): string => KEPT.exec(name)?.[1] ?? name;

/**
 * The intact segments among the kept files: expman-rx 0.1.0, which cannot read them, set them
 * aside.
 *
 * Those of owners before that of the published file are left out: 0.1.0 has resumed the run since,
 * and it is unknown which of their rows it had published before.
 */
export function setAsideSegments(
  fs: FsPort,
  folder: string,
  runUuid: string,
  from: Watermark,
): SegmentFile[] {
  const candidates = keptFiles(fs, folder).filter((name) => parseSegmentName(nameBefore(name)) !== null);
  // This version keeps files for a reason; only if 0.1.0 wrote run.yaml last is there anything to
  // take back.
  if (candidates.length === 0 || readIdentity(fs, folder).file['format'] !== undefined) return [];
  return candidates.flatMap((name) => {
    const place = parseSegmentName(nameBefore(name));
    if (place === null || place.epoch < from.epoch || !name.endsWith('.corrupt')) return [];
    const segment = readSegmentFile(fs, join(folder, name));
    const { kind } = segment.verdict;
    const isIntact = segment.head !== null && (kind === 'whole' || kind === 'torn');
    if (!isIntact || segment.head.version === 1 || isForeign(segment, runUuid, place.epoch)) return [];
    return fs.stat(join(folder, nameBefore(name))) === null ? [{ name, ...place }] : [];
  });
}

/**
 * The calls in segments that 0.1.0 could not read, in a run that it has resumed and published
 * since: it is unknown which of them were published before, so the number is an upper bound.
 */
export function strandedSegments(
  fs: FsPort,
  folder: string,
  runUuid: string,
  published: FileFacts | undefined,
): Loss[] {
  if (published === undefined || published.readsCalls) return [];
  const { epoch: newest } = published.watermark;
  return [...segmentNames(fs, folder).map(({ name }) => name), ...keptFiles(fs, folder)].flatMap((name) => {
    const place = parseSegmentName(nameBefore(name)) ?? parseSegmentName(name);
    if (place === null || place.epoch >= newest) return [];
    const segment = readSegmentFile(fs, join(folder, name));
    const [first] = segment.frames;
    if (typeof first?.calls !== 'number' || isForeign(segment, runUuid, place.epoch)) return [];
    const tallies = segment.frames
      .filter(({ type }) => type === FrameType.records)
      .map(({ payload }) => tallyRecords(payload, 0, 0));
    const calls = tallies.reduce((sum, tally) => sum + tally.calls, 0);
    const records = tallies.reduce((sum, tally) => sum + tally.records, 0);
    const { epoch } = place;
    return calls === 0 ? [] : [{ epoch, firstRecord: first.seq, records, calls, atMost: true, file: name }];
  });
}

/** All segments of a run, those set aside included, in the order they were written. */
export const allSegments = (fs: FsPort, folder: string, setAside: readonly SegmentFile[]): SegmentFile[] =>
  [...segmentNames(fs, folder), ...setAside].sort(inOrder);

/** Restores the names of segments that were set aside; only the run's owner may do that. */
export function takeBack(fs: FsPort, folder: string, setAside: readonly SegmentFile[]): void {
  for (const { name } of setAside) fs.rename(join(folder, name), join(folder, nameBefore(name)));
}
