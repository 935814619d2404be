import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import type { Step } from '../model/step.js';
import { redactNamed, redactText } from '../model/redact-text.js';
import { isRandomUuid } from '../model/stored-values.js';
import { readWhole, replaceFile } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { type Mapping, isMapping } from '../run/run-record.js';
import { flowLine, parseFlowLine } from '../storage/flow-line.js';
import { writeAll } from '../storage/write-all.js';
import { isWhole, parseYaml, stringifyYaml } from '../storage/yaml-file.js';
import { readSimpleYaml } from '../storage/yaml-subset.js';
import { type MetricConstraint, type MetricGoal, areBounds, areGoals } from './objectives.js';
import type { TrialCourse } from './schedulers/scheduler.js';
import type { SpaceDescription } from './space/describe-space.js';
import type { TrialStatus } from './trial.js';

/** The name of a sweep's file, in the folder of its experiment. */
export const SWEEP_NAME = 'sweep.yaml';
/**
 * The file of trial records that have changed since `sweep.yaml` was written, one after the other.
 */
export const JOURNAL_NAME = 'sweep.journal';
/**
 * Enough for some 200,000 trials; a larger file is not written either.
 *
 * @bound refuses: CORRUPT, or IO when it is written
 */
const MAX_BYTES = 256 * 1024 * 1024;
/**
 * The most that is read of text that this version does not write: by hand, or in block style, in
 * which earlier versions wrote trials.
 *
 * @bound refuses: UNSAFE_YAML
 */
const MAX_OTHER_BYTES = 16 * 1024 * 1024;
const TRIALS = 'trials:';
const ITEM = '  - ';
const END = '# end';

/** The plan of a sweep; a resumed sweep must have the same. */
export interface SweepPlan {
  readonly space: SpaceDescription;
  readonly metric: string;
  readonly mode: 'min' | 'max';
  /** All metrics, if there are several; `metric` and `mode` are those of the first. */
  readonly metrics?: readonly MetricGoal[];
  /** The bounds that its trials must keep, if there are any. */
  readonly constraints?: readonly MetricConstraint[];
  readonly value: 'last' | 'best';
  readonly seed: number;
  /**
   * The options of the searcher that decide which trials there are; absent in sweeps of earlier
   * versions.
   */
  readonly searcherOptions?: Readonly<Record<string, unknown>>;
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
  /** The values of all metrics, if there are several; `value` is the first. */
  readonly values?: readonly number[];
  /** The value of the metric of each constraint, if all of them have one. */
  readonly constraintValues?: readonly number[];
  readonly step: Step | null;
  readonly error?: string;
  /** The number of attempts that failed; those that were cut off do not count. Absent if none. */
  readonly failures?: number;
  /** True for a failed trial that is to be tried again, in this session or the next. */
  readonly retry?: boolean;
  /**
   * Only of a running trial: the status it will have once its run is closed as `FINISHED`. A run
   * that is closed without it was closed by the end of its process, not by the end of the trial.
   */
  readonly ending?: 'finished' | 'stopped';
  /** Where it runs or ran, if not in the process of the sweep: host, slot, and its run's folder there. */
  readonly host?: string;
  readonly slot?: number;
  readonly runDir?: string;
  /** Figures that the scheduler keeps about it, for a resumed sweep. */
  readonly course?: TrialCourse;
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

/** Returns a record as it is written. */
const redacted = ({ error, ...record }: TrialRecord): TrialRecord => ({
  ...record,
  params: redactNamed(record.params),
  ...(error !== undefined && { error: redactText(error) }),
});

/** The record of a trial as a line of `sweep.yaml` and of the journal; secrets are redacted. */
export const lineOf = (record: TrialRecord): string => flowLine(redacted(record));

/**
 * Replaces `sweep.yaml` atomically, and removes the journal, which it now includes. Secrets are
 * redacted in both.
 *
 * @param lines - the trials, by {@link lineOf}
 * @throws {@link ExpmanError} `IO` if the file would be larger than what is read
 */
export function writeSweep(
  fs: FsPort,
  folder: string,
  { uuid, status, plan, best }: Omit<SweepRecord, 'trials'>,
  lines: readonly string[],
): void {
  const path = join(folder, SWEEP_NAME);
  const head = stringifyYaml({
    ...{ status, ...(uuid !== null && { uuid }), ...plan },
    space: redactNamed(plan.space),
    best: best === null ? null : redacted(best),
  }).replace(/# end\n$/, '');
  const trials =
    lines.length === 0 ? [`${TRIALS} []\n`] : [`${TRIALS}\n`, ...lines.map((line) => `${ITEM}${line}\n`)];
  const bytes = Buffer.from(`${head}${trials.join('')}${END}\n`);
  if (bytes.length > MAX_BYTES)
    throw new ExpmanError(
      'IO',
      `${path} would have ${bytes.length} bytes, more than the ${MAX_BYTES} that are read; go on with another sweep, under another name`,
      { path },
    );
  replaceFile(fs, path, bytes);
  const journal = join(folder, JOURNAL_NAME);
  if (fs.stat(journal) !== null) fs.remove(journal);
}

/**
 * Writes a trial's record so that it survives the process and the machine, at a cost that does not
 * grow with the sweep.
 */
export function appendToJournal(fs: FsPort, folder: string, line: string): void {
  const path = join(folder, JOURNAL_NAME);
  const isNew = fs.stat(path) === null;
  const fd = fs.open(path, 'append');
  try {
    writeAll(fs, fd, Buffer.from(`${line}\n${END}\n`), null);
    fs.syncData(fd);
  } finally {
    fs.close(fd);
  }
  if (isNew) fs.syncFolder(folder);
}

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
    const record = parseFlowLine(text, MAX_OTHER_BYTES);
    if (!isTrialRecord(record))
      throw new ExpmanError('CORRUPT', `${path} contains an entry that is not a trial`, { path });
    return record;
  });
}

