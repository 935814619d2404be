import { ExpmanError } from '../model/errors.js';
import { definedIn } from '../pure/metric-definition.js';
import { nearestWord } from '../model/nearest-word.js';
import {
  amount,
  flag,
  invalidOption,
  metricName,
  oneOf,
  resolvePath,
  ruleOf,
  string,
} from '../model/option-rules.js';
import { optionsTable, type ResolvedBy } from '../model/options-table.js';
import type { RunFacts } from '../model/run-facts.js';
import { RunStatus } from '../model/run-status.js';
import type { Goal } from '../pure/metric-definition.js';
import { quantity } from '../pure/quantity.js';
import { amendRunBy } from '../reader/amend-run.js';
import { figureNames } from '../reader/groups.js';
import { readFacts } from '../reader/read-facts.js';
import { numberIn } from '../pure/history.js';
import { nodeFs } from '../storage/node-fs.js';
import { FAILED_TAG, baselineOf } from './baseline.js';

/** What a run must fulfil; at least one of `min`, `max` and `maxDrop` must be given. */
export interface GateOptions {
  /** A summary value; if the run has none of that name, the last value of the metric. */
  readonly metric: string;
  /** The least value that passes. */
  readonly min?: number | undefined;
  /** The greatest value that passes. */
  readonly max?: number | undefined;
  /** How much worse than the baseline a value may be, from 0 up; needs `baseline`. */
  readonly maxDrop?: number | undefined;
  /**
   * The run to compare with: `tag:NAME` (the newest finished run of the experiment with that tag),
   * `last` (the newest finished one that started before), the path of a run, or the name of one in
   * the same experiment. A run that a gate has refused is never a baseline.
   */
  readonly baseline?: string | undefined;
  /** The direction that is better; by default the one of `defineMetric`, else `max`. */
  readonly goal?: Goal | undefined;
  /** Tags a run that fails with `gate:failed`; default true. */
  readonly tag?: boolean | undefined;
}

const number = (): ReturnType<typeof ruleOf<number>> =>
  ruleOf('a number', (value): value is number => typeof value === 'number' && !Number.isNaN(value));

const OPTIONS = optionsTable<GateOptions>()({
  metric: metricName().required(),
  min: number(),
  max: number(),
  maxDrop: amount(0),
  baseline: string(),
  goal: oneOf('min', 'max'),
  tag: flag().byDefault(true),
});

/** One condition of a gate. */
export interface GateCheck {
  readonly name: 'status' | 'min' | 'max' | 'maxDrop';
  readonly passed: boolean;
  /** The condition and what was found, in words. */
  readonly message: string;
}

/** The result of a gate. */
export interface GateResult {
  readonly passed: boolean;
  readonly runDir: string;
  readonly experiment: string;
  readonly run: string;
  readonly metric: string;
  readonly value: number;
  readonly goal: Goal;
  /** The baseline and its value; null if none was asked for, or there is no run before this one. */
  readonly baseline: { readonly runDir: string; readonly run: string; readonly value: number } | null;
  readonly checks: readonly GateCheck[];
  /** True if the run has been tagged `gate:failed`. */
  readonly tagged: boolean;
  /** True if an earlier gate has tagged the run `gate:failed`: it is no baseline, even if it passes. */
  readonly failedBefore: boolean;
  /** The reason why a run that failed could not be tagged; null if there was none. */
  readonly tagProblem: string | null;
}

/**
 * Checks one figure of a closed run against limits and a baseline, as `expman gate` does.
 *
 * A run that has not finished fails, and so does a metric, unless it is a summary value, of a run
 * that has lost calls. A run that fails gets the tag `gate:failed`. With the baseline
 * `last`, the first run of an experiment has nothing to be compared with, and passes that check.
 *
 * @throws {@link ExpmanError} `INVALID_OPTION`; `RUN_NOT_FOUND` for the run or its baseline;
 * `RUN_LOCKED` if the run is still open; `INVALID_VALUE` if it, or the baseline, has no such number;
 * `CORRUPT`, `IO`
 * @example
 * const { passed, checks } = await gate(run.runDir, { metric: 'pass_rate', min: 0.8, maxDrop: 0.02, baseline: 'tag:main' });
 */
