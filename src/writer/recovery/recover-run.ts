import { join } from 'node:path';
import { ChannelWriter } from '../../channel/channel-writer.js';
import { ChunkPool } from '../../channel/chunk-pool.js';
import { WIRE_BYTES } from '../../channel/chunk-layout.js';
import { attempt } from '../../model/attempt.js';
import { ExpmanError } from '../../model/errors.js';
import { resolveOptions } from '../../model/experiment-options.js';
import { callsLost, mergeLosses } from '../../model/losses.js';
import { monotonicMs } from '../../model/monotonic.js';
import type { Loss, RunSummary } from '../../model/run-file.js';
import { RunStatus, isRunStatus } from '../../model/run-status.js';
import { isTempName } from '../../storage/atomic-file.js';
import { METRICS_NAME } from '../../storage/metrics-file.js';
import type { Webhook } from '../../model/webhook.js';
import type { FsPort } from '../../storage/fs-port.js';
import { LOCK_NAME, type LockOwner } from '../../storage/lock-file.js';
import { OwnerWatch, mustHaveEndedHere, mustNotBeOwned } from '../../storage/owner-watch.js';
import { releaseLock, takeLock } from '../../storage/run-lock.js';
import * as columnarParts from '../thread/columnar-parts.js';
import * as yamlParts from '../thread/yaml-parts.js';
import { type KnownRun, nextEpoch, readIdentity } from '../../run/identity.js';
import {
  allSegments,
  keptFiles,
  nameBefore,
  setAsideSegments,
  strandedSegments,
} from '../../run/kept-files.js';
import { lastSignMs } from '../../run/last-sign.js';
import { lastedMs, sessionStartMs } from '../../run/lasted-ms.js';
import { type PublishedLook, lookForPublished, replayBehind } from '../../run/load-run.js';
import { type FromWriter, errorFrom } from '../thread/writer-messages.js';
import { readOrMend } from './mend-run-file.js';
import { NOTHING_PUBLISHED, type Replay } from '../../run/replay/replay.js';
import { segmentNames } from '../../run/replay/segment-files.js';
import type { Malformed } from '../../run/replay/replayer.js';
import type { RunEnding } from '../../run/run-state.js';
import { WriterCore } from '../thread/writer-core.js';

const KEEP_ALIVE_MS = 2 ** 30;

/** The result of a recovery. */
export interface Recovery {
  readonly runDir: string;
  /** False for a run that was already complete; then nothing was written. */
  readonly changed: boolean;
  readonly status: RunStatus;
  /** The number of rows of the run, all of them published now. */
  readonly rows: number;
  /** The number of rows in the write-ahead log. */
  readonly replayedRows: number;
  /**
   * The number of bytes at the ends of segments that were not a complete frame: an interrupted
   * write.
   */
  readonly tornBytes: number;
  /** The files found damaged, now or earlier, by their original names; kept as `*.corrupt`. */
  readonly corrupt: readonly string[];
  /** The number of missing records of the run: calls and, if known, others. */
  readonly missingRecords: number;
  /** The number of calls of the run known to be lost, including earlier losses. */
  readonly lost: number;
  /** The lost records, with their places. */
  readonly losses: readonly Loss[];
  /**
   * The segments that an older version of this package had set aside, and whose rows are now in the
   * file.
   */
  readonly takenBack: readonly string[];
  /** The alerts that its owner had left unsent, and that a webhook has accepted now. */
  readonly alertsSent: number;
  /** The intact frames of the log with invalid records. */
  readonly malformed: readonly Malformed[];
}

/**
 * Recovers and closes an interrupted run: replays its write-ahead log into `metrics.parquet`, and
 * records its end in `run.yaml`.
 *
 * A damaged `run.yaml` is repaired first, as far as possible, and kept as `run.yaml.corrupt`.
 *
 * Idempotent, and safe to kill at any moment: the write-ahead log is removed only when all of it is
 * published.
 *
 * @param webhook - the webhook for alerts that the run's owner has left unsent
 * @param watch - a watch that has observed the run's owner; without it a run whose owner is on
 * another host is refused, dead or not
 * @throws {@link ExpmanError} `RUN_NOT_FOUND`, `RUN_LOCKED` if its owner is alive or may be,
 * `CORRUPT` (the file of a closed run is damaged or missing, and there is nothing from which to
 * recover it), `UNSUPPORTED_VERSION`, `WRITE_FAILED`
 */
