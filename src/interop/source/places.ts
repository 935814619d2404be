import { invalidOption } from '../../model/option-rules.js';
import { quoted } from '../../model/printable.js';
import { NO_HINTS, type TableHints } from '../exchange/exchange-run.js';

const STEP_NAMES: ReadonlySet<string> = new Set(['step', '_step', 'global_step']);
const TIME_NAMES: ReadonlySet<string> = new Set([
  'timestamp',
  '_timestamp',
  'wall_time',
  'wall time',
  'time',
]);
/** The columns that tell to which run a row belongs, the surest first. */
const RUN_NAMES = ['run_id', 'run_name', 'run', 'runname'];
/** What trackio has beside them in each row of its tables. */
const ROW_NAMES: ReadonlySet<string> = new Set(['id', 'log_id', 'space_id']);

/** The columns of a table that are not metrics; `-1` if there is none. */
export interface Places {
  readonly step: number;
  readonly timestamp: number;
}

/** The columns of a table of several runs. */
export interface RunColumns {
  /** The column whose values are different for different runs. */
  readonly id: number;
  /** The column of names; may be the same. */
  readonly name: number;
  /** Columns that count rows, and are no metrics. */
  readonly ignored: readonly number[];
}

/**
 * Finds step and timestamp among the columns of a table from any writer, as far as its user has not
 * named them.
 *
 * @throws ExpmanError `INVALID_OPTION` for the name of a column that there is not
 */
export function placesIn(columns: readonly string[], options: TableHints = NO_HINTS): Places {
  const find = (names: ReadonlySet<string>): number =>
    columns.findIndex((name) => names.has(name.trim().toLowerCase()));
  const { stepColumn, timeColumn } = options;
  const timestamp = timeColumn === undefined ? find(TIME_NAMES) : named('timeColumn', timeColumn, columns);
  const step = stepColumn === undefined ? find(STEP_NAMES) : named('stepColumn', stepColumn, columns);
  return { step, timestamp };
}

/**
 * Finds the columns that tell several runs apart; null if there are none.
 *
 * @throws ExpmanError `INVALID_OPTION` for the name of a column that there is not
 */
export function runColumnsIn(
  columns: readonly string[],
  { runColumn }: TableHints = NO_HINTS,
): RunColumns | null {
  if (runColumn !== undefined) {
    const at = named('runColumn', runColumn, columns);
    return { id: at, name: at, ignored: [] };
  }
  const plain = columns.map((name) => name.trim().toLowerCase());
  const found = RUN_NAMES.map((name) => plain.indexOf(name)).filter((at) => at >= 0);
  const [id] = found;
  if (id === undefined) return null;
  const name = found.find((at) => plain[at] !== 'run_id') ?? id;
  const isTrackio = plain.includes('run_id') && plain.includes('run_name') && plain.includes('log_id');
  const ignored = isTrackio ? [...plain.keys()].filter((at) => ROW_NAMES.has(plain[at] ?? '')) : [];
  return { id, name, ignored };
}

function named(option: string, name: string, columns: readonly string[]): number {
  const exact = columns.indexOf(name);
  const at = exact >= 0 ? exact : columns.findIndex((column) => column.trim() === name.trim());
  if (at >= 0) return at;
  // @bound loses nothing: an error names some of the columns
  const known = columns.slice(0, 20).map((column) => quoted(column, 40));
  throw invalidOption(option, `a column of the table: ${known.join(', ')}`, name);
}

/** The columns of step and timestamp in our own tables. */
export const OUR_PLACES: Places = { step: 0, timestamp: 1 };
