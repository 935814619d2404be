import { inTempFolder, openRun, type BenchCase } from '../measure.js';

const IDLE_MS = 10_000;

/** What an open run costs while nothing is logged: time of all threads of the process. */
export default {
  title: 'An open run that is idle',
  run: (quick) =>
    inTempFolder(async (folder) => {
      const wait = (ms: number): Promise<void> =>
        new Promise((resolve) => setTimeout(resolve, quick ? ms / 100 : ms));
      const run = openRun(folder);
      run.logMetrics({ loss: 1 }, 1);
      await run.flush();
      await wait(IDLE_MS / 3);
      const before = process.cpuUsage();
      const started = performance.now();
      await wait(IDLE_MS);
      const { user, system } = process.cpuUsage(before);
      const share = (user + system) / 1000 / (performance.now() - started);
      await run.close();
      return [
        { what: 'processor time of the whole process, of one core', figure: `${(share * 100).toFixed(2)} %` },
      ];
    }),
} satisfies BenchCase;
