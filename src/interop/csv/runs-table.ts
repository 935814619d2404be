import { bareObject } from '../../model/param-value.js';
import type { Params, ParamValue } from '../../model/params.js';
import { RunStatus } from '../../model/run-status.js';
import { asyncOf } from '../exchange/async-of.js';
import { exactNumberOf } from '../exchange/exact-number.js';
import type { ExchangeRun } from '../exchange/exchange-run.js';
import type { Findings } from '../exchange/findings.js';
import { isoOf } from '../exchange/instants.js';
import { isMissing } from '../exchange/missing-words.js';
import { summaryOf } from '../exchange/summary-json.js';
import type { RunColumns } from '../source/places.js';
import { unknownRun } from '../source/unknown-run.js';
import { TRUTH } from './cells.js';
import { type DecimalMark, numberOfCell } from './column-survey.js';
import type { RecordOptions } from './csv-records.js';
import { piecesOf } from './header-pieces.js';

const STATES: ReadonlyMap<string, RunStatus> = new Map([
  ['running', RunStatus.Running],
  ['finished', RunStatus.Finished],
  ['complete', RunStatus.Finished],
  ['failed', RunStatus.Failed],
  ['fail', RunStatus.Failed],
  ['crashed', RunStatus.Crashed],
  ['killed', RunStatus.Interrupted],
  ['pruned', RunStatus.Finished],
]);

/** The columns of a table with one row a run that are facts and no parameters, in lower case. */
interface FactColumns {
  readonly name: number;
  readonly facts: ReadonlyMap<string, number>;
}

/** A cell by the name of its column; null if it is missing. */
type CellOf = (name: string) => string | null;

/** W&B's table of runs, as it is downloaded. */
const WANDB = ['name', 'state', 'notes', 'user', 'tags', 'created', 'runtime', 'sweep'];
/** Optuna's `study.trials_dataframe()`. */
const OPTUNA = ['number', 'state', 'datetime_start', 'datetime_complete', 'duration'];

/**
 * Tells if a table has one row a run: W&B's table of runs, Optuna's table of trials, or one with a
 * column of runs, all of which are different, and without steps.
 */
export async function factColumnsOf(
  path: string,
  records: RecordOptions,
  {
    names,
    step,
    runs,
  }: { readonly names: readonly string[]; readonly step: number; readonly runs: RunColumns | null },
): Promise<FactColumns | null> {
  const plain = names.map((name) => name.toLowerCase());
  const factsOf = (known: readonly string[]): Map<string, number> =>
    new Map(known.flatMap((name) => (plain.includes(name) ? [[name, plain.indexOf(name)] as const] : [])));
  if (runs === null && plain.includes('name') && plain.includes('state'))
    return { name: plain.indexOf('name'), facts: factsOf(WANDB) };
  if (plain.includes('number') && plain.includes('state') && plain.some((name) => name.startsWith('params_')))
    return { name: plain.indexOf('number'), facts: factsOf(OPTUNA) };
  if (runs === null || step >= 0) return null;
  const seen = new Set<string>();
  for await (const { cells } of piecesOf(path, records)) {
    const cell = (cells[runs.id] ?? '').trim();
    if (isMissing(cell) || seen.has(cell)) return null;
    seen.add(cell);
  }
  return seen.size === 0 ? null : { name: runs.name, facts: new Map([['name', runs.id]]) };
}

/**
 * Yields the runs of such a table. It does not say what is a parameter and what a result, so all
 * are parameters, and numbers are values of the run as a whole as well.
 */
export async function* runsOfFacts(
  path: string,
  records: RecordOptions,
  { name, facts }: FactColumns,
  { names, mark }: { readonly names: readonly string[]; readonly mark: DecimalMark },
): AsyncGenerator<ExchangeRun, void> {
  const { findings } = records;
  const isOfTrials = facts.has('number');
  tell(findings, isOfTrials);
  const left = new Set([...facts.values(), name]);
  for await (const { cells } of piecesOf(path, records)) {
    const at = (place: number): string | null => {
      const cell = (cells[place] ?? '').trim();
      return isMissing(cell) ? null : cell;
    };
    const cellOf: CellOf = (fact) => at(facts.get(fact) ?? -1);
    const values = names.flatMap((column, place): [string, string][] => {
      const cell = left.has(place) || column === '' ? null : at(place);
      return cell === null ? [] : [[column, cell]];
    });
    const isParam = ([column]: readonly [string, string]): boolean =>
      !isOfTrials || column.startsWith('params_');
    const isFigure = (entry: readonly [string, string]): boolean => !isOfTrials || !isParam(entry);
    const figures = values.filter(isFigure).flatMap(([column, cell]): [string, number][] => {
      const number = numberOfCell(cell, mark);
      return number === undefined ? [] : [[column, number]];
    });
    const params = values
      .filter(isParam)
      .map(
        ([column, cell]) => [column.replace(/^params_/, isOfTrials ? '' : 'params_'), paramOf(cell)] as const,
      );
    const title = at(name) ?? '';
    yield {
      ...unknownRun(path),
      run: isOfTrials ? `trial-${title}` : title,
      ...factsOf(cellOf),
      params: bareObject(params) satisfies Params,
      ...summaryOf({ summary: bareObject(figures) }),
      fields: [],
      rows: () => asyncOf([]),
      findings: () => findings.all,
    };
  }
}

function tell(findings: Findings, isOfTrials: boolean): void {
  findings.add(
    'guessed',
    isOfTrials
      ? 'the table is of trials of Optuna: each row is a run'
      : 'each row is a run; its cells are parameters, and numbers are summary values as well',
  );
}

function factsOf(
  cellOf: CellOf,
): Pick<ExchangeRun, 'status' | 'startedAt' | 'endedAt' | 'tags' | 'notes' | 'group' | 'source'> & object {
  const startedAt = isoOf(cellOf('created') ?? cellOf('datetime_start'));
  const runtime = Number(cellOf('runtime') ?? NaN);
  const endedAt =
    startedAt !== null && runtime >= 0 && runtime < 1e9
      ? new Date(Date.parse(startedAt) + runtime * 1000).toISOString()
      : isoOf(cellOf('datetime_complete'));
  const user = cellOf('user');
  const state = cellOf('state')?.toLowerCase();
  const tags = (cellOf('tags') ?? '').split(/\s*,\s*/).filter((tag) => tag !== '');
  return {
    status: STATES.get(state ?? 'finished') ?? RunStatus.Finished,
    startedAt,
    endedAt,
    tags: state === 'pruned' ? [...tags, 'pruned'] : tags,
    notes: cellOf('notes') ?? '',
    group: cellOf('sweep'),
    ...(user !== null && { source: { user } }),
  };
}

function paramOf(cell: string): ParamValue {
  if (TRUTH.test(cell)) return cell.toLowerCase() === 'true';
  return exactNumberOf(cell) ?? cell;
}
