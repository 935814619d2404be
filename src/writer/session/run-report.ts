import type { RunControl } from '../../channel/run-control.js';
import { attempt } from '../../model/attempt.js';
import { ExpmanError, errnoOf, messageOf } from '../../model/errors.js';
import { callsLost, mergeLosses } from '../../model/losses.js';
import type { MetricSummary } from '../../model/metric.js';
import type { Degradation, Loss, RunCounts, RunFile, RunIdentity, RunSummary } from '../../model/run-file.js';
import { RunStatus, isRunStatus } from '../../model/run-status.js';
import type { Step } from '../../model/step.js';
import { summaryFactsIn } from '../../model/summary-values.js';
import { sessionStartMs } from '../../run/lasted-ms.js';
import type { LoadedRun } from '../../run/load-state.js';
import type { RowJoiner } from '../../run/rows/row-joiner.js';
import { withShortage } from '../../storage/shortage.js';
import type { RunPipeline } from '../paths/run-pipeline.js';
import type { FromWriter, PlainError, RunOpening } from '../thread/writer-messages.js';
import { type SecondStage, type SessionContext, yamlOf } from './session-context.js';
import type { WalStage } from './wal-stage.js';

/** The sources of a {@link RunReport}. */
export interface RunReportOptions {
  readonly opening: RunOpening;
  readonly context: SessionContext;
  readonly control: RunControl;
  readonly wal: WalStage;
  readonly joiner: RowJoiner;
  /** The state left by earlier owners; null for a new run. */
  readonly loaded: LoadedRun | null;
}

/** The report on a run: for its run.yaml, health messages and the summary of its close. */
export class RunReport {
  /** The failure that keeps the run from being written, if any. */
  degraded: Degradation | null;
  /** The number of parameters for which config.yaml has no room. */
  paramsLeftOut = 0;
  private pipeline: RunPipeline | null = null;
  private identity: RunIdentity;
  /** The lost records of this owner and of earlier ones. */
  private losses: readonly Loss[] = [];
  private lastRunFileAt: number;
  private readonly opening: RunOpening;
  private readonly context: SessionContext;
  /**
   * The calls in the files of earlier writers, and the rows of earlier sessions before rewinds
   * remove some.
   */
  private readonly callsBefore: number;
  private readonly rowsBefore: number;
  private readonly rewoundBefore: number;

  constructor(private readonly options: RunReportOptions) {
    const { opening, context, loaded } = options;
    this.opening = opening;
    this.context = context;
    this.identity = opening.identity;
    this.degraded = opening.degraded;
    this.lastRunFileAt = context.monotonic();
    this.callsBefore = loaded?.calls ?? 0;
    this.rowsBefore = (loaded?.rows ?? 0) - (loaded?.joiner?.rows ?? 0);
    this.rewoundBefore = loaded?.published?.facts.rewound ?? 0;
  }

  /** Includes the second stage in the report from now on. */
  attach(pipeline: RunPipeline): void {
    this.pipeline = pipeline;
  }

  /**
   * Takes over the entries of run.yaml about earlier sessions, and adds the losses `found`: before
   * anything is published after a gap, which would hide the gap from the next replay.
   */
  takeUp(second: SecondStage, { lastStep, losses: found }: LoadedRun): void {
    this.identity = this.continuedIdentity(second, lastStep);
    const { fs } = this.context;
    const { folder } = this.opening;
    const known = yamlOf(this.context).knownLosses(fs, folder);
    this.losses = mergeLosses(known, found);
    if (this.losses.length !== known.length)
      attempt(() => yamlOf(this.context).tellLosses(fs, folder, this.losses, this.rows));
  }

  /** Takes over the losses listed in run.yaml: a writer that only drains has read only the log. */
  readLosses(): void {
    attempt(() => (this.losses = yamlOf(this.context).knownLosses(this.context.fs, this.opening.folder)));
  }

  /**
   * The identity with the marks in run.yaml; the newest gets the last step before the run was
   * resumed.
   */
  private continuedIdentity({ readIdentity }: SecondStage, lastStep: Step | null): RunIdentity {
    const { fs } = this.context;
    const { folder, identity, resumes } = this.opening;
    const { file, identity: written } = readIdentity(fs, folder);
    if (!resumes) return { ...identity, ...(written.resumed !== undefined && { resumed: written.resumed }) };
    const marks = identity.resumed ?? [];
    const resumed = marks.map((mark, at) => (at === marks.length - 1 ? { ...mark, step: lastStep } : mark));
    const known = { ...identity, resumed };
    attempt(() => yamlOf(this.context).reopenRunFile(fs, folder, file, known, this.context.now()));
    return known;
  }

  /** True if a failure since the opening keeps the run from being written. */
  get isFailing(): boolean {
    return this.degraded !== this.opening.degraded;
  }

  /**
   * Records the failure that keeps the run from being written; the first one stays until `recover`.
   */
  degrade(error: unknown): void {
    this.degraded ??= degradationOf(error, this.context.now(), this.opening.folder);
  }

