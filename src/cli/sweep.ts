import { resolve } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { printable } from '../model/printable.js';
import { type ParamImportance, paramImportance } from '../pure/param-importance.js';
import { excessOf, frontOf, keepsBounds, valuesOf, violationOf } from '../pure/sweep-front.js';
import { nodeFs } from '../storage/node-fs.js';
import { failuresText } from '../sweep/study-warnings.js';
import type { MetricConstraint } from '../sweep/objectives.js';
import { type SweepRecord, type SweepPlan, type TrialRecord, readSweep } from '../sweep/sweep-file.js';
import { type CommandRun, numberOption } from './command.js';
import type { SWEEP } from './command-options.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { quantity, valueText } from './words.js';

export const run: CommandRun<typeof SWEEP> = ([path = ''], options, terminal) => {
  const dir = resolve(path);
  const limit = numberOption(options, 'limit', { min: 1 }) ?? Infinity;
  const sweep = readSweep(nodeFs, dir);
  if (sweep === null)
    throw new ExpmanError('RUN_NOT_FOUND', `there is no sweep in ${printable(dir)}`, { path: dir });
  const trials = bestFirst(sweep);
  if (options.json === true) terminal.json(jsonOf(dir, sweep, trials.slice(0, limit)));
  else print(sweep, trials, { limit, terminal });
  return ExitCode.ok;
};

/** A host that has run trials. */
interface WorkerFacts {
  readonly host: string;
  readonly slots: readonly number[];
  readonly running: number;
  readonly ended: number;
}

function workersOf({ trials }: SweepRecord): readonly WorkerFacts[] {
  const hosts = [...new Set(trials.flatMap(({ host }) => (host === undefined ? [] : [host])))].sort();
  return hosts.map((host) => {
    const own = trials.filter((trial) => trial.host === host);
    const slots = new Set(own.flatMap(({ slot }) => (slot === undefined ? [] : [slot])));
    const running = own.filter(({ status }) => status === 'running').length;
    return { host, slots: [...slots].sort((a, b) => a - b), running, ended: own.length - running };
  });
}

/**
 * Sorts finished trials by the first metric: those of the front, then others that keep all
 * constraints, then those that break one; puts the others after them by number.
 */
function bestFirst(sweep: SweepRecord): readonly TrialRecord[] {
  const { trials, plan } = sweep;
  const sign = plan.mode === 'min' ? 1 : -1;
  const front = frontNumbers(sweep);
  const rank = (trial: TrialRecord): readonly [kind: number, loss: number, number: number] => {
    const { status, value, trial: number } = trial;
    if (status !== 'finished' || value === null || Number.isNaN(value)) return [3, 0, number];
    const kind = front.has(number) ? 0 : keepsBounds(plan, trial) ? 1 : 2;
    return [kind, sign * value, number];
  };
  const ranks = new Map(trials.map((trial) => [trial, rank(trial)]));
  return [...trials].sort((a, b) => {
    const [one, other] = [ranks.get(a)!, ranks.get(b)!];
    const at = one.findIndex((part, place) => part !== other[place]);
    return at < 0 ? 0 : one[at]! < other[at]! ? -1 : 1;
  });
}

/** The numbers of the trials on the Pareto front. */
const frontNumbers = ({ plan, trials }: SweepRecord): ReadonlySet<number> =>
  new Set(frontOf(plan, trials).map(({ trial }) => trial));

/** A constraint in words, such as `latency <= 10`. */
const boundText = ({ metric, max, min }: MetricConstraint): string =>
  printable(max === undefined ? `${metric} >= ${valueText(min)}` : `${metric} <= ${valueText(max)}`);

function jsonOf(dir: string, sweep: SweepRecord, trials: readonly TrialRecord[]): object {
  const { status, uuid, plan, best } = sweep;
  const { metric, mode, metrics = [{ name: metric, mode }], constraints = [], searcher, scheduler } = plan;
  return {
    ...{ dir, status, uuid, metric, mode, metrics, constraints, searcher, scheduler },
    best: best?.trial ?? null,
    front: [...frontNumbers(sweep)],
    trials: trials.map(({ course: _, ...trial }) => ({
      ...trial,
      values: valuesOf(plan, trial),
      violation: violationOf(plan, trial),
    })),
    workers: workersOf(sweep),
    importance: importanceOf(sweep),
  };
}

