// A sweep of 24 trials on real handwritten digits, with early stopping and without: what it saves, and what it costs.
//
//   npx tsx examples/sweep.ts      EXAMPLE_TRIALS=6 shortens it, EXAMPLE_DIR=... puts its files elsewhere
import { setImmediate as turn } from 'node:timers/promises';
import { EMPTY, last, map, mergeMap, type Observable } from 'rxjs';
import type { MetricPoint } from 'expman-rx';
import { progress } from 'expman-rx/progress';
import { choice, logUniform, randint, sweep, uniform, type ParamsOf, type Trial } from 'expman-rx/sweep';
import { loadDigits } from './digits/load-digits.js';
import { Network } from './digits/network.js';
import { indices, seededRandom, shuffle } from './digits/random.js';
import { baseDir, printTable, shortPath } from './shared/show.js';

const EPOCHS = 12;
const IMAGES = 2_000;
const SEED = 7;
const { training, test } = loadDigits(seededRandom(SEED), 1500);

const space = {
  learning_rate: logUniform(1e-4, 1),
  momentum: uniform(0, 0.95),
  hidden_units: choice(8, 16, 32),
  batch_size: choice(16, 32),
  seed: randint(0, 9),
};

/** Trains a network; knows nothing of the sweep but the signal that ends it. */
async function train({ params, run, signal }: Trial<ParamsOf<typeof space>>): Promise<void> {
  const random = seededRandom(params.seed);
  const network = new Network(params.hidden_units, random);
  const order = indices(training.count).subarray(0, IMAGES);
  let gradientSteps = 0;
  for (let epoch = 0; epoch < EPOCHS && !signal.aborted; epoch++) {
    shuffle(order, random);
    for (let start = 0; start < IMAGES; start += params.batch_size, gradientSteps++) {
      const batch = order.subarray(start, start + params.batch_size);
      network.learn(training, batch, { learningRate: params.learning_rate, momentum: params.momentum });
    }
    const { loss, accuracy } = network.evaluate(test);
    run.logMetrics({ loss, accuracy, gradient_steps: gradientSteps }, epoch);
    await turn();
  }
}

const lastOf = (points$: Observable<MetricPoint>): Observable<number> =>
  points$.pipe(
    last(null, null),
    map((point) => point?.value ?? 0),
  );

/** A row of the table, and what it cost. */
interface Searched {
  readonly row: Record<string, string>;
  readonly gradientSteps: number;
}

async function search(name: string, scheduler: 'none' | 'asha'): Promise<Searched> {
  const study = sweep(space, train, {
    name,
    baseDir,
    metric: 'accuracy',
    mode: 'max',
    value: 'best',
    trials: Number(process.env['EXAMPLE_TRIALS'] ?? 24),
    concurrency: 4,
    seed: SEED,
    scheduler: scheduler === 'asha' ? { name: 'asha', reductionFactor: 4 } : 'none',
    // The same trials each time the example is run.
    resume: 'never',
    run: { environment: false },
  });
  const bars = progress([], { total: EPOCHS, metrics: ['accuracy'] });
  let epochs = 0;
  let gradientSteps = 0;
  const steps$ = study.events$.pipe(
    mergeMap((event) =>
      event.kind === 'started' ? lastOf(event.trial.run.metric('gradient_steps')) : EMPTY,
    ),
  );
  steps$.subscribe({
    next: (steps) => (gradientSteps += steps),
    error: (error: unknown) => console.error(error),
  });
  study.events$.subscribe({
    next: (event) => {
      if (event.kind === 'started') bars.add(event.trial.run);
      if (event.kind === 'reported') epochs++;
      if (event.kind === 'failed') console.error(`trial ${event.trial.number} failed: ${event.trial.error}`);
    },
    error: (error: unknown) => console.error(error),
  });
  const { best, trials } = await study.result;
  const row = {
    'early stopping': scheduler,
    trials: String(trials.length),
    'stopped early': String(trials.filter(({ status }) => status === 'stopped').length),
    epochs: String(epochs),
    'gradient steps': String(gradientSteps),
    'best accuracy': best.value.toFixed(4),
    'of trial': String(best.number),
    'learning rate': best.params.learning_rate.toExponential(1),
    'hidden units': String(best.params.hidden_units),
  };
  return { row, gradientSteps };
}

const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
const [all, asha] = [
  await search(`digits_all_${stamp}`, 'none'),
  await search(`digits_asha_${stamp}`, 'asha'),
];
console.log(`\nsweep.yaml and the runs are in ${shortPath(baseDir)}\n`);
printTable([all.row, asha.row]);
const saved = all.gradientSteps - asha.gradientSteps;
console.log(
  `\nearly stopping saved ${saved} of ${all.gradientSteps} gradient steps (${((100 * saved) / all.gradientSteps).toFixed(0)} %), for a best accuracy of ${asha.row['best accuracy']} against ${all.row['best accuracy']}`,
);
