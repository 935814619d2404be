import type { SearcherName } from 'expman-rx/sweep';
import { branin, hartmann6, medianRegret, SEEDS, TRIALS } from '../../sweep/functions.js';
import type { BenchCase } from '../measure.js';

const NAMES: readonly SearcherName[] = ['random', 'quasi-random', 'tpe'];

/** The same figures on every machine: everything random comes from the seeds. */
export default {
  title: `Searchers: median regret after ${TRIALS} trials, over ${SEEDS} seeds`,
  run: (quick) =>
    Promise.resolve(
      [branin, hartmann6].flatMap((testFunction) => {
        const regrets = new Map(
          NAMES.map((name) => [name, medianRegret(name, testFunction, quick ? 2 : SEEDS)]),
        );
        return NAMES.map((name) => ({
          what: `${testFunction.title}, ${name}`,
          figure: (regrets.get(name) ?? NaN).toFixed(3),
          ...(name === 'tpe' ? { bound: `< ${(regrets.get('random') ?? NaN).toFixed(3)}, random's` } : {}),
        }));
      }),
    ),
} satisfies BenchCase;
