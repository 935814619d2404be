// Early stopping is a pipe: training ends when the loss on unseen digits has not improved for three epochs.
//
//   npx tsx examples/early-stopping.ts      EXAMPLE_DIR=... puts its files elsewhere
import { ExperimentConfig, LoggingEngine, type MetricRow } from 'expman-rx';
import { best, plateau } from 'expman-rx/operators';
import { progress } from 'expman-rx/progress';
import { from, last, map, takeUntil, tap } from 'rxjs';
import { loadDigits } from './digits/load-digits.js';
import { Network } from './digits/network.js';
import { seededRandom } from './digits/random.js';
import { train, type Epoch } from './digits/train.js';
import { baseDir, shortPath } from './shared/show.js';

const random = seededRandom(3);
const { training, test } = loadDigits(random, 1500);
const run = new LoggingEngine(new ExperimentConfig('early_stopping', baseDir, { tags: ['example'] }));
const epochs$ = from(
  train({
    network: new Network(24, random),
    training: { ...training, count: 1000 },
    test,
    random,
    epochs: 60,
    batchSize: 16,
    peakLearningRate: 0.1,
    momentum: 0.9,
    onStep: () => undefined,
  }),
);
const toRow = ({ epoch, trainingLoss, testLoss, testAccuracy }: Epoch): MetricRow => ({
  step: epoch,
  values: { training_loss: trainingLoss, test_loss: testLoss, accuracy: testAccuracy },
});

progress(run, { total: 60, metrics: ['test_loss', 'accuracy'] });
const stop$ = run.metric('test_loss').pipe(
  plateau({ patience: 3, minDelta: 0.001 }),
  tap(({ best, waited }) => run.logger.info('no improvement', { since: best?.step ?? null, epochs: waited })),
);
run
  .metric('test_loss')
  .pipe(best('min'), last(null, null))
  .subscribe({
    next: (point) => console.log(`best test loss ${point?.value.toFixed(4)} in epoch ${point?.step}`),
    error: (error: unknown) => console.error(error),
  });
epochs$.pipe(map(toRow), takeUntil(stop$)).subscribe(run.metrics);

const { rows, status } = await run.closed;
console.log(`${status} after ${rows} of 60 epochs, logged to ${shortPath(run.runDir)}`);
