import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { attempt } from '../model/attempt.js';
import { errnoOf, ExpmanError, messageOf } from '../model/errors.js';
import type { ExperimentConfig } from '../model/experiment-config.js';
import { defaultRunName, type RunName, suffixedName } from '../model/names.js';
import { PARENT_FOLDER } from '../model/run-parent.js';
import { monotonicMs } from '../model/monotonic.js';
import type { Params } from '../model/params.js';
import { pause } from '../storage/pause.js';
import type { RunFile, RunIdentity } from '../model/run-file.js';
import { RunStatus } from '../model/run-status.js';
import { isTempName, replaceFile } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { makeFolders, tryMakeFolder } from '../storage/make-folders.js';
import { removeTree } from '../storage/remove-tree.js';
import { makePrivate } from '../storage/node-fs.js';
import { fileSystemNow } from '../storage/file-system-time.js';
import { LOCK_NAME, type LockOwner } from '../storage/lock-file.js';
import { OwnerWatch, mustNotBeOwned } from '../storage/owner-watch.js';
import { releaseLock, takeLock } from '../storage/run-lock.js';
import { describeExperiment } from '../run/experiment-file.js';
import { RUN_NAME } from '../run/file-names.js';
import type { Mapping } from '../run/run-record.js';
import { stringifyYaml } from '../storage/yaml-file.js';
import { nextEpoch, readIdentity } from '../run/identity.js';
import { lastedMs } from '../run/lasted-ms.js';
import { type NewFork, forkOf, mustBeForkedFrom } from './files/fork.js';
import type { RunOpening } from '../writer/thread/writer-messages.js';
import { reopenRunFile, writeRunFile } from '../writer/files/write-run-file.js';

/** @bound refuses: RUN_EXISTS */
const MAX_SUFFIX = 10_000;
/** The longest time that a process takes from making a run's folder to writing its run.yaml. */
const OPENING_MS = 1_000;
const LOOK_AGAIN_MS = 5;

/** A run's folder, created or found, locked, and marked as running. */
export interface OpenedRun {
  readonly folder: string;
  readonly identity: RunIdentity;
  readonly owner: LockOwner;
  /** True if the run existed before and is continued. */
  readonly continues: boolean;
  /** The counts of earlier owners. */
  readonly before: RunOpening['before'];
  readonly clock: RunOpening['clock'];
  /** The earlier run.yaml; empty for a new run. */
  readonly fileBefore: Mapping;
  /**
   * Undoes the opening, before anything was logged: removes the folder, or restores its earlier
   * state; releases the lock.
   */
  readonly abandon: () => void;
}

/**
 * Creates or finds the folder of a run and takes its lock.
 *
 * @throws {@link ExpmanError} `RUN_EXISTS`, `RUN_NOT_FOUND`, `RUN_LOCKED`, `IO`
 */
export function openRun(
  fs: FsPort,
  config: ExperimentConfig,
  environment: Params | undefined,
  now: number,
): OpenedRun {
  const experiment = join(config.baseDir, config.name);
  try {
    // Refused before anything is made; a run that is there keeps the fork it began with.
    const fork = config.fork === undefined || isThere(fs, experiment, config) ? null : forkOf(fs, config);
    makeFolders(fs, experiment);
    const { name, title = name, description, project } = config;
    describeExperiment(fs, experiment, { title, description, project }, now);
    return claimRun(fs, experiment, config, fork, environment, now);
  } catch (error) {
    if (error instanceof ExpmanError) throw error;
    const errno = errnoOf(error);
    const facts = { path: experiment, cause: error, ...(errno !== undefined && { errno }) };
    throw new ExpmanError('IO', `a run cannot be opened in ${experiment}: ${messageOf(error)}`, facts);
  }
}

const isThere = (fs: FsPort, experiment: string, { runName }: ExperimentConfig): boolean =>
  runName !== undefined && fs.stat(join(experiment, runName)) !== null;

function claimRun(
  fs: FsPort,
  experiment: string,
  config: ExperimentConfig,
  fork: NewFork | null,
  environment: Params | undefined,
  now: number,
): OpenedRun {
  const { runName, resume } = config;
  const begin = (name: RunName, folder: string, from: NewFork | null): OpenedRun =>
    start(fs, { name, folder, fork: from }, config, environment, now);
  if (runName === undefined) {
    const { name, folder } = makeFresh(fs, experiment, now);
    return begin(name, folder, fork);
  }
  const folder = join(experiment, runName);
  if (resume !== 'must' && tryMakeFolder(fs, folder)) return begin(runName, folder, fork);
  if (resume === 'must' && fs.stat(folder) === null)
    throw new ExpmanError('RUN_NOT_FOUND', `there is no run ${folder} to resume`, { path: folder });
  if (resume === 'never')
    throw new ExpmanError(
      'RUN_EXISTS',
      `the run ${folder} exists; choose another runName, or resume: 'allow' to continue it`,
      { path: folder },
    );
  awaitOpening(fs, folder);
  if (resume === 'allow' && neverBegan(fs, folder)) return begin(runName, folder, forkOf(fs, config));
  return resumeRun(fs, folder, config, environment, now);
}

/** True if the creator was killed before it wrote run.yaml: nothing can have been logged. */
function neverBegan(fs: FsPort, folder: string): boolean {
  return fs.list(folder).every((name) => name === LOCK_NAME || name === PARENT_FOLDER || isTempName(name));
}

