import { RecordKind } from '../channel/chunk-layout.js';
import { encodeRewind } from '../channel/rewind.js';
import { attempt } from '../model/attempt.js';
import { messageOf } from '../model/errors.js';
import { ExperimentConfig } from '../model/experiment-config.js';
import type { LiveStatus } from '../model/live.js';
import type { RunName } from '../model/names.js';
import { invalidOption } from '../model/option-rules.js';
import { type Webhook, webhookFor } from '../model/webhook.js';
import type { Degradation } from '../model/run-file.js';
import { memoised } from '../model/memoised.js';
import { RunStatus } from '../model/run-status.js';
import type { Step } from '../model/step.js';
import { AlertSealer } from '../run/alerts/alert-seal.js';
import { lastStepIn } from '../run/last-step.js';
import { isMapping } from '../run/run-record.js';
import { nodeFs, nodeFsOf, syncRefusal } from '../storage/node-fs.js';
import { patientFs } from '../storage/patient-fs.js';
import type { ArtifactVersions } from './files/artifact-versions.js';
import type { Checkpoints } from './files/checkpoints.js';
import { MediaFolder, manifestBytes } from './files/media-folder.js';
import { MediaLog } from './files/media-log.js';
import { WriterHost } from './host/writer-host.js';
import { WriterLink } from './host/writer-link.js';
import { type OpenedRun, openRun } from './open-run.js';
import { warnOfInvalid, warnOfLateCall, warnOfTap } from './process/process-warnings.js';
import { RowIntake } from './rows/row-intake.js';
import type { DoorParts } from './run-doors.js';
import { endingOfStream } from './run-ending.js';
import { RunLife } from './run-life.js';
import { RunStop, foundRequest } from './run-stop.js';
import { MetricSubject } from './streams/metric-subject.js';
import type { TapErrors } from './streams/taps.js';
import { networkFileSystemOf } from './surroundings/network-file-system.js';
import { surroundings } from './surroundings/surroundings.js';

/** The parts of a run in the thread that opened it, connected to each other. */
export interface RunParts extends DoorParts {
  readonly media: MediaLog;
  /** Loaded with the first checkpoint: most runs have none. */
  readonly checkpoints: () => Promise<Checkpoints>;
  /** Loaded with the first version of an artifact. */
  readonly versions: () => Promise<ArtifactVersions>;
  readonly link: WriterLink;
  readonly life: RunLife;
  readonly stop: RunStop;
  /**
   * The greatest step of earlier sessions; null if no row has a step. The first call reads their
   * files.
   */
  readonly earlierStep: () => Step | null;
}

let sharedHost: WriterHost | undefined;

/**
 * Opens a run and begins to write it. On failure its folder is as before, and its lock is free.
 *
 * @throws ExpmanError `INVALID_OPTION` for anything but an `ExperimentConfig`, before anything is
 * created; then those of {@link openRun}
 */
export function openParts(config: ExperimentConfig, isCopy: boolean): RunParts {
  if (!((config as unknown) instanceof ExperimentConfig))
    throw invalidOption('config', 'an ExperimentConfig', config);
  // A copy of a run sends nothing: what was raised was raised elsewhere.
  const webhook = isCopy ? null : webhookFor(config.alerts);
  const host = (sharedHost ??= new WriterHost());
  host.prepare();
  const { facts, dirty } = surroundings(config.environment);
  const opened = openRun(patientFs(nodeFsOf(config.fileMode)), config, facts, Date.now());
  const undo = [opened.abandon];
  try {
    const parts = wired(host, config, opened, webhook);
    undo.push(() => parts.intake.channel.dispose());
    undo.push(() => parts.life.unwatchProcess());
    undo.push(() => host.forget(parts.link.runId));
    begin(parts, config, opened, { isCopy, webhook });
    if (dirty !== null)
      parts.life.addFact(
        dirty.then((isDirty) =>
          isDirty === undefined ? null : { environment: { git: { dirty: isDirty } } },
        ),
      );
    return parts;
  } catch (error) {
    for (const step of undo.reverse()) attempt(step);
    throw error;
  }
}

function begin(
  { intake, life, link }: RunParts,
  config: ExperimentConfig,
  { folder, identity, owner, continues, before, clock }: OpenedRun,
  { isCopy, webhook }: { readonly isCopy: boolean; readonly webhook: Webhook | null },
): void {
  // Before all rows of this session: a kill leaves the run either wholly before the rewind or
  // wholly after it.
  if (continues && config.fromStep !== undefined)
    intake.text(
      RecordKind.rewind,
      encodeRewind({ fromStep: config.fromStep, mediaBytes: manifestBytes(nodeFs, folder) }),
    );
  warnOfNetwork(intake, folder);
  life.watchProcess();
  // Last: a run cannot be taken back from its writer.
  link.open({
    runId: link.runId,
    folder,
    identity,
    owner,
    options: config.toPlain(),
    control: intake.channel.control.memory,
    continues,
    resumes: continues,
    clock,
    before,
    degraded: notSynced(),
    isCopy,
    webhook,
  });
}

