const STEP_NAMES: ReadonlySet<string> = new Set(['step', '_step', 'global_step']);
const TIME_NAMES: ReadonlySet<string> = new Set([
  'timestamp',
  '_timestamp',
  'wall_time',
  'wall time',
  'time',
]);

/** The columns of a table that are not metrics; `-1` if there is none. */
export interface Places {
  readonly step: number;
  readonly timestamp: number;
}

/** Finds step and timestamp among the columns of a table from any writer. */
export function placesIn(columns: readonly string[]): Places {
  const find = (names: ReadonlySet<string>): number =>
    columns.findIndex((name) => names.has(name.trim().toLowerCase()));
  return { step: find(STEP_NAMES), timestamp: find(TIME_NAMES) };
}

/** The columns of step and timestamp in our own tables. */
export const OUR_PLACES: Places = { step: 0, timestamp: 1 };
