import type { RunControl } from '../../channel/run-control.js';
import { attempt } from '../../model/attempt.js';
import { ExpmanError, errnoOf, messageOf } from '../../model/errors.js';
import { callsLost, mergeLosses } from '../../model/losses.js';
import type { MetricSummary } from '../../model/metric.js';
import type { Degradation, Loss, RunCounts, RunFile, RunIdentity, RunSummary } from '../../model/run-file.js';
import { RunStatus, isRunStatus } from '../../model/run-status.js';
import type { Step } from '../../model/step.js';
import { sessionStartMs } from '../../run/lasted-ms.js';
import type { LoadedRun } from '../../run/load-state.js';
import type { RowJoiner } from '../../run/rows/row-joiner.js';
import { withShortage } from '../../storage/shortage.js';
import type { RunPipeline } from '../paths/run-pipeline.js';
import type { FromWriter, PlainError, RunOpening } from '../thread/writer-messages.js';
import { type SecondStage, type SessionContext, yamlOf } from './session-context.js';
import type { WalStage } from './wal-stage.js';

/** What a {@link RunReport} is made from. */
export interface RunReportOptions {
  readonly opening: RunOpening;
  readonly context: SessionContext;
  readonly control: RunControl;
  readonly wal: WalStage;
  readonly joiner: RowJoiner;
  /** What earlier owners have left; null for a run that begins. */
  readonly loaded: LoadedRun | null;
}

/** What is said of a run: in its run.yaml, in health messages and in the summary of its close. */
export class RunReport {
  /** What keeps the run from being written, if something does. */
  degraded: Degradation | null;
  /** Parameters that config.yaml has no room for. */
  paramsLeftOut = 0;
  private pipeline: RunPipeline | null = null;
  private identity: RunIdentity;
  /** Records that are gone, of this owner and of earlier ones. */
  private losses: readonly Loss[] = [];
  private lastRunFileAt: number;
  private readonly opening: RunOpening;
  private readonly context: SessionContext;
  /** Calls that are in the files of earlier writers, and rows of earlier sessions before rewinds take some out. */
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

  /** From now on the report speaks of what the second stage does, too. */
  attach(pipeline: RunPipeline): void {
    this.pipeline = pipeline;
  }

  /**
   * Takes over what run.yaml says of earlier sessions, and adds to its losses those that were `found`: before anything is
   * published after a gap, which then hides it from the next look.
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

  /** Takes over the losses that run.yaml lists: a writer that only drains has read the log alone. */
  readLosses(): void {
    attempt(() => (this.losses = yamlOf(this.context).knownLosses(this.context.fs, this.opening.folder)));
  }

  /** The identity with the marks that run.yaml has; the newest gets the last step before the run was taken up again. */
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

  /** Whether something keeps the run from being written that was not so when it was opened. */
  get isFailing(): boolean {
    return this.degraded !== this.opening.degraded;
  }

  /** Notes what keeps the run from being written; the first failure stands until `recover`. */
  degrade(error: unknown): void {
    this.degraded ??= degradationOf(error, this.context.now(), this.opening.folder);
  }

  /** What failed works again. */
  recover(): void {
    this.degraded = this.opening.degraded;
  }

  /** Milliseconds since run.yaml was last written. */
  get runFileAgeMs(): number {
    return this.context.monotonic() - this.lastRunFileAt;
  }

  /** How the run has ended; finished, if nothing else was said. */
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

  /** How the run is doing, for its process. */
  health(): FromWriter {
    // Calls of earlier owners are in the file too; health speaks of this process.
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

  /** What the close of the run resolves to. */
  summary(status: RunStatus): RunSummary {
    return {
      status,
      runDir: this.opening.folder,
      ...this.counts,
      durationMs: this.lastedMs,
      metrics: this.metrics(),
    };
  }

  /** An error as it crosses threads, with the number of calls that are in the log alone. */
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

  /** How long the run has lasted, its sessions summed; one that is only brought to its end lasts no longer. */
  get lastedMs(): number {
    return this.options.wal.state.ending?.durationMs ?? this.opening.clock.lastedMs + this.sessionMs;
  }

  /** Where the clock was set back meanwhile, the session ends no sooner than after it lasted. */
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

  /** What the file would hold if it were published now. */
  private get rows(): number {
    return this.rowsBefore + this.options.joiner.rows - (this.rewound - this.rewoundBefore);
  }

  /** Calls that were taken, those that are lost left out. */
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
