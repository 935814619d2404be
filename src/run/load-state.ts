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

/** The content of the folder of a run that is continued. */
export interface LoadedRun {
  readonly state: RunState;
  /** Null if nothing readable is published. */
  readonly published: PublishedFile | null;
  /** The calls and rewinds that are only in the WAL, in order. */
  readonly items: readonly (RowSpan | Rewind)[];
  /** The number of calls accepted before, published or not, and of their rows. */
  readonly calls: number;
  readonly rows: number;
  /** The greatest step among them. */
  readonly lastStep: Step | null;
  /** The joiner that continues the owner's session; null if it has none yet. */
  readonly joiner: RowJoiner | null;
  /** True if calls may join rows of the published file. */
  readonly reopens: boolean;
  /** The number of this owner's next WAL segment. */
  readonly nextSegment: number;
  /** The number of records of this owner that an earlier writer put into the WAL. */
  readonly replayedTo: number;
  /** The lost records. */
  readonly losses: readonly Loss[];
  /** The segments with unreadable records, beside those with damaged bytes. */
  readonly kept: ReadonlySet<string>;
}

/** Combines a replay and a published file for the owner of `epoch`. */
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
 * Reads only the WAL, without Arrow; for a writer that takes over while the process ends.
 *
 * The published file is not read, so its records seem to be missing: they are counted as rows, not
 * as losses.
 */
export function loadState(fs: FsPort, folder: string, runUuid: string, epoch: number): LoadedRun {
  const replay = replayWal(fs, folder, runUuid, NOTHING_PUBLISHED, { salvage: true });
  const loaded = loadedFrom(replay, epoch, null);
  const lost = callsLost(loaded.losses);
  return { ...loaded, rows: loaded.rows + lost, calls: loaded.calls + lost, losses: [] };
}