export async function recoverRun(
  fs: FsPort,
  folder: string,
  watch?: OwnerWatch,
  webhook: Webhook | null = null,
): Promise<Recovery> {
  const looking = watch ?? new OwnerWatch(fs, folder);
  const ownership = looking.look();
  if (watch === undefined) mustHaveEndedHere(folder, ownership);
  else mustNotBeOwned(folder, ownership);
  const { known, isMended } = readOrMend(fs, folder);
  const { status, identity, losses } = known;
  const whole =
    !isMended &&
    ownership.kind === 'free' &&
    status !== RunStatus.Running &&
    !fs.list(folder).some(isTempName) &&
    segmentNames(fs, folder).length === 0;
  const found = lookForPublished(fs, folder, identity.uuid);
  const { published } = found;
  const from = published?.facts.watermark ?? NOTHING_PUBLISHED;
  const setAside = setAsideSegments(fs, folder, identity.uuid, from);
  const files = allSegments(fs, folder, setAside);
  const replay = replayBehind(fs, folder, identity.uuid, published, { files });
  const { tornBytes, malformed } = replay;
  const takenBack = setAside.map(({ name }) => name);
  const stranded = mergeLosses(losses, strandedSegments(fs, folder, identity.uuid, published?.facts));
  if (whole && takenBack.length === 0 && stranded.length === losses.length && isRunStatus(status)) {
    const rows = publishedRows(folder, known, found);
    return {
      runDir: folder,
      changed: false,
      status,
      rows,
      replayedRows: 0,
      tornBytes,
      malformed,
      takenBack,
      alertsSent: 0,
      ...lossOf(fs, folder),
    };
  }
  const ending = endingOf(fs, folder, known, replay);
  const taking = { lastedMs: ending.durationMs, ends: true, watch: looking };
  const owner = takeLock(fs, folder, nextEpoch(fs, folder, known), taking);
  const { summary, alertsSent } = await takeToItsEnd(fs, folder, { known, owner, ending, webhook });
  return {
    ...{
      runDir: folder,
      changed: true,
      status: summary.status,
      rows: summary.rows,
      replayedRows: replay.rows,
    },
    ...{ tornBytes, malformed, takenBack, alertsSent },
    ...lossOf(fs, folder),
  };
}

/** The losses listed in run.yaml: the same for every recovery. */
function lossOf(
  fs: FsPort,
  folder: string,
): Pick<Recovery, 'corrupt' | 'missingRecords' | 'lost' | 'losses'> {
  const { losses } = readIdentity(fs, folder);
  return {
    corrupt: [...new Set(keptFiles(fs, folder).map(nameBefore))],
    missingRecords: losses.reduce((sum, { calls, others = 0 }) => sum + calls + others, 0),
    lost: callsLost(losses),
    losses,
  };
}

/** Runs a writer without a producer on the folder until the run is closed. */
function takeToItsEnd(
  fs: FsPort,
  folder: string,
  { known: { identity, counts }, owner, ending, webhook }: Ending,
): Promise<{ readonly summary: RunSummary; readonly alertsSent: number }> {
  const pool = new ChunkPool();
  const channel = new ChannelWriter(pool);
  const wire = new Int32Array(new SharedArrayBuffer(WIRE_BYTES));
  // Sending alerts keeps no process alive.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  let alertsSent = 0;
  return new Promise((resolve, reject) => {
    const post = (message: FromWriter): void => {
      if (message.kind === 'alerts') alertsSent = message.alerts.sent;
      if (message.kind !== 'closed') return;
      clearInterval(alive);
      const { error, summary } = message;
      if (error === null) resolve({ summary, alertsSent });
      else {
        attempt(() => releaseLock(fs, folder, owner));
        reject(errorFrom(error, folder));
      }
    };
    const core = new WriterCore({ fs, wire, arenas: pool, post, yamlParts });
    core.attach(columnarParts);
    core.open({
      runId: 0,
      folder,
      // The run keeps the identity of the process that logged it, not of the one that recovers it.
      identity: { ...identity, epoch: owner.epoch },
      owner,
      options: resolveOptions({}),
      control: channel.control.memory,
      continues: true,
      resumes: false,
      clock: { lastedMs: ending.durationMs, takenAtMs: monotonicMs() },
      before: counts,
      degraded: null,
      webhook,
    });
    core.end(0, ending);
  });
}

/** A run that is brought to its end. */
interface Ending {
  readonly known: KnownRun;
  readonly owner: LockOwner;
  readonly ending: SettledEnding;
  readonly webhook: Webhook | null;
}

type SettledEnding = RunEnding & Required<Pick<RunEnding, 'endedAtMs' | 'durationMs'>>;

/** The end of the run: as recorded, or else a crash at its last sign of life. */
function endingOf(fs: FsPort, folder: string, known: KnownRun, { state, segments }: Replay): SettledEnding {
  const { status, file, identity } = known;
  const written = Date.parse(String(file['endedAt']));
  const signs = [...segments.map(({ name }) => name), LOCK_NAME].map(
    (name) => fs.stat(join(folder, name))?.modifiedMs ?? 0,
  );
  const endedAtMs =
    Number.isNaN(written) || status === RunStatus.Running
      ? Math.floor(Math.max(sessionStartMs(identity), ...signs))
      : written;
  const durationMs = lastedMs(fs, folder, known, () => lastSignMs(fs, folder, identity.uuid));
  const { ending } = state;
  if (ending !== null) return { ...ending, cut: false, endedAtMs, durationMs };
  const { error, exitCode } = file;
  return {
    status: isRunStatus(status) && status !== RunStatus.Running ? status : RunStatus.Crashed,
    cut: false,
    endedAtMs,
    durationMs,
    ...(isPlainError(error) && { error }),
    ...(typeof exitCode === 'number' && { exitCode }),
  };
}

function isPlainError(value: unknown): value is NonNullable<RunEnding['error']> {
  return typeof value === 'object' && value !== null && 'name' in value && 'message' in value;
}

/**
 * The number of rows of a closed run, all of which must be in its file. @throws ExpmanError
 * `CORRUPT`
 */
function publishedRows(folder: string, { rows }: KnownRun, { published, damage }: PublishedLook): number {
  if (damage !== null) throw damage;
  if (published !== null || rows === 0) return published?.rows ?? 0;
  const path = join(folder, METRICS_NAME);
  throw new ExpmanError('CORRUPT', `${path} is missing, although ${rows} rows were logged`, { path });
}
