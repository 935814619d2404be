import { statSync } from 'node:fs';
import { join } from 'node:path';
import { guard } from '../guard.js';
import { bytesWritten, inTempFolder, openRun, type BenchCase } from '../measure.js';

const BYTES = 2 ** 30;
const BYTES_PER_ROW = 16;
/** Rows are paced: a producer at full speed would measure the burst, not the growth. */
const ROWS_PER_SECOND = 500_000;
const TICK_MS = 10;

/** What publishing costs while a run grows to a gigabyte. */
export default {
  title: 'Publishing while a run grows to 1 GB',
  run: (quick) =>
    inTempFolder(async (folder) => {
      const rows = (quick ? BYTES / 500 : BYTES) / BYTES_PER_ROW;
      const run = openRun(folder);
      const logged: { readonly at: number; readonly rows: number }[] = [];
      const ages: number[] = [];
      let publishes = { count: 0, totalMs: 0 };
      run.health$.subscribe({
        next: ({ published, publishes: told }) => {
          publishes = told;
          const oldest = logged.find((mark) => mark.rows > published);
          if (oldest !== undefined) ages.push(performance.now() - oldest.at);
        },
        error: () => undefined,
      });
      const before = bytesWritten();
      const started = performance.now();
      for (let step = 0; step < rows;) {
        const due = Math.min(rows, ((performance.now() - started) / 1000) * ROWS_PER_SECOND);
        for (; step < due; step++) run.logMetrics({ loss: Math.random(), accuracy: Math.random() }, step);
        logged.push({ at: performance.now(), rows: step });
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      }
      const open = performance.now() - started;
      const whileOpen = publishes;
      await run.close();
      const bytes = statSync(join(run.runDir, 'metrics.parquet')).size;
      const written = bytesWritten() - before;
      return [
        {
          what: `${(bytes / 1e6).toFixed(0)} MB in ${(open / 1000).toFixed(0)} s: share of the writer's time spent publishing`,
          figure: `${((100 * whileOpen.totalMs) / open).toFixed(1)} %, in ${whileOpen.count} publishes`,
          bound: '<= 5 %',
          guards: guard('share of time', whileOpen.totalMs / open),
        },
        {
          what: 'bytes written (log, sealed groups, publishes) per byte of the file',
          figure: (written / bytes).toFixed(1),
          guards: guard('bytes written / bytes', written / bytes),
        },
        {
          what: 'age of the oldest row metrics.parquet lacks, right after a publish: greatest seen',
          figure: `${(Math.max(...ages) / 1000).toFixed(1)} s (the log has all of them after 10 ms)`,
        },
      ];
    }),
} satisfies BenchCase;
