import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SearcherName } from 'expman-rx/sweep';
import { PROBLEMS, type Problem, regretsOf, type Regrets } from '../regret.js';
import type { BenchCase, Figure } from '../measure.js';

const SEEDS = 20;
const NAMES: readonly SearcherName[] = ['random', 'tpe', 'gp', 'cma-es', 'nsga2'];
const WIDTHS = [1, 8];
/** Optuna 5.0, its default sampler, one at a time, medians of 20 seeds after 60 and 150 trials. */
const OPTUNA: Readonly<Record<string, readonly [number, number]>> = {
  branin: [0.095, 0.0069],
  hartmann6: [0.248, 0.049],
  rosenbrock5: [395, 32],
  ackley10: [13.2, 9.0],
  mixed: [0.118, 0.079],
  noisy: [0.35, 0.288],
};

/** Our own figures are the same on every machine: everything random comes from the seeds. */
export default {
  title: `Searchers: median regret after 60 / 150 trials, over ${SEEDS} seeds`,
  run: (quick) => {
    const seeds = quick ? 1 : SEEDS;
    return Promise.resolve(
      PROBLEMS.flatMap((problem) => [...ours(problem, seeds), ...theirs(problem, seeds)]),
    );
  },
} satisfies BenchCase;

function ours(problem: Problem, seeds: number): Figure[] {
  return NAMES.filter((name) => name !== 'cma-es' || !problem.hasChoice).flatMap((name) =>
    WIDTHS.map((width) => ({
      what: `${problem.name}, ${name}, ${width} at a time`,
      figure: figureOf(regretsOf(name, problem, { seeds, width })),
      ...(name === 'tpe' && width === 1 && { bound: `Optuna ${OPTUNA[problem.name]?.join(' / ') ?? '?'}` }),
    })),
  );
}

/** The samplers of Optuna where Python has it: `EXPMAN_PYTHON`, or `python3`. */
function theirs({ name }: Problem, seeds: number): Figure[] {
  const script = fileURLToPath(new URL('../optuna.py', import.meta.url));
  try {
    const output = execFileSync(process.env['EXPMAN_PYTHON'] ?? 'python3', [script, name, String(seeds)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const found = JSON.parse(output) as Readonly<Record<string, Regrets>>;
    return Object.entries(found).map(([sampler, regrets]) => ({
      what: `${name}, Optuna's ${sampler}`,
      figure: figureOf(regrets),
    }));
  } catch {
    return [];
  }
}

const figureOf = ({ after60, after150 }: Regrets): string =>
  [after60, after150].map((regrets) => medianOf(regrets).toPrecision(3)).join(' / ');

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2;
}
