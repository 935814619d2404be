// Summary values and definitions of a fault run; shared by the process that logs them and the one that checks them.
import { hash } from './rows.mjs';

/** So many names hold what they were set to at earlier marks, each its own. */
const KEPT = 32;

/**
 * Where summary values and definitions go.
 *
 * @typedef {{
 *   values: (values: Record<string, number | bigint | boolean | string>, options?: { headline: boolean }) => void;
 *   define: (pattern: string, definition: { x: string; goal: 'min' | 'max' }) => void;
 * }} SummaryDoor
 */

/**
 * Logs three facts, in this order: a definition, values, and a value that is a headline at every other mark.
 *
 * A mark is a step that is a multiple of `every`; it is logged right before the row of that step.
 *
 * @param {SummaryDoor} door
 * @param {number} mark
 * @param {number} every
 */
export function logSummary(door, mark, every) {
  const turn = mark / every;
  door.define('mark/*', definitionAt(mark));
  door.values({ ...valuesAt(mark), [`kept${turn % KEPT}`]: mark });
  door.values({ flip: mark }, { headline: turn % 2 === 0 });
}

/** @param {number} mark @returns {{ x: string; goal: 'min' | 'max' }} */
export const definitionAt = (mark) => ({ x: `at/${mark}`, goal: hash(1, mark) % 2 === 0 ? 'min' : 'max' });

/** @param {number} mark */
export const valuesAt = (mark) => ({
  mark,
  number: hash(2, mark) % 7 === 0 ? NaN : hash(2, mark) / 7,
  text: `at "${mark}"\n`,
  big: (1n << 60n) + BigInt(mark),
  flag: hash(3, mark) % 2 === 0,
});

/**
 * The values that a mark and those before it have left.
 *
 * @param {number} mark
 * @param {number} every
 */
export function keptAt(mark, every) {
  const turn = mark / every;
  /** @type {Record<string, number>} */
  const kept = {};
  for (let at = Math.max(0, turn - KEPT + 1); at <= turn; at++) kept[`kept${at % KEPT}`] = at * every;
  return kept;
}
