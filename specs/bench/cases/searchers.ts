import { readFileSync } from 'node:fs';
import type { SearcherName } from 'expman-rx/sweep';
import { mannWhitney } from '../mann-whitney.js';
import { hasOptuna, python } from '../../support/python.js';
import { guard } from '../guard.js';
import type { BenchCase, Figure } from '../measure.js';
import { PROBLEMS, type Problem, regretsOf, type Regrets } from '../regret.js';

const SEEDS = 20;
const OTHERS: readonly SearcherName[] = ['random', 'gp', 'cma-es', 'nsga2'];
const OPTUNA = readFileSync(new URL('../optuna-regret.py', import.meta.url), 'utf8');
const BUDGETS = ['after60', 'after150'] as const;

/** At most this many times the other's median is as good, unless a rank test says that it is chance. */
const LEVEL = 1.1;
const SIGNIFICANT = 0.05;
const MOST = 1.5;

/** The regrets of `tpe` on one function, beside what it is compared with. */
interface Compared {
  readonly problem: Problem;
  readonly single: Regrets;
  /** A ninth trial begins when one of eight has ended. */
  readonly eight: Regrets;
  /** The next eight trials begin when all eight have ended. */
  readonly batches: Regrets;
  /** Optuna's samplers by name; empty where Python has no Optuna. */
  readonly optuna: Readonly<Record<string, Regrets>>;
}

/** Our own figures are the same on every machine: everything random comes from the seeds. */
export default {
  title: `Searchers: median regret after 60 / 150 trials, over ${SEEDS} seeds`,
  run: (quick) => {
    const seeds = quick ? 1 : SEEDS;
    const compared = PROBLEMS.map((problem) => ({
      problem,
      single: regretsOf('tpe', problem, seeds, { width: 1 }),
      eight: regretsOf('tpe', problem, seeds, { width: 8 }),
      batches: regretsOf('tpe', problem, seeds, { width: 8, inBatches: true }),
      optuna: optunaOn(problem, seeds),
    }));
    return Promise.resolve([
      ...compared.flatMap((each) => [...linesOf(each), ...others(each.problem, seeds)]),
      ...conclusions(compared),
    ]);
  },
} satisfies BenchCase;

function linesOf({ problem: { name }, single, eight, batches, optuna }: Compared): Figure[] {
  const against = optuna['default'];
  return [
    {
      what: `${name}, tpe`,
      figure: figureOf(single),
      guards: BUDGETS.flatMap((budget) => guard(`${name} ${budget}`, medianOf(single[budget]))),
      ...(against !== undefined && {
        bound: `Optuna's default: ${BUDGETS.map((budget) => ratioText(single, against, budget)).join(' / ')}`,
      }),
    },
    ...Object.entries({ '8 at a time': eight, 'in batches of 8': batches }).map(([pace, regrets]) => ({
      what: `${name}, tpe, ${pace}`,
      figure: figureOf(regrets),
      bound: `one at a time: ${BUDGETS.map((budget) => ratioText(regrets, single, budget)).join(' / ')}`,
      guards: BUDGETS.flatMap((budget) => guard(`${name} ${pace} ${budget}`, medianOf(regrets[budget]))),
    })),
    ...Object.entries(optuna).map(([sampler, regrets]) => ({
      what: `${name}, Optuna's ${sampler}`,
      figure: figureOf(regrets),
    })),
  ];
}

const others = (problem: Problem, seeds: number): Figure[] =>
  OTHERS.filter((name) => name !== 'cma-es' || !problem.hasChoice).map((name) => ({
    what: `${problem.name}, ${name}`,
    figure: figureOf(regretsOf(name, problem, seeds, { width: 1 })),
  }));

/** On how many functions we are level, and the worst of all. */
function conclusions(compared: readonly Compared[]): Figure[] {
  const withOptuna = compared.flatMap(({ single, optuna: { default: theirs } }) =>
    theirs === undefined ? [] : [{ single, theirs }],
  );
  const worst = (ratios: readonly number[]): string => `${Math.max(...ratios).toFixed(2)} x at most`;
  return [
    ...(withOptuna.length === 0
      ? []
      : [
          {
            what: `tpe level with Optuna's default: at most ${LEVEL} x, or chance (p ≥ ${SIGNIFICANT})`,
            figure: BUDGETS.map(
              (budget) =>
                `${withOptuna.filter(({ single, theirs }) => isLevel(single, theirs, budget)).length} of ${withOptuna.length}`,
            ).join(' / '),
            bound: '≥ 4 of 6',
          },
          {
            what: "tpe against Optuna's default",
            figure: BUDGETS.map((budget) =>
              worst(withOptuna.map(({ single, theirs }) => ratioOf(single, theirs, budget))),
            ).join(' / '),
            bound: `≤ ${MOST} x`,
          },
        ]),
    ...(['eight', 'batches'] as const).map((pace) => ({
      what: `tpe, ${pace === 'eight' ? 'eight at a time' : 'in batches of eight'}, against one at a time`,
      figure: BUDGETS.map((budget) =>
        worst(compared.map(({ [pace]: many, single }) => ratioOf(many, single, budget))),
      ).join(' / '),
      bound: `≤ ${MOST} x`,
    })),
  ];
}

type Budget = (typeof BUDGETS)[number];

const ratioOf = (ours: Regrets, theirs: Regrets, budget: Budget): number =>
  medianOf(ours[budget]) / medianOf(theirs[budget]);

const isLevel = (ours: Regrets, theirs: Regrets, budget: Budget): boolean =>
  ratioOf(ours, theirs, budget) <= LEVEL || mannWhitney(ours[budget], theirs[budget]) >= SIGNIFICANT;

const ratioText = (ours: Regrets, theirs: Regrets, budget: Budget): string =>
  `${ratioOf(ours, theirs, budget).toFixed(2)} x (p ${mannWhitney(ours[budget], theirs[budget]).toFixed(2)})`;

/** The samplers of Optuna, where Python has it. */
function optunaOn({ name }: Problem, seeds: number): Readonly<Record<string, Regrets>> {
  if (!hasOptuna()) return {};
  return python(OPTUNA, [name, String(seeds)]) as Readonly<Record<string, Regrets>>;
}

const figureOf = (regrets: Regrets): string =>
  BUDGETS.map((budget) => medianOf(regrets[budget]).toPrecision(3)).join(' / ');

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2;
}
