import {
  inTempFolder,
  openRun,
  peakMegabytes,
  randomAt,
  residentMegabytes,
  type BenchCase,
} from '../measure.js';

const ROWS = 10_000_000;
const SAMPLES = 10;

/** Memory of a process that logs ten million rows as fast as it can. */
export default {
  title: 'Memory over ten million rows',
  run: (quick) =>
    inTempFolder(async (folder) => {
      const rows = quick ? ROWS / 100 : ROWS;
      const run = openRun(folder);
      const samples: number[] = [];
      for (let step = 0; step < rows; step++) {
        run.logMetrics({ loss: randomAt(step), accuracy: randomAt(step * 7) }, step);
        if ((step + 1) % (rows / SAMPLES) === 0) {
          await run.flush();
          samples.push(residentMegabytes());
        }
      }
      await run.close();
      return [
        {
          what: `resident after each tenth of ${rows.toLocaleString('en-US')} rows`,
          figure: `${samples.map((sample) => sample.toFixed(0)).join(', ')} MB`,
        },
        { what: 'peak', figure: `${peakMegabytes().toFixed(0)} MB` },
      ];
    }),
} satisfies BenchCase;
