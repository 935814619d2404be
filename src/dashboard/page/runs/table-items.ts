import type { RunFactsAnswer } from '../../api.js';
import { type Column, columnTitle, valueOf } from '../facts/run-values.js';
import { distinctText } from '../facts/format.js';

/** A row of the table: a run by its index, or the heading of a group. */
export type Item =
  | { readonly kind: 'run'; readonly index: number }
  | {
      readonly kind: 'heading';
      readonly text: string;
      /** The number of runs under it; null until all of them are read. */
      readonly runs: number | null;
    };

/** The rows of the table by their place. */
export interface Items {
  readonly count: number;
  readonly at: (place: number) => Item;
  /** The index of the run at a place, or of the next one after a heading. */
  readonly indexAt: (place: number) => number;
}

interface Runs {
  readonly total: number;
  readonly at: (index: number) => RunFactsAnswer | undefined;
}

/**
 * Makes the rows of a table of runs, with a heading wherever the value they are grouped by changes.
 */
export function itemsOf(runs: Runs, group: Column | null): Items {
  if (group === null)
    return {
      count: runs.total,
      at: (index) => ({ kind: 'run', index }),
      indexAt: (place) => Math.max(0, place),
    };
  const items = grouped(runs, group);
  return {
    count: items.length,
    at: (place) => items[place]!,
    indexAt: (place) => {
      const item = items.slice(Math.max(0, place)).find(({ kind }) => kind === 'run');
      return item?.kind === 'run' ? item.index : Math.max(0, runs.total - 1);
    },
  };
}

function grouped(runs: Runs, group: Column): Item[] {
  const items: Item[] = [];
  let [text, size, heading, isWhole] = ['', 0, -1, true];
  const end = (): void => {
    if (heading >= 0) items[heading] = { kind: 'heading', text, runs: isWhole ? size : null };
  };
  for (let index = 0; index < runs.total; index++) {
    const facts = runs.at(index);
    // A run that is not read yet has no heading yet.
    isWhole &&= facts !== undefined;
    const next = facts === undefined ? text : headingText(facts, group);
    if (next !== text) {
      end();
      [text, size, heading, isWhole] = [next, 0, items.length, facts !== undefined];
      items.push({ kind: 'heading', text, runs: null });
    }
    size++;
    items.push({ kind: 'run', index });
  }
  end();
  return items;
}

function headingText(facts: RunFactsAnswer, group: Column): string {
  const value = valueOf(facts, group);
  return value === undefined || value === null
    ? `without ${columnTitle(group)}`
    : `${columnTitle(group)} = ${distinctText(value)}`;
}