// eslint-disable-next-line @typescript-eslint/require-await -- errors are rejections
export async function gate(runDir: string, options: GateOptions): Promise<GateResult> {
  const wanted = OPTIONS.resolve(options);
  const { metric, min, max, maxDrop, baseline, tag } = wanted;
  if (min === undefined && max === undefined && maxDrop === undefined)
    throw invalidOption('options', 'an object with min, max or maxDrop', options);
  if ((maxDrop === undefined) !== (baseline === undefined))
    throw maxDrop === undefined
      ? invalidOption('maxDrop', 'given beside baseline', maxDrop)
      : invalidOption('baseline', 'given beside maxDrop', baseline);
  if (min !== undefined && max !== undefined && min > max)
    throw invalidOption('max', `at least min, which is ${min}`, max);
  const { facts } = readFacts(nodeFs, resolvePath('runDir', runDir));
  if (facts.status === RunStatus.Running)
    throw new ExpmanError('RUN_LOCKED', `${facts.runDir} is still open: close it before its gate`, {
      path: facts.runDir,
    });
  const value = valueIn(facts, metric);
  const goal = wanted.goal ?? definedIn('goal', [facts], metric) ?? 'max';
  const found = baseline === undefined ? null : baselineOf(nodeFs, facts, baseline);
  const before = found?.facts ?? null;
  const known = before && { runDir: before.runDir, run: before.run, value: valueIn(before, metric) };
  const measured = { value, goal, baseline: known, unreadable: found?.unreadable ?? 0 };
  const checks = checksOf(facts, measured, wanted);
  const passed = checks.every((check) => check.passed);
  return {
    passed,
    ...{ runDir: facts.runDir, experiment: facts.experiment, run: facts.run },
    ...{ metric, value, goal, baseline: known, checks, failedBefore: facts.tags.includes(FAILED_TAG) },
    ...(passed || !tag ? { tagged: false, tagProblem: null } : tagged(facts.runDir)),
  };
}

/** What is checked. */
interface Measured extends Pick<GateResult, 'value' | 'goal' | 'baseline'> {
  /** The number of runs that cannot be read, so that a later baseline may be missing. */
  readonly unreadable: number;
}

function checksOf(
  facts: RunFacts,
  { value, goal, baseline, unreadable }: Measured,
  { metric, min, max, maxDrop }: ResolvedBy<typeof OPTIONS>,
): GateCheck[] {
  const checks: GateCheck[] = [statusCheck(facts, metric)];
  if (min !== undefined)
    checks.push({
      name: 'min',
      passed: value >= min,
      message: `${metric} must be at least ${min}; it is ${value}`,
    });
  if (max !== undefined)
    checks.push({
      name: 'max',
      passed: value <= max,
      message: `${metric} must be at most ${max}; it is ${value}`,
    });
  if (maxDrop !== undefined)
    checks.push({
      name: 'maxDrop',
      passed: baseline === null || isWithin(value, baseline.value, maxDrop, goal),
      message:
        baseline === null
          ? `${metric} may be at most ${maxDrop} worse than before; there is no finished run before this one`
          : `${metric} may be at most ${maxDrop} ${goal === 'max' ? 'below' : 'above'} the ${baseline.value} of ${baseline.run}; it is ${value}${unreadableWords(unreadable)}`,
    });
  return checks;
}

/** A run must have finished, and a metric must have all of its rows: its last value may be lost. */
function statusCheck({ status, lost, summary }: RunFacts, metric: string): GateCheck {
  const isWhole = lost === 0 || Object.hasOwn(summary, metric);
  return {
    name: 'status',
    passed: status === RunStatus.Finished && isWhole,
    message: `the run must be FINISHED${isWhole ? '' : ', with all of its rows'}; it is ${status}${isWhole ? '' : `, and ${quantity(lost, 'calls')} are lost`}`,
  };
}

const unreadableWords = (runs: number): string =>
  runs === 0 ? '' : ` (${quantity(runs, 'runs')} of the experiment cannot be read)`;

/** Tells if a value is at most `maxDrop` worse; digits that doubles cannot hold do not count. */
function isWithin(value: number, before: number, maxDrop: number, goal: Goal): boolean {
  const worse = goal === 'max' ? before - value : value - before;
  const rounding = 4 * Number.EPSILON * Math.max(Math.abs(value), Math.abs(before), maxDrop);
  return value === before || worse <= maxDrop || (Number.isFinite(rounding) && worse <= maxDrop + rounding);
}

/** Returns a summary value, else the last value of a metric. @throws ExpmanError `INVALID_VALUE` */
function valueIn(facts: RunFacts, metric: string): number {
  const { summary, metrics, runDir } = facts;
  const found = Object.hasOwn(summary, metric) ? summary[metric] : metrics.get(metric)?.last;
  const value = numberIn(found);
  if (value !== undefined) return value;
  const what =
    found === undefined ? `has no ${metric}` : `has the text ${JSON.stringify(found)} for ${metric}`;
  const near = found === undefined ? nearestWord(metric, figureNames([facts])) : undefined;
  throw new ExpmanError(
    'INVALID_VALUE',
    `${runDir} ${what}${near === undefined ? '' : `; did you mean ${near}?`}`,
    { path: runDir, value: metric },
  );
}

function tagged(runDir: string): Pick<GateResult, 'tagged' | 'tagProblem'> {
  try {
    amendRunBy(nodeFs, runDir, { addTags: [FAILED_TAG] });
    return { tagged: true, tagProblem: null };
  } catch (error) {
    if (error instanceof ExpmanError) return { tagged: false, tagProblem: error.message };
    throw error;
  }
}
