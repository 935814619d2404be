// Cross-validation in RxJS: one run for each fold, what they have in common as a group, and the weights of the best epoch kept.
//
//   npx tsx examples/cross-validation.ts      EXAMPLE_FOLDS=3 shortens it, EXAMPLE_DIR=... puts its files elsewhere
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openExperiments } from 'expman-rx/reader';
import { concatMap, from, lastValueFrom, map, mergeMap, range, tap, toArray } from 'rxjs';
import { PIXELS, loadDigits, type Digits } from './digits/load-digits.js';
import { Network } from './digits/network.js';
import { indices, seededRandom } from './digits/random.js';
import { train, type Epoch } from './digits/train.js';
import { baseDir, printTable } from './shared/show.js';

const FOLDS = Number(process.env['EXAMPLE_FOLDS'] ?? 5);
const EPOCHS = 4;
const { test: digits } = loadDigits(seededRandom(11), 1500);

/** The images of a fold, or all but those. */
function pick(all: Digits, belongs: (image: number) => boolean): Digits {
  const chosen = indices(all.count).filter(belongs);
  const pixels = new Float32Array(chosen.length * PIXELS);
  chosen.forEach((image, row) =>
    pixels.set(all.pixels.subarray(image * PIXELS, (image + 1) * PIXELS), row * PIXELS),
  );
  return { count: chosen.length, pixels, labels: Uint8Array.from(chosen, (image) => all.labels[image]!) };
}

function validate(fold: number): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('cross_validation', baseDir, { group: `${FOLDS} folds`, tags: [`fold ${fold}`] }),
  );
  const random = seededRandom(fold);
  const network = new Network(16, random);
  run.logParams({ fold, folds: FOLDS, hidden: 16 });
  run.defineMetric('*_loss', { goal: 'min', summary: 'best' });
  const epochs = train({
    network,
    training: pick(digits, (image) => image % FOLDS !== fold),
    test: pick(digits, (image) => image % FOLDS === fold),
    random,
    epochs: EPOCHS,
    batchSize: 16,
    peakLearningRate: 0.1,
    momentum: 0.9,
    onStep: () => undefined,
  });
  const log = ({ epoch, trainingLoss, testLoss, testAccuracy }: Epoch): void =>
    run.logMetrics({ training_loss: trainingLoss, val_loss: testLoss, accuracy: testAccuracy }, epoch);
  const save = async (each: Epoch): Promise<Epoch> => {
    const state = { epoch: each.epoch, accuracy: each.testAccuracy };
    await run.saveCheckpoint(each.epoch, { json: state }, { keep: 'best 1 by val_loss' });
    return each;
  };
  return lastValueFrom(
    from(epochs).pipe(
      tap(log),
      concatMap(save),
      toArray(),
      map((all) => Math.max(...all.map(({ testAccuracy }) => testAccuracy))),
      tap((accuracy) => run.summary({ best_accuracy: accuracy }, { headline: true })),
      concatMap(() => run.close()),
      map(({ runDir }) => runDir),
    ),
    { defaultValue: run.runDir },
  );
}

await lastValueFrom(range(0, FOLDS).pipe(mergeMap(validate, 2), toArray()), { defaultValue: [] });

const [group] = await openExperiments(baseDir).groups({ experiment: 'cross_validation', by: 'group' });
printTable(
  [...(group?.figures ?? [])].map(([figure, { count, mean, deviation, min, max }]) => ({
    figure,
    folds: String(count),
    mean: mean.toFixed(4),
    'plus or minus': (deviation ?? 0).toFixed(4),
    least: min.toFixed(4),
    greatest: max.toFixed(4),
  })),
);
