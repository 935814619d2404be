const STEP_NAMES: ReadonlySet<string> = new Set(['step', '_step', 'global_step']);
const TIME_NAMES: ReadonlySet<string> = new Set([
  'timestamp',
  '_timestamp',
  'wall_time',
  'wall time',
  'time',
]);

/** Which columns of a table are no metrics; `-1` where there is none. */
export interface Places {
  readonly step: number;
  readonly timestamp: number;
}

/** Finds step and timestamp among the columns of a table that anybody may have written. */
export function placesIn(columns: readonly string[]): Places {
  const find = (names: ReadonlySet<string>): number =>
    columns.findIndex((name) => names.has(name.trim().toLowerCase()));
  return { step: find(STEP_NAMES), timestamp: find(TIME_NAMES) };
}

/** Where they are in tables of ours. */
export const OUR_PLACES: Places = { step: 0, timestamp: 1 };
