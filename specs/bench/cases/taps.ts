import type { LoggingEngine } from 'expman-rx';
import { guard } from '../guard.js';
import {
  inTempFolder,
  median,
  nanoseconds,
  openRun,
  randomAt,
  type BenchCase,
  type Figure,
} from '../measure.js';

const BLOCK = 20_000;
const BLOCKS = 120;
const WARM_UP = 20;

const TAPS: Readonly<Record<string, (run: LoggingEngine) => void>> = {
  'run.live()': (run) => void run.live(100).subscribe({ error: console.error }),
  "run.metric('loss')": (run) => void run.metric('loss').subscribe({ error: console.error }),
};

/** What a row costs the thread that logs it while nobody, one or ten listen; the difference is what a tap costs. */
export default {
  title: 'The cost of taps',
  run: async (quick) => {
    const figures: Figure[] = [];
    for (const name of Object.keys(TAPS)) figures.push(await compare(name, quick));
    return figures;
  },
} satisfies BenchCase;

async function compare(name: string, quick: boolean): Promise<Figure> {
  const block = Math.ceil(BLOCK / (quick ? 100 : 1));
  const counts = [0, 1, 10];
  const costs = counts.map((): number[] => []);
  await inTempFolder(async (folder) => {
    const runs = counts.map((taps) => {
      const run = openRun(folder);
      for (let tap = 0; tap < taps; tap++) TAPS[name]?.(run);
      return run;
    });
    for (let round = 0, step = 0; round < BLOCKS; round++, step += block)
      for (const [at, run] of runs.entries()) {
        const started = performance.now();
        for (let row = step; row < step + block; row++)
          run.logMetrics({ loss: randomAt(row), accuracy: randomAt(row * 7) }, row);
        if (round >= WARM_UP) costs[at]?.push(((performance.now() - started) * 1e6) / block);
      }
    await Promise.all(runs.map((run) => run.close()));
  });
  const [bare = NaN, one = NaN, ten = NaN] = costs.map(median);
  return {
    what: `a row of 2 metrics with 0, 1 and 10 taps of ${name}`,
    figure: [bare, one, ten].map(nanoseconds).join(', '),
    guards: [...guard(`1 ${name} / none`, one / bare), ...guard(`10 ${name} / none`, ten / bare)],
  };
}