/**
 * The degradation of a run from its start, if the opening of its folder has found that nothing can
 * be synced.
 */
function notSynced(): Degradation | null {
  const refusal = syncRefusal();
  if (refusal === null) return null;
  return {
    code: 'NOT_SYNCED',
    message: `files cannot be synced here (${refusal}): written data survives the process, but not a power cut`,
    since: new Date().toISOString(),
  };
}

function wired(
  host: WriterHost,
  config: ExperimentConfig,
  { folder, identity, continues, fileBefore }: OpenedRun,
  webhook: Webhook | null,
): RunParts {
  const { experiment, run, uuid, epoch } = identity;
  let warnedOfInvalid = false;
  let warnedOfTap = false;
  const tapFailed: TapErrors = (error) => {
    if (!link.isFinished) intake.warnOfTap(error);
    else if (!warnedOfTap) warnOfTap(folder, messageOf(error));
    warnedOfTap ||= link.isFinished;
  };
  const mailbox = new MetricSubject({
    row: (row) => {
      if (intake.isOpen) intake.rowObject(row);
      else warnOfLateCall(folder);
    },
    end: (failure) => life.closeInBackground(endingOfStream(failure)),
    tapFailed,
  });
  const intake = new RowIntake({
    pool: host.pool,
    wire: host.wire,
    options: config,
    taps: mailbox,
    metricsBefore: isMapping(fileBefore['metrics']) ? fileBefore['metrics'] : {},
    wake: () => host.wake(),
    waitFor: (done) => void host.waitFor(done, Infinity),
    onLoss: () => {
      if (!warnedOfInvalid && intake.channel.control.invalid > 0) {
        warnedOfInvalid = true;
        warnOfInvalid(`${experiment}/${run}`);
      }
      link.reportLoss();
    },
  });
  const link = new WriterLink({
    host,
    runDir: folder,
    channel: intake.channel,
    warn: (subject, message, meta) => intake.warn('run', subject, message, meta),
    onFinish: () => {
      life.finish();
      stop.finish();
    },
    onStop: (request) => stop.requested(request),
  });
  const { control } = intake.channel;
  const stop = new RunStop(() => foundRequest({ fs: nodeFs, folder, target: { uuid, epoch }, control }));
  const life = new RunLife({ options: config, host, intake, mailbox, link });
  const rewind = config.fromStep === undefined ? null : { epoch, fromStep: config.fromStep };
  let earlierStep: Step | null | undefined = continues ? undefined : null;
  return {
    runDir: folder,
    runName: run as RunName,
    intake,
    mailbox,
    tapFailed,
    facts: () => ({ uuid, status: statusWords(link.status()) }),
    fileBefore,
    alertPlace: {
      epoch,
      sealer: webhook === null ? null : new AlertSealer(nodeFs, folder, uuid, webhook),
    },
    media: openMedia(folder, config, intake),
    checkpoints: memoised(async () => {
      const { Checkpoints } = await import('./files/checkpoints.js');
      return new Checkpoints({
        ...{ fs: nodeFs, runDir: folder, runUuid: uuid, epoch, rewind },
        flush: () => link.flush(),
        tell: (level, message) => intake.line(level, message),
      });
    }),
    versions: memoised(async () => {
      const { ArtifactVersions } = await import('./files/artifact-versions.js');
      return new ArtifactVersions(
        config.baseDir,
        config.fileMode,
        { experiment, run, uuid },
        { fact: (fact) => life.sendFact(fact), flush: () => link.flush() },
      );
    }),
    link,
    life,
    stop,
    earlierStep: () => {
      if (earlierStep === undefined) earlierStep = lastStepIn(nodeFs, folder, uuid, rewind);
      return earlierStep;
    },
  };
}

function openMedia(runDir: string, { durability }: ExperimentConfig, intake: RowIntake): MediaLog {
  return new MediaLog(new MediaFolder(nodeFs, runDir, durability === 'power'), {
    invalid: (subject, error) => intake.refuse(subject, error),
    failed: (subject, { message }) => intake.warn('media', subject, `${subject} was not saved: ${message}`),
  });
}

function warnOfNetwork(intake: RowIntake, runDir: string): void {
  const name = networkFileSystemOf(runDir);
  if (name === null) return;
  const advice = 'only that file system decides what survives a crash; log to a local disk if you can';
  intake.warn('run', 'file system', `the run is on a network file system (${name}): ${advice}`);
}

/** The status of a run, in the words of run.yaml. */
function statusWords(status: LiveStatus): string {
  switch (status.kind) {
    case 'running':
      return RunStatus.Running;
    case 'degraded':
      return `${RunStatus.Running} (degraded: ${status.why.code})`;
    case 'closing':
      return `${status.status} (closing)`;
    case 'closed':
      return status.summary.status;
    case 'unwritten':
      return `not all written (${status.error.code})`;
    default:
      return status satisfies never;
  }
}
