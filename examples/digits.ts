// The main job: trains a small network on 8,500 real handwritten digits and logs all of it.
//
//   npm start                      EXAMPLE_EPOCHS=2 shortens it, EXAMPLE_DIR=... puts its files elsewhere
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine, RunStatus, type MetricRow } from 'expman-rx';
import { progress } from 'expman-rx/progress';
import { concat, defer, from, ignoreElements, map, tap } from 'rxjs';
import { loadDigits } from './digits/load-digits.js';
import { Network } from './digits/network.js';
import { seededRandom } from './digits/random.js';
import { stepsOf, train, type Epoch, type Training } from './digits/train.js';
import { baseDir, printFiles, printTable, query, shortPath } from './shared/show.js';

const SEED = 7;
const HIDDEN_UNITS = 128;

const random = seededRandom(SEED);
const { training, test } = loadDigits(random, 1500);
const network = new Network(HIDDEN_UNITS, random);

const run = new LoggingEngine(
  new ExperimentConfig('digits', baseDir, {
    tags: ['example', 'mnist', 'mlp'],
    notes: 'A network of one hidden layer, trained in plain TypeScript on real handwritten digits.',
  }),
);

const job: Training = {
  network,
  training,
  test,
  random,
  epochs: Number(process.env['EXAMPLE_EPOCHS'] ?? 12),
  batchSize: 16,
  peakLearningRate: 0.04,
  momentum: 0.9,
  // The plain way to log: a call in the loop. It costs about 100 ns and waits for nothing.
  onStep: (step, { loss }, { epoch, phase, learningRate }) => {
    run.logMetrics({ loss, learning_rate: learningRate, epoch: BigInt(epoch), phase }, step);
  },
};

run.logParams({
  seed: SEED,
  data: { source: 'mnist', training: training.count, test: test.count },
  model: { kind: 'mlp', hidden_units: HIDDEN_UNITS, parameters: network.parameterCount },
  optimizer: {
    name: 'sgd',
    peak_learning_rate: job.peakLearningRate,
    momentum: job.momentum,
    batch_size: job.batchSize,
  },
  epochs: job.epochs,
});
run.logger.info('training starts', { images: training.count, epochs: job.epochs });
console.log(
  `${training.count} images, ${network.parameterCount} parameters, logged to ${shortPath(run.runDir)}`,
);

progress(run, { total: stepsOf(job), metrics: ['loss', 'accuracy'] });

// The reactive way: the training is an Observable of epochs, and the run one of its observers. Its completion closes
// the run, after the model is saved; an error in it fails the run, after the rows before it are written.
const saveModel$ = defer(async () => run.saveArtifact('model.json', { json: network }));
concat(from(train(job)).pipe(tap(report), map(toRow)), saveModel$.pipe(ignoreElements())).subscribe(
  run.metrics,
);

const { status } = await run.closed;
if (status !== RunStatus.Finished) process.exitCode = 1;

printFiles(run.runDir);
console.log('\nWhat DuckDB reads in metrics.parquet:\n');
const perEpoch = `
  SELECT epoch, count(*) AS steps, format('{:.4f}', avg(loss)) AS loss, format('{:.4f}', max(accuracy)) AS accuracy,
         bool_or(improved) AS improved, format('{:.5f}', arg_max(learning_rate, step)) AS learning_rate,
         arg_max(phase, step) AS phase
  FROM read_parquet($1) GROUP BY epoch ORDER BY epoch`;
printTable(await query(perEpoch, join(run.runDir, 'metrics.parquet')));

function toRow({ step, testLoss, testAccuracy, improved }: Epoch): MetricRow {
  // The step of the epoch's last batch: what is logged for one step ends in one row of the file.
  return { step, values: { test_loss: testLoss, accuracy: testAccuracy, improved } };
}

function report({ epoch, trainingLoss, testAccuracy, improved }: Epoch): void {
  run.logger.info('epoch done', { epoch, trainingLoss, testAccuracy, improved });
  if (process.stdout.isTTY) return; // the progress bar has the line
  const [loss, accuracy] = [trainingLoss.toFixed(4), testAccuracy.toFixed(4)];
  console.log(
    `epoch ${String(epoch).padStart(2)}  loss ${loss}  accuracy ${accuracy}${improved ? '  best so far' : ''}`,
  );
}