function print(
  sweep: SweepRecord,
  trials: readonly TrialRecord[],
  { limit, terminal }: { readonly limit: number; readonly terminal: Terminal },
): void {
  const { status, plan, best } = sweep;
  const { metric, mode, metrics = [{ name: metric, mode }], constraints = [], searcher, scheduler } = plan;
  const shown = trials.slice(0, limit);
  const goals = metrics.map((goal) => `${goal.mode} ${goal.name}`).join(', ');
  terminal.print(printable(`${status}  ${goals}  searcher ${searcher}  scheduler ${scheduler}`));
  const names = [...new Set(shown.flatMap(({ params }) => flat(params).map(([name]) => name)))];
  const figures = [...metrics.map(({ name }) => printable(name)), ...constraints.map(boundText)];
  const front = metrics.length > 1 ? frontNumbers(sweep) : null;
  const ofFront = front === null ? [] : ['front'];
  terminal.table(
    [
      ['trial', 'status', ...ofFront, ...figures, ...names.map(printable), 'host', 'slot', 'run'],
      ...shown.map((trial) => rowOf(trial, { plan, names, front, isBest: trial.trial === best?.trial })),
    ],
    ['trial', ...figures],
  );
  if (front !== null)
    terminal.print(
      `${quantity(front.size, 'trials')} on the Pareto front; bold: the best by ${printable(metric)}`,
    );
  if (trials.length > shown.length) terminal.print(`  … and ${trials.length - shown.length} more trials`);
  const failed = sweep.trials.filter((trial) => trial.status === 'failed' && trial.retry !== true).length;
  if (failed > 0) terminal.print(failuresText(failed));
  printImportance(importanceOf(sweep), printable(metric), terminal);
  const workers = workersOf(sweep);
  if (workers.length === 0) return;
  terminal.print('');
  terminal.table([
    ['worker', 'slots', 'running', 'ended'],
    ...workers.map(({ host, slots, running, ended }) => [
      printable(host),
      slots.join(' '),
      String(running),
      String(ended),
    ]),
  ]);
}

const importanceOf = ({ plan, trials }: SweepRecord): readonly ParamImportance[] =>
  paramImportance(plan.space, trials);

/** Prints the share of the metric's variance that each parameter explains by itself, if that is known. */
function printImportance(importance: readonly ParamImportance[], metric: string, terminal: Terminal): void {
  if (importance.length === 0) return;
  terminal.print('');
  terminal.table(
    [
      ['parameter', `share of ${metric}`, 'trials'],
      ...importance.map(({ param, importance: share, trials }) => [
        printable(param),
        share.toFixed(2),
        String(trials),
      ]),
    ],
    [`share of ${metric}`, 'trials'],
  );
}

function rowOf(
  record: TrialRecord,
  {
    plan: { metrics = [], constraints = [] },
    names,
    front,
    isBest,
  }: {
    readonly plan: SweepPlan;
    readonly names: readonly string[];
    /** The numbers of the trials on the front; null if there is one metric. */
    readonly front: ReadonlySet<number> | null;
    readonly isBest: boolean;
  },
): Cell[] {
  const { trial, status, value, values: all = [], params, host = '', slot, run, error } = record;
  const values = new Map(flat(params));
  const shown = value === null ? printable(error ?? '') : valueText(value);
  return [
    String(trial),
    status === 'failed' ? { text: status, style: 'red' } : status,
    ...(front === null ? [] : [front.has(trial) ? 'yes' : '']),
    isBest ? { text: shown, style: 'bold' } : shown,
    ...metrics.slice(1).map((_, at) => optionalText(all[at + 1])),
    ...constraints.map((bound, at) => boundedCell(bound, record.constraintValues?.[at])),
    ...names.map((name) => printable(values.get(name) ?? '')),
    printable(host),
    slot === undefined ? '' : String(slot),
    printable(run),
  ];
}

const optionalText = (value: number | undefined): string => (value === undefined ? '' : valueText(value));

/** The value of a constraint's metric; one that breaks it says so. */
function boundedCell(bound: MetricConstraint, value: number | undefined): Cell {
  const text = optionalText(value);
  return value !== undefined && excessOf(bound, value) > 0 ? { text: `${text} broken`, style: 'red' } : text;
}

/** Lists parameters by their path. */
function flat(params: unknown, path = ''): readonly (readonly [name: string, text: string])[] {
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    return [[path, typeof params === 'number' ? valueText(params) : String(params)]];
  return Object.entries(params).flatMap(([name, inner]) =>
    flat(inner, path === '' ? name : `${path}.${name}`),
  );
}
