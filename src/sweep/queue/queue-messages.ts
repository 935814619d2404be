import { isDeepStrictEqual } from 'node:util';
import { isMapping } from '../../run/run-record.js';
import { ExpmanError } from '../../model/errors.js';
import { invalidOption } from '../../model/option-rules.js';
import type { Step } from '../../model/step.js';
import { isRandomUuid } from '../../model/stored-values.js';
import type { TrialOutcome, TrialPoint } from '../executor.js';
import { type MetricGoals, type Objectives, areBounds, areGoals, plannedGoals } from '../objectives.js';
import type { TrialPlace } from '../trial.js';
import { trialRunName } from '../trial-run-name.js';

/**
 * The most bytes of a job, and of a report.
 *
 * @bound refuses: INVALID_OPTION
 */
export const MAX_JOB_BYTES = 1024 * 1024;
/**
 * The number of lost workers after which a trial is offered again; the next one fails it.
 *
 * @bound loses nothing: the trial is failed and says that its worker was lost
 */
export const MAX_STALLED = 2;
/**
 * The longest text that a result may hold: a path, a host, an error.
 *
 * @bound refuses: CORRUPT, or a result that is told as not valid
 */
const MAX_TEXT = 16 * 1024;

/** A trial that a study offers; plain data, which a worker checks. */
export interface Offer extends Objectives {
  readonly trial: number;
  readonly attempt: number;
  readonly params: unknown;
  /** Infinity for no limit. */
  readonly graceMs: number;
}

/** What a worker says of an attempt while it runs. */
export type WorkerReport = { readonly trial: number; readonly attempt: number } & (
  | { readonly kind: 'begun'; readonly run: string; readonly place: TrialPlace }
  | {
      readonly kind: 'values';
      readonly points: readonly TrialPoint[];
    }
);

/** The result of a job. */
export interface WorkerResult {
  readonly outcome: TrialOutcome & { readonly place: TrialPlace };
  /** The id of the last report of the attempt; null if there was none. */
  readonly lastReport: string | null;
}

/** What a study says to all workers. */
export type ControlMessage =
  | { readonly kind: 'abort'; readonly job: string; readonly reason: 'stopped' | 'interrupted' }
  | { readonly kind: 'end'; readonly session: string };

/** Who runs the sweep of a name. */
export interface SweepClaim {
  readonly uuid: string;
  readonly session: string;
  readonly host: string;
  readonly pid: number;
}

// JSON has no NaN, no infinities, no -0 and no integers beyond 2^53: those travel as objects with this key.
const ODD = '$number';

/** Makes text of plain data; every number survives. */
export function toWire(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return { [ODD]: `${inner}n` };
    if (typeof inner !== 'number' || (Number.isFinite(inner) && !Object.is(inner, -0))) return inner;
    return { [ODD]: Object.is(inner, -0) ? '-0' : String(inner) };
  });
}

/**
 * Reads what {@link toWire} has written; null for anything that is not that, or is too long.
 */
export function fromWire(text: unknown): unknown {
  if (typeof text !== 'string' || text.length > MAX_JOB_BYTES) return null;
  try {
    return JSON.parse(text, (_, inner: unknown) => {
      const odd: unknown = isMapping(inner) ? inner[ODD] : undefined;
      if (typeof odd !== 'string') return inner;
      return /^-?\d{1,19}n$/.test(odd) ? BigInt(odd.slice(0, -1)) : Number(odd);
    }) as unknown;
  } catch {
    return null;
  }
}

/**
 * Writes an offer as the data of a job.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION` if the parameters are not plain data, or too long
 */
export function offerText({ metrics, constraints, ...offer }: Offer): string {
  // A worker of an earlier version reads `metric` and `mode`, and the study refuses its result where
  // there is more than that.
  const text = toWire({ ...offer, ...plannedGoals(metrics, constraints) });
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_JOB_BYTES)
    throw invalidOption('params', `at most ${MAX_JOB_BYTES} bytes as JSON, to travel through a queue`, bytes);
  const read = fromWire(text);
  if (!isMapping(read) || !isDeepStrictEqual(read['params'], offer.params))
    throw invalidOption('params', 'plain data, to travel through a queue', offer.params);
  return text;
}

