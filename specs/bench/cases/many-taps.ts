import { guard } from '../guard.js';
import {
  inTempFolder,
  median,
  millions,
  openRun,
  randomAt,
  times,
  type BenchCase,
  type Figure,
} from '../measure.js';

const RUNS = 1000;
const ROWS = 500_000;
const ROUNDS = 3;

/** A thousand runs in one process with taps on all of them, beside the same without. */
export default {
  title: 'Taps on a thousand runs at once',
  run: async (quick) => {
    const rows = ROWS / (quick ? 100 : 1);
    const seconds: Record<'bare' | 'tapped', number[]> = { bare: [], tapped: [] };
    for (let round = 0; round < (quick ? 1 : ROUNDS); round++)
      for (const kind of ['bare', 'tapped'] as const) seconds[kind].push(await log(rows, kind === 'tapped'));
    const [bare, tapped] = [median(seconds.bare), median(seconds.tapped)];
    return [
      {
        what: `${RUNS.toLocaleString('en-US')} runs, each with a \`live(100)\` and a \`metric('loss')\`; ${rows.toLocaleString('en-US')} rows in all, into the log`,
        figure: `${millions(rows / tapped)}; without taps ${millions(rows / bare)}: ${times(tapped / bare)} the time`,
        guards: guard('tapped / bare', tapped / bare),
      },
    ] satisfies readonly Figure[];
  },
} satisfies BenchCase;

/** Seconds from the first row until all are in the write-ahead log. */
async function log(rows: number, tapped: boolean): Promise<number> {
  return inTempFolder(async (folder) => {
    const runs = Array.from({ length: RUNS }, () => openRun(folder));
    let points = 0;
    if (tapped)
      for (const run of runs) {
        run.live(100).subscribe({ error: console.error });
        run.metric('loss').subscribe({ next: () => points++, error: console.error });
      }
    // The writer has opened all of them by then.
    await Promise.all(runs.map((run) => run.flush()));
    const started = performance.now();
    for (let step = 0; step < rows / RUNS; step++)
      for (const run of runs) run.logMetrics({ loss: randomAt(step), accuracy: randomAt(step * 7) }, step);
    await Promise.all(runs.map((run) => run.flush()));
    const seconds = (performance.now() - started) / 1000;
    await Promise.all(runs.map((run) => run.close()));
    if (points !== (tapped ? rows : 0)) throw new Error(`${points} of ${rows} points came`);
    return seconds;
  });
}
