import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { RecordKind, WIRE_BYTES } from '../../src/channel/layout.js';
import { ChunkPool } from '../../src/channel/chunk-pool.js';
import { openRun } from '../../src/engine/open-run.js';
import { RowIntake } from '../../src/engine/row-intake.js';
import { ExperimentConfig, type ExperimentOptions } from '../../src/model/experiment-config.js';
import type { RunSummary } from '../../src/model/run-file.js';
import * as columnarParts from '../../src/writer/columnar-parts.js';
import type { FromWriter, PlainError } from '../../src/writer/messages.js';
import * as runFiles from '../../src/writer/run-files.js';
import { WriterCore } from '../../src/writer/writer-core.js';
import type { MemoryFs } from './memory-fs.js';
import { rowOf } from './rows.mjs';

const BASE = '/base';

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
  readonly closed: { readonly summary: RunSummary; readonly error: PlainError | null } | null;
}

/**
 * One run from its opening to its close over a file system of the harness: the real intake, channel and writer, without
 * a thread between them.
 */
export async function runSession(
  fs: MemoryFs,
  { bursts, rowsPerBurst, shape, options, from = 0, between, dies = false }: SessionPlan,
): Promise<SessionEnd> {
  const config = new ExperimentConfig('faults', BASE, {
    environment: false,
    runName: 'run',
    resume: 'allow',
    ...options,
  });
  const opened = openRun(fs, config, undefined, Date.now());
  const pool = new ChunkPool();
  const wire = new Int32Array(new SharedArrayBuffer(WIRE_BYTES));
  const intake = new RowIntake({
    pool,
    wire,
    options: config,
    wake: () => undefined,
    waitFor: () => undefined,
    onLoss: () => undefined,
  });
  const { control } = intake.channel;
  const closings: { readonly summary: RunSummary; readonly error: PlainError | null }[] = [];
  const post = (message: FromWriter): void => {
    if (message.kind === 'closed') closings.push({ summary: message.summary, error: message.error });
  };
  const core = new WriterCore({ fs, wire, arenas: pool, post, runFiles });
  core.attach(columnarParts);
  const { folder, identity, owner, continues, before } = opened;
  core.open({
    runId: 1,
    folder,
    identity,
    owner,
    options: config.toPlain(),
    control: control.memory,
    continues,
    resumes: continues,
    before,
    degraded: null,
  });
  const acknowledgements: Acknowledgement[] = [];
  const pump = (): void => {
    core.drain();
    acknowledgements.push({ changes: fs.changes.length, rows: from + control.acknowledged().rows });
    core.feed();
  };
  let step = from;
  for (let burst = 0; burst < bursts; burst++) {
    for (let row = 0; row < rowsPerBurst; row++, step++) intake.row(rowOf(shape, 0, step), step);
    if (burst % 3 === 1) {
      intake.text(RecordKind.params, JSON.stringify({ burst }));
      intake.text(RecordKind.log, `line ${burst}\n`);
    }
    pump();
    await (burst % 4 === 3 ? delay(2) : turn());
    between?.(burst);
  }
  if (dies) {
    core.leave();
    return { folder, acknowledgements, rows: step, closed: null };
  }
  intake.text(RecordKind.close, JSON.stringify({ status: 'FINISHED', cut: false }));
  // A disk that refuses for ever must not hold the harness: some dozens of polls are as good as thousands.
  for (let poll = 0; closings.length === 0 && poll < 60; poll++) {
    pump();
    await delay(1);
  }
  if (closings.length === 0) core.leave();
  return { folder, acknowledgements, rows: step, closed: closings[0] ?? null };
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
