import { openFilesIn, threads } from '../../support/own-process.js';
import {
  inTempFolder,
  millions,
  openRun,
  randomAt,
  residentMegabytes,
  type BenchCase,
  type Figure,
} from '../measure.js';

const RUNS = [1, 10, 100, 1000];
const ROWS = 1_000_000;

/** One process with ever more runs open at once, the same number of rows in all. */
export default {
  title: 'Runs open at once in one process',
  run: async (quick) => {
    const figures: Figure[] = [];
    for (const runs of RUNS) figures.push(await open(runs, quick ? ROWS / 100 : ROWS));
    return figures;
  },
} satisfies BenchCase;

async function open(count: number, rows: number): Promise<Figure> {
  return inTempFolder(async (folder) => {
    const before = { memory: residentMegabytes(), threads: threads() };
    const runs = Array.from({ length: count }, () => openRun(folder));
    let files = 0;
    const started = performance.now();
    for (let step = 0; step < rows / count; step++) {
      for (const run of runs) run.logMetrics({ loss: randomAt(step), accuracy: randomAt(step * 7) }, step);
      if (step % Math.ceil(rows / count / 10) === 0) files = Math.max(files, openFilesIn(folder));
    }
    await Promise.all(runs.map((run) => run.flush()));
    const logged = performance.now();
    files = Math.max(files, openFilesIn(folder));
    const added = { memory: residentMegabytes() - before.memory, threads: threads() - before.threads };
    await Promise.all(runs.map((run) => run.close()));
    const closed = performance.now();
    const memory = `${Math.max(0, added.memory).toFixed(0)} MB more, ${files} files open, ${added.threads} thread${added.threads === 1 ? '' : 's'} more`;
    return {
      what: `${count.toLocaleString('en-US')} run${count === 1 ? '' : 's'}, ${rows.toLocaleString('en-US')} rows in all`,
      figure: `${millions((rows / (logged - started)) * 1000)} into the log, closed ${((closed - logged) / 1000).toFixed(1)} s later; ${memory}`,
    };
  });
}
