import { type RowSpan, eachStep } from '../channel/records.js';
import { callsLost } from '../model/losses.js';
import type { Loss } from '../model/run-file.js';
import type { FsPort } from '../storage/fs-port.js';
import type { PublishedFile } from './file-metadata.js';
import { NOTHING_PUBLISHED, type Replay, replayWal } from './replay.js';
import type { RunState } from './run-state.js';

/** What a folder holds of a run that is continued. */
export interface LoadedRun {
  readonly state: RunState;
  /** Null when nothing (readable) is published. */
  readonly published: PublishedFile | null;
  /** Rows in the WAL alone. */
  readonly spans: readonly RowSpan[];
  /** Rows logged before, published or not. */
  readonly rows: number;
  /** The greatest step among them. */
  readonly lastStep: number | null;
  /** Number of this owner's next WAL segment. */
  readonly nextSegment: number;
  /** Records of this owner that an earlier writer put into the WAL. */
  readonly replayedTo: number;
  /** Records that are gone. */
  readonly losses: readonly Loss[];
  /** Segments that hold what could not be read, beside those whose bytes are damaged. */
  readonly kept: ReadonlySet<string>;
}

/** What a replay and a published file come to for the owner of `epoch`. */
export function loadedFrom(replay: Replay, epoch: number, published: PublishedFile | null): LoadedRun {
  const { state, spans, segments, end, losses, malformed } = replay;
  if (end.epoch !== epoch) {
    state.startEpoch();
    state.before = end.epoch < 0 ? (published?.facts.watermark ?? null) : end;
  }
  const own = segments.filter((segment) => segment.epoch === epoch);
  return {
    state,
    published,
    spans,
    rows: (published?.facts.loggedRows ?? 0) + replay.rows,
    lastStep: lastStepOf(spans, published?.facts.lastStep ?? null),
    nextSegment: own.reduce((next, { number }) => Math.max(next, number + 1), 0),
    replayedTo: end.epoch === epoch ? end.seq : 0,
    losses,
    kept: new Set(malformed.map(({ file }) => file)),
  };
}

function lastStepOf(spans: readonly RowSpan[], published: number | null): number | null {
  let last = published ?? -Infinity;
  for (const span of spans)
    eachStep(span, (step) => {
      if (step > last) last = step;
    });
  return last === -Infinity ? null : last;
}

/**
 * Reads only what the WAL says; for a writer that takes over while the process ends, without Arrow.
 *
 * What is published is not looked at, so that its records seem to be missing: they are counted as rows, and are no losses.
 */
export function loadState(fs: FsPort, folder: string, runUuid: string, epoch: number): LoadedRun {
  const replay = replayWal(fs, folder, runUuid, NOTHING_PUBLISHED, { salvage: true });
  const loaded = loadedFrom(replay, epoch, null);
  return { ...loaded, rows: loaded.rows + callsLost(loaded.losses), losses: [] };
}
