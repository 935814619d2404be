import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hyperband } from '../../../src/sweep/schedulers/hyperband.js';
import { medianStopping } from '../../../src/sweep/schedulers/median-stopping.js';
import { type Scheduler, noScheduler } from '../../../src/sweep/schedulers/scheduler.js';
import { successiveHalving } from '../../../src/sweep/schedulers/successive-halving.js';
import { randomStream } from '../../../src/pure/random-stream.js';
import { hasOptuna, python } from '../../support/python.js';
import { guard } from '../guard.js';
import { type BenchCase, type Figure, inTempFolder } from '../measure.js';

const TRIALS = 60;
const EPOCHS = 27;
const SEEDS = 20;

/** The losses of each trial by epoch. */
type Curves = readonly (readonly number[])[];

/** What a family of curves is about: the rate of learning for a final loss, and the noise. */
const FAMILIES: Readonly<Record<string, { rate: (final: number) => number; noise: number }>> = {
  plain: { rate: () => 0.3, noise: 0.01 },
  noisy: { rate: () => 0.3, noise: 0.1 },
  // The better a trial ends, the slower it begins.
  crossing: { rate: (final) => 0.08 + 0.5 * final, noise: 0.01 },
};

const SCHEDULERS: Readonly<Record<string, () => Scheduler>> = {
  none: () => noScheduler,
  asha: () => successiveHalving(),
  hyperband: () => hyperband({ maxResource: EPOCHS }),
  median: () => medianStopping(),
};

const PRUNERS: Readonly<Record<string, string>> = {
  'Optuna SuccessiveHalvingPruner': 'SuccessiveHalvingPruner()',
  'Optuna HyperbandPruner': `HyperbandPruner(min_resource=1, max_resource=${EPOCHS}, reduction_factor=3)`,
  'Optuna MedianPruner': 'MedianPruner()',
};

/** What was spent on a sweep, and what it found. */
interface Outcome {
  readonly epochs: number;
  /** The final loss of the best trial that ran to its end. */
  readonly best: number;
}

function curvesOf(family: string, seed: number): Curves {
  const { rate, noise } = FAMILIES[family]!;
  const random = randomStream(seed);
  return Array.from({ length: TRIALS }, () => {
    const final = random();
    return Array.from(
      { length: EPOCHS },
      (_, at) => final + (2 - final) * Math.exp(-rate(final) * (at + 1)) + noise * (random() - 0.5),
    );
  });
}

/** Runs the trials one after the other. */
function simulate(scheduler: Scheduler, curves: Curves): Outcome {
  let [epochs, best] = [0, Infinity];
  for (const [trial, losses] of curves.entries()) {
    const isStopped = losses.some((loss, at) => {
      epochs++;
      return scheduler.stops({ trial, resource: at + 1, loss, value: loss });
    });
    if (!isStopped) best = Math.min(best, losses.at(-1) ?? Infinity);
  }
  return { epochs, best };
}

/** The same in Optuna, over the same curves. */
const OPTUNA = `
import json, sys, optuna
from optuna.pruners import *
optuna.logging.set_verbosity(optuna.logging.ERROR)
pruner, path = sys.argv[1:]
out = []
for curves in json.load(open(path)):
    study = optuna.create_study(pruner=eval(pruner), sampler=optuna.samplers.RandomSampler(seed=0))
    epochs, best = 0, float('inf')
    for losses in curves:
        trial = study.ask()
        for epoch, loss in enumerate(losses):
            epochs += 1
            trial.report(loss, epoch + 1)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, losses[-1])
            best = min(best, losses[-1])
    out.append({'epochs': epochs, 'best': best})
print(json.dumps(out))
`;

function figureOf(what: string, all: readonly Curves[], outcomes: readonly Outcome[]): Figure {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const spent = mean(outcomes.map(({ epochs }) => epochs / (TRIALS * EPOCHS)));
  const lost = outcomes.map(
    ({ best }, at) => best - Math.min(...(all[at] ?? []).map((losses) => losses.at(-1) ?? Infinity)),
  );
  return {
    what,
    figure: `${(100 * spent).toFixed(0)} % of the epochs, ${mean(lost).toFixed(3)} above the best`,
    guards: guard(what, mean(lost)),
  };
}

/** The same figures on every machine: everything random comes from the seeds. */
export default {
  title: `Pruning: ${TRIALS} simulated learning curves of ${EPOCHS} epochs, mean over ${SEEDS} seeds`,
  run: (quick) =>
    inTempFolder(async (folder) => {
      const figures: Figure[] = [];
      const isThere = hasOptuna();
      for (const family of Object.keys(FAMILIES)) {
        const all = Array.from({ length: quick ? 2 : SEEDS }, (_, seed) => curvesOf(family, seed));
        for (const [name, make] of Object.entries(SCHEDULERS))
          figures.push(
            figureOf(
              `${family}, ${name}`,
              all,
              all.map((curves) => simulate(make(), curves)),
            ),
          );
        if (!isThere) continue;
        const path = join(folder, `${family}.json`);
        writeFileSync(path, JSON.stringify(all));
        for (const [name, pruner] of Object.entries(PRUNERS))
          figures.push(figureOf(`${family}, ${name}`, all, python(OPTUNA, [pruner, path]) as Outcome[]));
      }
      return Promise.resolve(figures);
    }),
} satisfies BenchCase;
