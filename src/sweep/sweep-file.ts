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
/** What `sweep.yaml` does not say yet: the records of trials that have changed since, one after the other. */
const JOURNAL_NAME = 'sweep.journal';
/**
 * Some 50,000 trials.
 *
 * @bound refuses: CORRUPT or UNSAFE_YAML
 */
const MAX_BYTES = 16 * 1024 * 1024;

/** What a sweep searches, and by what; a sweep that goes on must be asked for the same. */
export interface SweepPlan {
  readonly space: SpaceDescription;
  readonly metric: string;
  readonly mode: 'min' | 'max';
  readonly value: 'last' | 'best';
  readonly seed: number;
  /** The searcher's name; `custom` for one of the caller's. */
  readonly searcher: string;
  readonly scheduler: string;
}

/** A trial as `sweep.yaml` has it. */
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
  /** What the scheduler keeps of it, for a sweep that goes on. */
  readonly course?: Course;
}

/** All of a `sweep.yaml`. */
export interface SweepRecord {
  readonly status: 'RUNNING' | 'FINISHED' | 'INTERRUPTED' | 'FAILED';
  readonly plan: SweepPlan;
  readonly best: TrialRecord | null;
  readonly trials: readonly TrialRecord[];
}

/** Replaces `sweep.yaml`, which is whole at every moment; the journal, all of which it says, goes. Secrets are redacted in both. */
export function writeSweep(fs: FsPort, folder: string, { status, plan, best, trials }: SweepRecord): void {
  const text = stringifyYaml({
    ...{ status, ...plan },
    space: redactNamed(plan.space),
    best: best === null ? null : redacted(best),
    trials: trials.map(redacted),
  });
  replaceFile(fs, join(folder, SWEEP_NAME), Buffer.from(text));
  const journal = join(folder, JOURNAL_NAME);
  if (fs.stat(journal) !== null) fs.remove(journal);
}

/** Puts a trial's record down where it survives the process and the machine, at a cost that does not grow with the sweep. */
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

/** A record as it is written. */
const redacted = ({ error, ...record }: TrialRecord): TrialRecord => ({
  ...record,
  params: redactNamed(record.params),
  ...(error !== undefined && { error: redactText(error) }),
});

/** The records of the journal that are whole; the last may have been cut off, and then what it was about has not begun, or not ended. */
function readJournal(fs: FsPort, folder: string): TrialRecord[] {
  const path = join(folder, JOURNAL_NAME);
  if (fs.stat(path) === null) return [];
  // Of each record the last line is a comment, which no text in it can be taken for: that is indented or in quotes.
  const [, ...whole] = readWhole(fs, path, MAX_BYTES)
    .toString('utf8')
    .split(/^# end\n/m)
    .reverse();
  return whole.reverse().map((text) => {
    const record = parseYaml(text, MAX_BYTES);
    if (!isTrialRecord(record)) throw new ExpmanError('CORRUPT', `${path} holds what is no trial`, { path });
    return record;
  });
}

/**
 * Reads a `sweep.yaml` and what its journal adds to that; null when there is none.
 *
 * @throws {@link ExpmanError} `CORRUPT` when it is cut off or makes no sense, `UNSAFE_YAML`, `IO`
 */
export function readSweep(fs: FsPort, folder: string): SweepRecord | null {
  const path = join(folder, SWEEP_NAME);
  const file = readMapping(fs, folder, SWEEP_NAME, MAX_BYTES);
  if (file === null) return null;
  const corrupt = (what: string): ExpmanError => new ExpmanError('CORRUPT', `${path} ${what}`, { path });
  const { status, best, trials, ...plan } = file;
  if (!isStatus(status)) throw corrupt('has no status');
  if (!Array.isArray(trials) || !trials.every(isTrialRecord)) throw corrupt('has no list of trials');
  const words = ['metric', 'mode', 'value', 'searcher', 'scheduler'] as const;
  if (words.some((word) => typeof plan[word] !== 'string') || typeof plan['seed'] !== 'number')
    throw corrupt('does not say what it searches');
  const records = new Map([...trials, ...readJournal(fs, folder)].map((record) => [record.trial, record]));
  return {
    status,
    plan: plan as unknown as SweepPlan,
    best: isTrialRecord(best) ? best : null,
    trials: [...records.values()],
  };
}

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
  const { trial, attempt, status, run, value: metric, step, course } = value;
  return (
    Number.isSafeInteger(trial) &&
    Number.isSafeInteger(attempt) &&
    TRIAL_STATUSES.has(status) &&
    typeof run === 'string' &&
    /^trial-\d{4,}(\.\d+)?$/.test(run) &&
    (metric === null || typeof metric === 'number') &&
    (step === null || typeof step === 'number' || typeof step === 'bigint') &&
    (course === undefined || (Array.isArray(course) && course.every(isPair)))
  );
}

const isPair = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((number) => typeof number === 'number');
