import { join } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { replaceFile } from '../storage/atomic-file.js';
import type { FsPort } from '../storage/fs-port.js';
import { readMapping } from '../storage/run-record.js';
import { stringifyYaml } from '../storage/yaml-file.js';
import type { SpaceDescription } from './space/describe-space.js';
import type { TrialStatus } from './trial.js';

/** The name of a sweep's file, in the folder of its experiment. */
export const SWEEP_NAME = 'sweep.yaml';
/** Some 50,000 trials. */
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
  readonly step: number | null;
  readonly error?: string;
}

/** All of a `sweep.yaml`. */
export interface SweepRecord {
  readonly status: 'RUNNING' | 'FINISHED' | 'INTERRUPTED' | 'FAILED';
  readonly plan: SweepPlan;
  readonly best: TrialRecord | null;
  readonly trials: readonly TrialRecord[];
}

/** Replaces `sweep.yaml`; it is whole at every moment. */
export function writeSweep(fs: FsPort, folder: string, { status, plan, best, trials }: SweepRecord): void {
  const text = stringifyYaml({ status, ...plan, best, trials });
  replaceFile(fs, join(folder, SWEEP_NAME), Buffer.from(text));
}

/**
 * Reads a `sweep.yaml`; null when there is none.
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
  return {
    status,
    plan: plan as unknown as SweepPlan,
    best: isTrialRecord(best) ? best : null,
    trials,
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
  const { trial, attempt, status, run, value: metric, step } = value;
  return (
    Number.isSafeInteger(trial) &&
    Number.isSafeInteger(attempt) &&
    TRIAL_STATUSES.has(status) &&
    typeof run === 'string' &&
    /^trial-\d{4,}(\.\d+)?$/.test(run) &&
    (metric === null || typeof metric === 'number') &&
    (step === null || typeof step === 'number')
  );
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