/**
 * Reads `sweep.yaml` as a mapping whose values may be anything, without the journal; null if the file
 * does not exist.
 *
 * @throws {@link ExpmanError} `CORRUPT` if it is cut off or not valid, `UNSAFE_YAML`, `IO`
 */
export function readSweepFile(fs: FsPort, folder: string): Mapping | null {
  const path = join(folder, SWEEP_NAME);
  if (fs.stat(path) === null) return null;
  const text = readWhole(fs, path, MAX_BYTES).toString('utf8');
  if (!isWhole(text))
    throw new ExpmanError('CORRUPT', `${path} is truncated: its last line is not "${END}"`, { path });
  const file = readLines(text) ?? readSimpleYaml(text) ?? parseYaml(text, MAX_OTHER_BYTES);
  if (!isMapping(file)) throw new ExpmanError('CORRUPT', `${path} does not hold a mapping`, { path });
  return file;
}

/** Reads a file whose trials are lines of flow style; null for any other. */
function readLines(text: string): Mapping | null {
  const at = text.indexOf(`\n${TRIALS}\n${ITEM}{`);
  if (at < 0) return null;
  const lines = text
    .slice(at + TRIALS.length + 2)
    .trimEnd()
    .split('\n')
    .slice(0, -1);
  if (!lines.every((line) => line.startsWith(`${ITEM}{`) && line.endsWith('}'))) return null;
  const head = text.slice(0, at + 1);
  const plan = readSimpleYaml(head) ?? parseYaml(head, MAX_OTHER_BYTES);
  const trials = lines.map((line) => parseFlowLine(line.slice(ITEM.length), MAX_OTHER_BYTES));
  return isMapping(plan) ? { ...plan, trials } : null;
}

/**
 * Reads a `sweep.yaml` and its journal; null if there is none.
 *
 * @throws {@link ExpmanError} `CORRUPT` if it is cut off or not valid, `UNSAFE_YAML`, `IO`
 */
export function readSweep(fs: FsPort, folder: string): SweepRecord | null {
  const path = join(folder, SWEEP_NAME);
  const file = readSweepFile(fs, folder);
  if (file === null) return null;
  const corrupt = (what: string): ExpmanError => new ExpmanError('CORRUPT', `${path} ${what}`, { path });
  const { status, uuid, best, trials, ...plan } = file;
  if (!isStatus(status)) throw corrupt('has no status');
  if (!Array.isArray(trials) || !trials.every(isTrialRecord)) throw corrupt('has no list of trials');
  const words = ['metric', 'mode', 'value', 'searcher', 'scheduler'] as const;
  if (words.some((word) => typeof plan[word] !== 'string') || typeof plan['seed'] !== 'number')
    throw corrupt('has no valid plan (metric, mode, value, seed, searcher, scheduler)');
  if (!['undefined', 'object'].includes(typeof plan['searcherOptions']) || plan['searcherOptions'] === null)
    throw corrupt('has searcherOptions that are no mapping');
  if (plan['metrics'] !== undefined && !areGoals(plan['metrics']))
    throw corrupt('has metrics that are no list of name and mode');
  if (plan['constraints'] !== undefined && !areBounds(plan['constraints']))
    throw corrupt('has constraints that are no list of metric and max or min');
  const records = new Map([...trials, ...readJournal(fs, folder)].map((record) => [record.trial, record]));
  return {
    uuid: isRandomUuid(uuid) ? uuid : null,
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
  const { trial, attempt, status, run, value: metric, step, course, failures, retry, ending, values } = value;
  const { host, slot, runDir, constraintValues } = value;
  return (
    Number.isSafeInteger(trial) &&
    Number.isSafeInteger(attempt) &&
    TRIAL_STATUSES.has(status) &&
    typeof run === 'string' &&
    isTrialName(run) &&
    (metric === null || typeof metric === 'number') &&
    (values === undefined || areNumbers(values)) &&
    (constraintValues === undefined || areNumbers(constraintValues)) &&
    (step === null || typeof step === 'number' || typeof step === 'bigint') &&
    (failures === undefined || Number.isSafeInteger(failures)) &&
    (retry === undefined || typeof retry === 'boolean') &&
    (ending === undefined || ending === 'finished' || ending === 'stopped') &&
    (host === undefined || typeof host === 'string') &&
    (slot === undefined || Number.isSafeInteger(slot)) &&
    (runDir === undefined || typeof runDir === 'string') &&
    (course === undefined || (Array.isArray(course) && course.every(isPair)))
  );
}

const areNumbers = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'number');

/** Tells if a run's name is one that a sweep gives to its trials. */
export const isTrialName = (run: string): boolean => /^trial-\d{4,}(\.\d+)?$/.test(run);

/** Tells if a value is a pair of numbers, as in a course. */
export const isPair = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((number) => typeof number === 'number');
