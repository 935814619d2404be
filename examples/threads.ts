// A sweep whose trials run in threads: 16 of them, two at a time, each a loop that never yields.
//
//   npx tsx examples/threads.ts      EXAMPLE_TRIALS=4 shortens it, EXAMPLE_DIR=... puts its files elsewhere
import { openRun } from 'expman-rx/reader';
import { logUniform, randint, sweep, uniform } from 'expman-rx/sweep';
import { baseDir, shortPath } from './shared/show.js';

const space = { cooling: uniform(0.999, 0.9999), width: logUniform(0.05, 2), seed: randint(0, 999) };
const study = sweep(space, {
  name: 'threads',
  baseDir,
  worker: new URL('./threads/train.mjs', import.meta.url),
  trials: Number(process.env['EXAMPLE_TRIALS'] ?? 16),
  concurrency: 2,
  metric: 'best',
  mode: 'min',
  searcher: 'tpe',
  seed: 1,
});
study.events$.subscribe({
  next: (event) => {
    if (event.kind === 'finished')
      console.log(`trial ${event.trial.number}: best ${event.trial.value?.toFixed(3)}`);
  },
  error: (error: unknown) => console.error(error),
});

const { best } = await study.result;
const [checkpoint] = await openRun(best.runDir).checkpoints();
const point = JSON.parse(Buffer.from((await checkpoint?.bytes()) ?? []).toString()) as number[];
console.log(`best of all: ${best.value.toFixed(3)} at ${point.map((x) => x.toFixed(2)).join(', ')}`);
console.log(shortPath(best.runDir));
