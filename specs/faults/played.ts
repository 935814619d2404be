import { setImmediate as turn } from 'node:timers/promises';
import { ChunkPool } from '../../src/channel/chunk-pool.js';
import { RecordKind, WIRE_BYTES } from '../../src/channel/chunk-layout.js';
import { encodeRewind } from '../../src/channel/rewind.js';
import { openRun } from '../../src/engine/open-run.js';
import { RowIntake } from '../../src/engine/rows/row-intake.js';
import { ExperimentConfig, type ExperimentOptions } from '../../src/model/experiment-config.js';
import { monotonicMs } from '../../src/model/monotonic.js';
import type { RunSummary } from '../../src/model/run-file.js';
import * as columnarParts from '../../src/writer/thread/columnar-parts.js';
import type { FromWriter, PlainError, RunOpening } from '../../src/writer/thread/writer-messages.js';
import * as yamlParts from '../../src/writer/thread/yaml-parts.js';
import { WriterCore } from '../../src/writer/thread/writer-core.js';
import { MemoryFs } from './memory-fs.js';

/** The folder of experiments; see `withBase` in session.ts. */
export const BASE = '/base';
const MOST_TURNS = 5_000;

/** How a close went. */
export interface Closed {
  readonly summary: RunSummary;
  readonly error: PlainError | null;
}

/**
 * One owner of a run over a file system in memory, played step by step: the real opening, intake, channel and writer, with nothing
 * happening but when it is asked for or the event loop is given a turn.
 */
export class Played {
  readonly folder: string;
  /** The number of this owner. */
  readonly epoch: number;
  readonly intake: RowIntake;
  /** How its close went, once it is through. */
  closed: Closed | null = null;
  private core: WriterCore;
  private readonly opening: RunOpening;
  private readonly start: () => WriterCore;

  /** @throws ExpmanError as the opening of a run does */
  constructor(
    private fs: MemoryFs,
    options: ExperimentOptions,
    now: () => number = Date.now,
    monotonic: () => number = monotonicMs,
    /** Rows after which a row group is sealed; the writer's own number by default. */
    sealRows?: number,
  ) {
    const config = new ExperimentConfig('faults', BASE, {
      environment: false,
      runName: 'run',
      resume: 'allow',
      ...options,
    });
    const { folder, identity, owner, continues, before, clock } = openRun(fs, config, undefined, now());
    this.folder = folder;
    this.epoch = owner.epoch;
    const pool = new ChunkPool();
    const wire = new Int32Array(new SharedArrayBuffer(WIRE_BYTES));
    const ignore = (): void => undefined;
    this.intake = new RowIntake({
      pool,
      wire,
      options: config,
      taps: { observed: false, notify: ignore },
      wake: ignore,
      waitFor: ignore,
      onLoss: ignore,
    });
    this.start = () => {
      const post = (message: FromWriter): void => {
        if (message.kind === 'closed' && this.core === core) this.closed = message;
      };
      const core: WriterCore = new WriterCore({
        ...{ fs: this.fs, wire, arenas: pool, post, yamlParts, now, monotonic },
        ...(sealRows !== undefined && { sealRows }),
      });
      core.attach(columnarParts);
      return core;
    };
    this.opening = {
      runId: 1,
      folder,
      identity,
      owner,
      options: config.toPlain(),
      control: this.intake.channel.control.memory,
      continues,
      resumes: continues,
      clock: { ...clock, takenAtMs: monotonic() },
      before,
      degraded: null,
    };
    this.core = this.start();
    this.core.open(this.opening);
    if (continues && config.fromStep !== undefined)
      this.intake.text(RecordKind.rewind, encodeRewind({ fromStep: config.fromStep, mediaBytes: 0 }));
  }

  /** Moves what was logged into the log; returns how many rows of this owner are acknowledged. */
  drain(): number {
    this.core.drain();
    return this.intake.channel.control.acknowledged().rows;
  }

  /** Hands what is in the log on to the second stage, for some milliseconds; true when there is more. */
  feed(): boolean {
    return this.core.feed();
  }

  /** Time for what is due now and then: heartbeats, and what failed. */
  beat(): void {
    this.core.beat();
  }

  /** Both, until nothing is left. */
  flush(): number {
    const acknowledged = this.drain();
    while (this.feed());
    return acknowledged;
  }

  /** Closes all files and leaves the run as it is. */
  leave(): void {
    this.core.leave();
  }

  /** The writer dies, and another one takes over, as the engine replaces it. */
  replaceWriter(): void {
    const died = this.core;
    this.fs = this.left();
    this.core = this.start();
    died.end(1, { status: 'CRASHED', cut: false });
    const since = new Date(0).toISOString();
    const degraded = { code: 'WRITER_REPLACED', message: 'the writer died', since };
    this.core.open({ ...this.opening, continues: true, resumes: false, degraded });
  }

  /** Logs the end: the run closes as it is drained and fed. */
  end(): void {
    this.intake.text(RecordKind.close, JSON.stringify({ status: 'FINISHED', cut: false }));
  }

  /** Time for the second stage: a publish takes some turns. */
  async rest(turns: number): Promise<void> {
    for (let done = 0; done < turns; done++) await turn();
  }

  async close(): Promise<Closed> {
    this.end();
    return this.untilClosed();
  }

  /** Plays on until the run is closed, whose end was logged. */
  async untilClosed(): Promise<Closed> {
    for (let turns = 0; this.closed === null && turns < MOST_TURNS; turns++) {
      this.flush();
      await turn();
    }
    if (this.closed === null) throw new Error('the run does not close');
    return this.closed;
  }

  /** Its process dies, and the machine is started anew: the disk as it is left. */
  die(): MemoryFs {
    const left = this.left();
    left.reboot();
    // What is still in this process has a file system to itself now, and must not leave its timers behind.
    this.core.end(1, { status: 'CRASHED', cut: false });
    return left;
  }

  /** The files as they are, for others than the writer of now. */
  private left(): MemoryFs {
    const left = MemoryFs.replay(this.fs.changes, this.fs.changes.length);
    left.changes.push(...this.fs.changes);
    return left;
  }
}