/** Reads the data of a job; throws what is wrong with it. */
export function readOffer(data: unknown): Offer {
  const read = fromWire(data);
  if (!isMapping(read)) throw corrupt('its data is not an offer, or exceeds 1 MB');
  const { trial, attempt, params, metric, mode, metrics, constraints = [], value, graceMs } = read;
  if (!isCount(trial) || !isCount(attempt)) throw corrupt('it has no trial number');
  if (!isMapping(params)) throw corrupt('it has no parameters');
  if (typeof metric !== 'string' || metric === '' || metric.length > MAX_TEXT)
    throw corrupt('it has no metric');
  if (mode !== 'min' && mode !== 'max') throw corrupt('it has no mode');
  if (metrics !== undefined && !areGoals(metrics)) throw corrupt('its metrics are not valid');
  if (!areBounds(constraints)) throw corrupt('its constraints are not valid');
  if (value !== 'last' && value !== 'best') throw corrupt('it has no value that counts');
  if (typeof graceMs !== 'number' || !(graceMs >= 0)) throw corrupt('it has no graceMs');
  const goals: MetricGoals = [{ name: metric, mode }, ...(metrics ?? []).slice(1)];
  return { trial, attempt, params, metrics: goals, constraints, value, graceMs };
}

/** Reads a report; null if it is not one. */
export function readReport(text: unknown): WorkerReport | null {
  const read = fromWire(text);
  if (!isMapping(read) || !isCount(read['trial']) || !isCount(read['attempt'])) return null;
  const { kind, trial, attempt, run, place: placed, points } = read;
  if (kind === 'begun' && run === trialRunName(trial, attempt)) {
    const place = isMapping(placed) ? placeOf(placed) : null;
    return place && { kind, trial, attempt, run: trialRunName(trial, attempt), place };
  }
  return kind === 'values' && Array.isArray(points) && points.every(isPoint)
    ? { kind, trial, attempt, points }
    : null;
}

/** Reads the result of a job of a trial; null if it is not one. */
export function readResult(text: unknown, trial: number, offered: number): WorkerResult | null {
  const read = fromWire(text);
  const outcome: unknown = isMapping(read) ? read['outcome'] : null;
  if (!isMapping(read) || !isMapping(outcome)) return null;
  const { attempt, status, run, value, step, error, place: placed, values, constraintValues } = outcome;
  const { lastReport } = read;
  const place = isMapping(placed) ? placeOf(placed) : null;
  if (!isCount(attempt) || attempt < offered || run !== trialRunName(trial, attempt) || place === null)
    return null;
  if (status !== 'finished' && status !== 'stopped' && status !== 'failed' && status !== 'interrupted')
    return null;
  if (!(value === null || (typeof value === 'number' && !Number.isNaN(value))) || !isStep(step)) return null;
  if (status === 'finished' && value === null) return null;
  if (!isOptionalNumbers(values) || !isOptionalNumbers(constraintValues)) return null;
  if (error !== undefined && !isText(error)) return null;
  if (!(lastReport === null || (typeof lastReport === 'string' && /^\d+-\d+$/.test(lastReport)))) return null;
  return {
    outcome: {
      ...{ attempt, status, run, value, step, place },
      ...(values !== undefined && { values }),
      ...(constraintValues !== undefined && { constraintValues }),
      ...(error !== undefined && { error }),
    },
    lastReport,
  };
}

/** Reads a message of the study; null if it is not one. */
export function readControl(text: unknown): ControlMessage | null {
  const read = fromWire(text);
  if (!isMapping(read)) return null;
  const { kind, job, reason, session } = read;
  if (kind === 'end' && isText(session)) return { kind, session };
  const isReason = reason === 'stopped' || reason === 'interrupted';
  return kind === 'abort' && isText(job) && isReason ? { kind, job, reason } : null;
}

/** Reads a claim; null if it is not one. */
export function readClaim(text: unknown): SweepClaim | null {
  const read = fromWire(text);
  if (!isMapping(read)) return null;
  const { uuid, session, host, pid } = read;
  return isRandomUuid(uuid) && isText(session) && isText(host) && isCount(pid)
    ? { uuid, session, host, pid }
    : null;
}

function placeOf({ host, slot, runDir }: Readonly<Record<string, unknown>>): TrialPlace | null {
  return isText(host) && isCount(slot) && isText(runDir) ? { host, slot, runDir } : null;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_TEXT;
const isStep = (value: unknown): value is Step | null =>
  value === null || typeof value === 'bigint' || Number.isSafeInteger(value);
const isOptionalNumbers = (value: unknown): value is readonly number[] | undefined =>
  value === undefined ||
  (Array.isArray(value) && value.every((each) => typeof each === 'number' && !Number.isNaN(each)));
const isPoint = (value: unknown): value is TrialPoint =>
  isMapping(value) &&
  isStep(value['step']) &&
  (value['of'] === undefined || isCount(value['of'])) &&
  typeof value['value'] === 'number' &&
  typeof value['timestamp'] === 'number';

const corrupt = (what: string): ExpmanError =>
  new ExpmanError('CORRUPT', `the job in the queue was not taken: ${what}`);
