import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { RecordKind } from '../../src/channel/chunk-layout.js';
import { SummaryIntake } from '../../src/engine/rows/summary-intake.js';
import type { ExperimentOptions } from '../../src/model/experiment-config.js';
import type { MemoryFs } from './memory-fs.js';
import { SESSION_MARKS } from './check-summary.js';
import { BASE, Played, type Closed } from './played.js';
import { inTurn, rowOf } from './rows.mjs';
import { logSummary } from './summaries.mjs';

/** What a session is to do. */
export interface SessionPlan {
  readonly bursts: number;
  readonly rowsPerBurst: number;
  readonly shape: 'plain' | 'mixed' | 'wide';
  readonly options: ExperimentOptions;
  /** The step to go on from, in a run that is continued. */
  readonly from?: number;
  /** Its process dies after the last burst: it is never closed. */
  readonly dies?: boolean;
  /** Called between bursts, with the number of the burst. */
  readonly between?: (burst: number) => void;
}

/** Rows that were acknowledged once so many changes were made. */
export interface Acknowledgement {
  readonly changes: number;
  readonly rows: number;
}

/** How a session went. */
export interface SessionEnd {
  readonly folder: string;
  readonly acknowledgements: readonly Acknowledgement[];
  /** Rows logged in all. */
  readonly rows: number;
  /** Null for a session that never got its close through. */
  readonly closed: Closed | null;
}

/**
 * One run from its opening to its close over a file system of the harness: the real intake, channel and writer, without
 * a thread between them.
 */
export async function runSession(
  fs: MemoryFs,
  { bursts, rowsPerBurst, shape, options, from = 0, between, dies = false }: SessionPlan,
): Promise<SessionEnd> {
  const played = new Played(fs, options);
  const { folder, intake } = played;
  const summary = new SummaryIntake(intake);
  const log = inTurn({
    row: (values, at) => intake.row(values, at),
    recorder: (...names) => intake.recorder(names, { late: () => undefined, after: undefined }),
  });
  const acknowledgements: Acknowledgement[] = [];
  const pump = (): void => {
    const acknowledged = played.drain();
    acknowledgements.push({ changes: fs.changes.length, rows: from + acknowledged });
    played.feed();
  };
  let step = from;
  for (let burst = 0; burst < bursts; burst++) {
    for (let row = 0; row < rowsPerBurst; row++, step++) {
      if (step % SESSION_MARKS === 0) logSummary(summary, step, SESSION_MARKS);
      log(rowOf(shape, 0, step), step);
    }
    if (burst % 3 === 1) {
      intake.text(RecordKind.params, JSON.stringify({ burst }));
      intake.text(RecordKind.log, `line ${burst}\n`);
    }
    pump();
    await (burst % 4 === 3 ? delay(2) : turn());
    between?.(burst);
  }
  if (dies) {
    played.leave();
    return { folder, acknowledgements, rows: step, closed: null };
  }
  played.end();
  // A disk that refuses for ever must not hold the harness: some dozens of polls are as good as thousands.
  for (let poll = 0; played.closed === null && poll < 60; poll++) {
    pump();
    await delay(1);
  }
  if (played.closed === null) played.leave();
  return { folder, acknowledgements, rows: step, closed: played.closed };
}

/** The rows acknowledged by the time `changes` changes were made. */
export function acknowledgedBy(acknowledgements: readonly Acknowledgement[], changes: number): number {
  return acknowledgements.reduce(
    (rows, ack) => (ack.changes <= changes ? Math.max(rows, ack.rows) : rows),
    0,
  );
}

/** A file system with the folder the sessions' experiment is in. */
export function withBase(fs: MemoryFs): MemoryFs {
  fs.makeFolder(BASE);
  fs.syncFolder('/');
  return fs;
}
