import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import type { Step } from '../model/step.js';
import { redactNamed, redactText } from '../model/redact-text.js';
import { readWhole, replaceFile } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { isMapping, readMapping } from '../run/run-record.js';
import { writeAll } from '../storage/write-all.js';
import { parseYaml, stringifyYaml } from '../storage/yaml-file.js';
import type { Course } from './schedulers/scheduler.js';
import type { SpaceDescription } from './space/describe-space.js';
import type { TrialStatus } from './trial.js';

/** The name of a sweep's file, in the folder of its experiment. */
export const SWEEP_NAME = 'sweep.yaml';
/**
 * The file of trial records that have changed since `sweep.yaml` was written, one after the other.
 */
export const JOURNAL_NAME = 'sweep.journal';
/**
 * Enough for some 50,000 trials.
 *
 * @bound refuses: CORRUPT or UNSAFE_YAML
 */
const MAX_BYTES = 16 * 1024 * 1024;

/** The plan of a sweep; a resumed sweep must have the same. */
export interface SweepPlan {
  readonly space: SpaceDescription;
  readonly metric: string;
  readonly mode: 'min' | 'max';
  readonly value: 'last' | 'best';
  readonly seed: number;
  /** The searcher's name; `custom` for a custom one. */
  readonly searcher: string;
  readonly scheduler: string;
}

/** A trial as in `sweep.yaml`. */
export interface TrialRecord {
  readonly trial: number;
  readonly attempt: number;
  readonly status: TrialStatus;
  /** The name of its run. */
  readonly run: string;
  readonly params: unknown;
  readonly value: number | null;
  readonly step: Step | null;
  readonly error?: string;
  /** Where it runs or ran, if not in the process of the sweep: host, slot, and its run's folder there. */
  readonly host?: string;
  readonly slot?: number;
  readonly runDir?: string;
  /** Figures that the scheduler keeps about it, for a resumed sweep. */
  readonly course?: Course;
}

/** The contents of a `sweep.yaml`. */
export interface SweepRecord {
  /** The identity of the sweep, made when it began; null in a file of an earlier version. */
  readonly uuid: string | null;
  readonly status: 'RUNNING' | 'FINISHED' | 'INTERRUPTED' | 'FAILED';
  readonly plan: SweepPlan;
  readonly best: TrialRecord | null;
  readonly trials: readonly TrialRecord[];
}

/**
 * Replaces `sweep.yaml` atomically, and removes the journal, which it now includes. Secrets are
 * redacted in both.
 */
export function writeSweep(
  fs: FsPort,
  folder: string,
  { uuid, status, plan, best, trials }: SweepRecord,
): void {
  const text = stringifyYaml({
    ...{ status, ...(uuid !== null && { uuid }), ...plan },
    space: redactNamed(plan.space),
    best: best === null ? null : redacted(best),
    trials: trials.map(redacted),
  });
  replaceFile(fs, join(folder, SWEEP_NAME), Buffer.from(text));
  const journal = join(folder, JOURNAL_NAME);
  if (fs.stat(journal) !== null) fs.remove(journal);
}

/**
 * Writes a trial's record so that it survives the process and the machine, at a cost that does not
 * grow with the sweep.
 */
export function appendToJournal(fs: FsPort, folder: string, record: TrialRecord): void {
  const path = join(folder, JOURNAL_NAME);
  const isNew = fs.stat(path) === null;
  const fd = fs.open(path, 'append');
  try {
    writeAll(fs, fd, Buffer.from(stringifyYaml(redacted(record))), null);
    fs.syncData(fd);
  } finally {
    fs.close(fd);
  }
  if (isNew) fs.syncFolder(folder);
}

/** Returns a record as it is written. */
const redacted = ({ error, ...record }: TrialRecord): TrialRecord => ({
  ...record,
  params: redactNamed(record.params),
  ...(error !== undefined && { error: redactText(error) }),
});

/**
 * Reads the whole records of the journal; the last one may be cut off, and then that trial has not
 * begun, or not ended.
 */
function readJournal(fs: FsPort, folder: string): TrialRecord[] {
  const path = join(folder, JOURNAL_NAME);
  if (fs.stat(path) === null) return [];
  // The last line of each record is a comment; no text in the record can be mistaken for it,
  // because text is indented or quoted.
  const [, ...whole] = readWhole(fs, path, MAX_BYTES)
    .toString('utf8')
    .split(/^# end\n/m)
    .reverse();
  return whole.reverse().map((text) => {
    const record = parseYaml(text, MAX_BYTES);
    if (!isTrialRecord(record))
      throw new ExpmanError('CORRUPT', `${path} contains an entry that is not a trial`, { path });
    return record;
  });
}

/**
 * Reads a `sweep.yaml` and its journal; null if there is none.
 *
 * @throws {@link ExpmanError} `CORRUPT` if it is cut off or not valid, `UNSAFE_YAML`, `IO`
 */
export function readSweep(fs: FsPort, folder: string): SweepRecord | null {
  const path = join(folder, SWEEP_NAME);
  const file = readMapping(fs, folder, SWEEP_NAME, MAX_BYTES);
  if (file === null) return null;
  const corrupt = (what: string): ExpmanError => new ExpmanError('CORRUPT', `${path} ${what}`, { path });
  const { status, uuid, best, trials, ...plan } = file;
  if (!isStatus(status)) throw corrupt('has no status');
  if (!Array.isArray(trials) || !trials.every(isTrialRecord)) throw corrupt('has no list of trials');
  const words = ['metric', 'mode', 'value', 'searcher', 'scheduler'] as const;
  if (words.some((word) => typeof plan[word] !== 'string') || typeof plan['seed'] !== 'number')
    throw corrupt('has no valid plan (metric, mode, value, seed, searcher, scheduler)');
  const records = new Map([...trials, ...readJournal(fs, folder)].map((record) => [record.trial, record]));
  return {
    uuid: typeof uuid === 'string' && UUID.test(uuid) ? uuid : null,
    status,
    plan: plan as unknown as SweepPlan,
    best: isTrialRecord(best) ? best : null,
    trials: [...records.values()],
  };
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

const STATUSES: ReadonlySet<unknown> = new Set(['RUNNING', 'FINISHED', 'INTERRUPTED', 'FAILED']);
const isStatus = (value: unknown): value is SweepRecord['status'] => STATUSES.has(value);

const TRIAL_STATUSES: ReadonlySet<unknown> = new Set([
  'running',
  'finished',
  'stopped',
  'failed',
  'interrupted',
]);

function isTrialRecord(value: unknown): value is TrialRecord {
  if (!isMapping(value)) return false;
  const { trial, attempt, status, run, value: metric, step, course, host, slot, runDir } = value;
  return (
    Number.isSafeInteger(trial) &&
    Number.isSafeInteger(attempt) &&
    TRIAL_STATUSES.has(status) &&
    typeof run === 'string' &&
    isTrialName(run) &&
    (metric === null || typeof metric === 'number') &&
    (step === null || typeof step === 'number' || typeof step === 'bigint') &&
    (host === undefined || typeof host === 'string') &&
    (slot === undefined || Number.isSafeInteger(slot)) &&
    (runDir === undefined || typeof runDir === 'string') &&
    (course === undefined || (Array.isArray(course) && course.every(isPair)))
  );
}

/** Tells if a run's name is one that a sweep gives to its trials. */
export const isTrialName = (run: string): boolean => /^trial-\d{4,}(\.\d+)?$/.test(run);

const isPair = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((number) => typeof number === 'number');
