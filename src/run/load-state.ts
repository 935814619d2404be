import { type RowSpan, eachStep } from '../channel/records.js';
import type { Rewind } from '../channel/rewind.js';
import { callsLost } from '../model/losses.js';
import type { Loss } from '../model/run-file.js';
import type { Step } from '../model/step.js';
import type { FsPort } from '../storage/fs-port.js';
import type { PublishedFile } from './summaries/file-metadata.js';
import { NOTHING_PUBLISHED, type Replay, replayWal } from './replay/replay.js';
import type { RowJoiner } from './rows/row-joiner.js';
import type { RunState } from './run-state.js';

/** What a folder holds of a run that is continued. */
export interface LoadedRun {
  readonly state: RunState;
  /** Null when nothing (readable) is published. */
  readonly published: PublishedFile | null;
  /** Calls and rewinds in the WAL alone, in order. */
  readonly items: readonly (RowSpan | Rewind)[];
  /** Calls taken before, published or not, and the rows that they are. */
  readonly calls: number;
  readonly rows: number;
  /** The greatest step among them. */
  readonly lastStep: Step | null;
  /** Goes on where the owner's session stands; null when it has none yet. */
  readonly joiner: RowJoiner | null;
  /** Whether calls may join rows of the published file. */
  readonly reopens: boolean;
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
  const { state, segments, end, losses, malformed } = replay;
  if (end.epoch !== epoch) {
    state.startEpoch();
    state.before = end.epoch < 0 ? (published?.facts.watermark ?? null) : end;
  }
  const own = segments.filter((segment) => segment.epoch === epoch);
  return {
    state,
    published,
    items: itemsOf(replay),
    rows: (published?.rows ?? 0) + replay.rows,
    lastStep: lastStepOf(replay, published?.facts.lastStep ?? null),
    calls: (published?.facts.loggedRows ?? 0) + replay.calls,
    joiner: Math.max(end.epoch, published?.facts.watermark.epoch ?? -1) === epoch ? replay.joiner : null,
    reopens: reopens(replay, epoch, published),
    nextSegment: own.reduce((next, { number }) => Math.max(next, number + 1), 0),
    replayedTo: end.epoch === epoch ? end.seq : 0,
    losses,
    kept: new Set(malformed.map(({ file }) => file)),
  };
}

function reopens({ spans }: Replay, epoch: number, published: PublishedFile | null): boolean {
  if (published === null) return false;
  const { watermark, sessions } = published.facts;
  if (sessions.at(-1)?.epoch !== watermark.epoch) return false;
  return (
    watermark.epoch === epoch || spans.some((span) => span.epoch === watermark.epoch && span.targets !== null)
  );
}

function lastStepOf({ spans }: Replay, published: Step | null): Step | null {
  let last: Step = published ?? -Infinity;
  for (const span of spans)
    eachStep(span, (step) => {
      if (step > last) last = step;
    });
  return last === -Infinity ? null : last;
}

/** Calls and rewinds in order: a rewind comes before the rows of its session. */
export const itemsOf = ({ spans, rewinds }: Replay): (RowSpan | Rewind)[] =>
  [...rewinds, ...spans].sort((one, other) => one.epoch - other.epoch);

/**
 * Reads only what the WAL says; for a writer that takes over while the process ends, without Arrow.
 *
 * What is published is not looked at, so that its records seem to be missing: they are counted as rows, and are no losses.
 */
export function loadState(fs: FsPort, folder: string, runUuid: string, epoch: number): LoadedRun {
  const replay = replayWal(fs, folder, runUuid, NOTHING_PUBLISHED, { salvage: true });
  const loaded = loadedFrom(replay, epoch, null);
  const lost = callsLost(loaded.losses);
  return { ...loaded, rows: loaded.rows + lost, calls: loaded.calls + lost, losses: [] };
}