function start(
  fs: FsPort,
  { name, folder, fork }: { name: RunName; folder: string; fork: NewFork | null },
  config: ExperimentConfig,
  environment: Params | undefined,
  now: number,
): OpenedRun {
  const owner = lockNew(fs, folder);
  const clock = { lastedMs: 0, takenAtMs: monotonicMs() };
  const identity: RunIdentity = {
    experiment: config.name,
    run: name,
    uuid: randomBytes(16).toString('hex'),
    startedAt: new Date(now).toISOString(),
    ...ownedBy(owner),
    ...(fork !== null && { parent: fork.parent }),
    tags: config.tags,
    notes: config.notes,
    group: config.group ?? null,
    ...(config.rank !== undefined && { rank: config.rank }),
    ...(environment !== undefined && { environment }),
  };
  const abandon = (): void => {
    attempt(() => fs.remove(join(folder, RUN_NAME)));
    attempt(() => removeTree(fs, join(folder, PARENT_FOLDER)));
    releaseLock(fs, folder, owner);
    fs.removeFolder(folder);
  };
  try {
    fork?.prepare(folder);
    announce(fs, folder, identity, now);
  } catch (error) {
    attempt(abandon);
    throw error;
  }
  const before = { dropped: 0, invalid: 0 };
  return { folder, identity, owner, continues: false, before, clock, fileBefore: {}, abandon };
}

/** Takes the lock of a new run; without room for it, an empty folder must not keep the name. */
function lockNew(fs: FsPort, folder: string): LockOwner {
  try {
    return takeLock(fs, folder, 0);
  } catch (error) {
    attempt(() => fs.removeFolder(folder));
    throw error;
  }
}

function resumeRun(
  fs: FsPort,
  folder: string,
  config: ExperimentConfig,
  environment: Params | undefined,
  now: number,
): OpenedRun {
  const watch = new OwnerWatch(fs, folder);
  mustNotBeOwned(folder, watch.look());
  const before = readIdentity(fs, folder);
  mustBeForkedFrom(fs, folder, config, before.identity.parent);
  const lasted = lastedMs(fs, folder, before);
  const owner = takeLock(fs, folder, nextEpoch(fs, folder, before), { lastedMs: lasted, watch });
  const clock = { lastedMs: lasted, takenAtMs: monotonicMs() };
  const { identity, status } = before;
  // Its step is known once the writer has read the rows.
  const { fromStep } = config;
  const mark = {
    ...{ at: new Date(now).toISOString(), from: status, step: null, lastedMs: lasted },
    ...(fromStep !== undefined && { fromStep }),
  };
  const resumed: RunIdentity = {
    ...identity,
    ...ownedBy(owner),
    tags: [...new Set([...identity.tags, ...config.tags])],
    notes: config.notes === '' ? identity.notes : config.notes,
    group: config.group ?? identity.group,
    ...(config.rank !== undefined && { rank: config.rank }),
    ...(environment !== undefined && { environment }),
    resumed: [...(identity.resumed ?? []), mark],
  };
  try {
    if (config.fileMode === 'private') makePrivate(folder);
    reopenRunFile(fs, folder, { ...before.file, durationMs: lasted }, resumed, now);
  } catch (error) {
    releaseLock(fs, folder, owner);
    throw error;
  }
  return {
    folder,
    identity: resumed,
    owner,
    continues: true,
    before: before.counts,
    clock,
    fileBefore: before.file,
    abandon: () => {
      // The lock of the dead owner held the duration of the run; now run.yaml has to.
      const said = { ...before.file, durationMs: lasted };
      attempt(() => replaceFile(fs, join(folder, RUN_NAME), Buffer.from(stringifyYaml(said))));
      releaseLock(fs, folder, owner);
    },
  };
}

const ownedBy = ({ pid, host, epoch }: LockOwner): Pick<RunIdentity, 'pid' | 'host' | 'epoch'> => ({
  pid,
  host,
  epoch,
});

function announce(fs: FsPort, folder: string, identity: RunIdentity, now: number): void {
  const run: RunFile = {
    ...identity,
    status: RunStatus.Running,
    durationMs: 0,
    heartbeatAt: new Date(now).toISOString(),
    counts: { rows: 0, accepted: 0, rewound: 0, dropped: 0, invalid: 0, lost: 0 },
    lastStep: null,
    losses: [],
    metrics: new Map(),
  };
  writeRunFile(fs, folder, run, {});
}

/**
 * Finds the first free name of this second: `mkdir` decides, so that processes that start together
 * never share a folder.
 */
function makeFresh(fs: FsPort, experiment: string, now: number): { name: RunName; folder: string } {
  const base = defaultRunName(new Date(now));
  for (let n = 1; n <= MAX_SUFFIX; n++) {
    const name = n === 1 ? base : suffixedName(base, n);
    const folder = join(experiment, name);
    if (tryMakeFolder(fs, folder)) return { name, folder };
  }
  throw new ExpmanError(
    'RUN_EXISTS',
    `${experiment} already has ${MAX_SUFFIX} runs that started this second`,
    {
      path: experiment,
    },
  );
}

/** Waits for run.yaml: another process may have just made the folder, and be about to write it. */
function awaitOpening(fs: FsPort, folder: string): void {
  const path = join(folder, RUN_NAME);
  if (fs.stat(path) !== null) return;
  const changedMs = fs.stat(folder)?.modifiedMs ?? 0;
  const ageMs = Math.max(0, (fileSystemNow(fs, folder) ?? changedMs) - changedMs);
  const until = monotonicMs() + OPENING_MS - ageMs;
  while (fs.stat(path) === null && monotonicMs() < until) pause(LOOK_AGAIN_MS);
}