  /** Clears the failure: the run is being written again. */
  recover(): void {
    this.degraded = this.opening.degraded;
  }

  /** Milliseconds since run.yaml was last written. */
  get runFileAgeMs(): number {
    return this.context.monotonic() - this.lastRunFileAt;
  }

  /** The status with which the run has ended; finished by default. */
  get status(): RunStatus {
    const status = this.options.wal.state.ending?.status;
    return isRunStatus(status) ? status : RunStatus.Finished;
  }

  /** Replaces run.yaml. */
  writeRunFile(status: string): void {
    this.lastRunFileAt = this.context.monotonic();
    const { ending, facts } = this.options.wal.state;
    const run: RunFile = {
      ...this.identity,
      status: isRunStatus(status) ? status : RunStatus.Running,
      ...(ending !== null && { endedAt: new Date(this.endedAtMs).toISOString() }),
      durationMs: this.lastedMs,
      heartbeatAt: new Date(this.context.now()).toISOString(),
      counts: this.counts,
      lastStep: this.pipeline?.rows.lastStep ?? null,
      losses: this.losses,
      metrics: this.metrics(),
      ...(ending?.error !== undefined && { error: ending.error }),
      ...(ending?.exitCode !== undefined && { exitCode: ending.exitCode }),
      ...(this.degraded !== null && { degraded: this.degraded }),
    };
    const { paramsLeftOut } = this;
    yamlOf(this.context).writeRunFile(this.context.fs, this.opening.folder, run, {
      ...facts,
      ...(paramsLeftOut > 0 && { paramsLeftOut }),
    });
  }

  /** The health of the run, for its process. */
  health(): FromWriter {
    // The file also holds calls of earlier owners; health covers only this process.
    const earlier = this.calls - this.options.wal.calls;
    const { calls = 0, count = 0, totalMs = 0 } = this.pipeline?.published ?? {};
    return {
      kind: 'health',
      runId: this.opening.runId,
      published: Math.max(0, calls - earlier),
      publishes: { count, totalMs },
      degraded: this.degraded,
    };
  }

  /** The summary to which the close of the run resolves. */
  summary(status: RunStatus): RunSummary {
    return {
      status,
      runDir: this.opening.folder,
      ...this.counts,
      durationMs: this.lastedMs,
      metrics: this.metrics(),
      summary: summaryFactsIn(this.options.wal.state.facts).summary,
    };
  }

  /**
   * An error in the form that is sent between threads, with the number of calls that are only in
   * the log.
   */
  plainError(error: unknown): PlainError {
    const code = error instanceof ExpmanError && error.code === 'FENCED' ? 'FENCED' : 'WRITE_FAILED';
    const errno = error instanceof ExpmanError ? error.errno : errnoOf(error);
    return {
      code,
      message: messageOf(error),
      count: this.calls - (this.pipeline?.published.calls ?? 0),
      ...(errno !== undefined && { errno }),
    };
  }

  /**
   * The duration of the run, the sum of its sessions; a session that only closes the run adds
   * nothing.
   */
  get lastedMs(): number {
    return this.options.wal.state.ending?.durationMs ?? this.opening.clock.lastedMs + this.sessionMs;
  }

  /**
   * The end of the session; if the clock was set back meanwhile, not before its start plus its
   * duration.
   */
  get endedAtMs(): number {
    const soonest = sessionStartMs(this.identity) + this.sessionMs;
    return this.options.wal.state.ending?.endedAtMs ?? Math.max(this.context.now(), soonest);
  }

  private get sessionMs(): number {
    return Math.round(Math.max(0, this.context.monotonic() - this.opening.clock.takenAtMs));
  }

  private get counts(): RunCounts {
    const { rows, calls, rewound, opening } = this;
    const { control } = this.options;
    const lost = callsLost(this.losses);
    return {
      rows,
      accepted: calls + lost,
      rewound,
      dropped: opening.before.dropped + control.dropped,
      invalid: opening.before.invalid + control.invalid,
      lost,
    };
  }

  /** The number of rows in the file if it were published now. */
  private get rows(): number {
    return this.rowsBefore + this.options.joiner.rows - (this.rewound - this.rewoundBefore);
  }

  /** The number of accepted calls that are not lost. */
  private get calls(): number {
    return this.callsBefore + this.options.wal.newCalls;
  }

  private get rewound(): number {
    return this.pipeline?.rows.rewound ?? this.rewoundBefore;
  }

  private metrics(): Map<string, MetricSummary> {
    return this.pipeline?.rows.summaries.toSummary() ?? new Map<string, MetricSummary>();
  }
}

function degradationOf(error: unknown, now: number, folder: string): Degradation {
  const code =
    error instanceof ExpmanError ? (error.errno ?? error.code) : (errnoOf(error) ?? 'WRITE_FAILED');
  return {
    code,
    message: code === 'ENOSPC' ? withShortage(messageOf(error), folder) : messageOf(error),
    since: new Date(now).toISOString(),
  };
}
