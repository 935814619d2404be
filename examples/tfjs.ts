// TensorFlow.js on real handwritten digits: `model.fit` logs into a run, and a pipe over the run's metric stops it.
//
//   npx tsx examples/tfjs.ts      EXAMPLE_DIR=... puts its files elsewhere
import '@tensorflow/tfjs-backend-cpu';
import { oneHot, setBackend, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { plateau } from 'expman-rx/operators';
import { progress } from 'expman-rx/progress';
import { fitCallbacks } from 'expman-rx/tfjs';
import { loadDigits, PIXELS, type Digits } from './digits/load-digits.js';
import { seededRandom } from './digits/random.js';
import { baseDir, shortPath } from './shared/show.js';

const EPOCHS = 30;
const IMAGES = 1200;
await setBackend('cpu');

const { training, test } = loadDigits(seededRandom(5), 400);
const tensorsOf = ({ pixels, labels }: Digits, count: number) => ({
  x: tensor2d(pixels.subarray(0, count * PIXELS), [count, PIXELS]),
  y: oneHot(tensor1d(labels.subarray(0, count), 'int32'), 10),
});
const { x, y } = tensorsOf(training, IMAGES);
const unseen = tensorsOf(test, test.count);

const model = sequential({
  layers: [
    layers.dense({ units: 24, activation: 'relu', inputShape: [PIXELS] }),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
});
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });

await using run = new LoggingEngine(new ExperimentConfig('tfjs', baseDir, { tags: ['example'] }));
run.logParams({ optimizer: 'adam', hidden_units: 24, parameters: model.countParams(), images: IMAGES });
progress(run, { total: EPOCHS, metrics: ['val_loss', 'val_acc'] });
run
  .metric('val_loss')
  .pipe(plateau({ patience: 2, minDelta: 0.02 }))
  .subscribe({
    next: ({ best }) => {
      run.logger.info('no improvement', { since: best?.step ?? null });
      model.stopTraining = true;
    },
    error: (error: unknown) => console.error(error),
  });

const { epoch } = await model.fit(x, y, {
  epochs: EPOCHS,
  batchSize: 64,
  validationData: [unseen.x, unseen.y],
  callbacks: fitCallbacks(run),
});
const { metrics } = await run.close();
console.log(
  `stopped after ${epoch.length} of ${EPOCHS} epochs, accuracy on unseen digits ${Number(metrics.get('val_acc')?.last).toFixed(3)}, logged to ${shortPath(run.runDir)}`,
);
