import { resolve } from 'node:path';
import { ExpmanError } from '../model/errors.js';
import { printable } from '../model/printable.js';
import { type ParamImportance, paramImportance } from '../pure/param-importance.js';
import { nodeFs } from '../storage/node-fs.js';
import { failuresText } from '../sweep/study-warnings.js';
import { type SweepRecord, type TrialRecord, readSweep } from '../sweep/sweep-file.js';
import { type CommandRun, numberOption } from './command.js';
import type { SWEEP } from './command-options.js';
import { type Cell, ExitCode, type Terminal } from './terminal.js';
import { valueText } from './words.js';

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

/** Sorts finished trials by value, and puts the others after them by number. */
function bestFirst({ trials, plan }: SweepRecord): readonly TrialRecord[] {
  const sign = plan.mode === 'min' ? 1 : -1;
  const rank = ({ status, value }: TrialRecord): number =>
    status === 'finished' && value !== null && !Number.isNaN(value) ? sign * value : Infinity;
  return [...trials].sort((a, b) => {
    const [one, other] = [rank(a), rank(b)];
    return one === other ? a.trial - b.trial : one - other;
  });
}

function jsonOf(dir: string, sweep: SweepRecord, trials: readonly TrialRecord[]): object {
  const { status, uuid, plan, best } = sweep;
  const { metric, mode, searcher, scheduler } = plan;
  return {
    ...{ dir, status, uuid, metric, mode, searcher, scheduler },
    best: best?.trial ?? null,
    trials: trials.map(({ course: _, ...trial }) => trial),
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
  const { metric, mode, searcher, scheduler } = plan;
  const shown = trials.slice(0, limit);
  terminal.print(printable(`${status}  ${mode} ${metric}  searcher ${searcher}  scheduler ${scheduler}`));
  const names = [...new Set(shown.flatMap(({ params }) => flat(params).map(([name]) => name)))];
  terminal.table(
    [
      ['trial', 'status', printable(metric), ...names.map(printable), 'host', 'slot', 'run'],
      ...shown.map((trial) => rowOf(trial, { names, isBest: trial.trial === best?.trial })),
    ],
    ['trial', printable(metric)],
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
  { trial, status, value, params, host = '', slot, run, error }: TrialRecord,
  { names, isBest }: { readonly names: readonly string[]; readonly isBest: boolean },
): Cell[] {
  const values = new Map(flat(params));
  const shown = value === null ? printable(error ?? '') : valueText(value);
  return [
    String(trial),
    status === 'failed' ? { text: status, style: 'red' } : status,
    isBest ? { text: shown, style: 'bold' } : shown,
    ...names.map((name) => printable(values.get(name) ?? '')),
    printable(host),
    slot === undefined ? '' : String(slot),
    printable(run),
  ];
}

/** Lists parameters by their path. */
function flat(params: unknown, path = ''): readonly (readonly [name: string, text: string])[] {
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    return [[path, typeof params === 'number' ? valueText(params) : String(params)]];
  return Object.entries(params).flatMap(([name, inner]) =>
    flat(inner, path === '' ? name : `${path}.${name}`),
  );
}
