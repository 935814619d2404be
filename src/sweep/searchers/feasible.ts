import { invalidOption } from '../../model/option-rules.js';
import type { Assignment } from '../space/space-tree.js';
import type { IsFeasible } from './assignment-searcher.js';

/**
 * The number of draws in a row, none of them feasible, after which a search gives up.
 *
 * @bound refuses: INVALID_OPTION
 */
const MOST_REFUSED = 10_000;

/**
 * Leaves out of a sequence what is not feasible: trial 7 is the eighth that is.
 *
 * @param at - the sequence; null after its end
 * @param isEndless - false if the sequence ends by itself, and may be gone through
 * @throws ExpmanError `INVALID_OPTION` if an endless sequence has nothing feasible in 10,000 places
 */
export function feasibleOf(
  at: (index: number) => Assignment | null,
  isFeasible: IsFeasible,
  isEndless = true,
): (trial: number) => Assignment | null {
  const places: number[] = [];
  let next = 0;
  return (trial) => {
    let refused = 0;
    while (places.length <= trial) {
      const found = at(next);
      if (found === null) return null;
      if (isFeasible(found)) {
        places.push(next);
        refused = 0;
      } else if (++refused >= MOST_REFUSED && isEndless)
        throw invalidOption(
          'feasible',
          `true for one in ${MOST_REFUSED} trials of the space at least`,
          'none',
        );
      next += 1;
    }
    return at(places[trial]!);
  };
}
