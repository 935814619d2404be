import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { guard } from '../guard.js';
import { inTempFolder, openRun, times, type BenchCase, type Figure } from '../measure.js';

const ROWS = 1_000_000;
const PYTHON = process.env['EXPMAN_PYTHON'] ?? 'python3';
// pyarrow reads our file and writes the same table with its defaults.
const REWRITE = 'import sys, pyarrow.parquet as pq; pq.write_table(pq.read_table(sys.argv[1]), sys.argv[2])';

const KINDS: readonly {
  readonly what: string;
  readonly row: (step: number) => Record<string, number | bigint | boolean | string>;
}[] = [
  { what: 'two random doubles', row: () => ({ loss: Math.random(), accuracy: Math.random() }) },
  {
    what: 'a smooth loss, an epoch, a phase and a flag',
    row: (step) => ({
      loss: 1 / (step + 1),
      epoch: BigInt(step >> 10),
      phase: step < 1000 ? 'warm-up' : 'steady',
      improved: step % 7 === 0,
    }),
  },
];

/** Bytes a row, against what pyarrow makes of the same table. */
export default {
  title: "Size of metrics.parquet against pyarrow's default",
  run: async (quick) => {
    const figures: Figure[] = [];
    for (const { what, row } of KINDS) figures.push(await weigh(what, row, quick ? ROWS / 100 : ROWS));
    return figures;
  },
} satisfies BenchCase;

async function weigh(what: string, row: (typeof KINDS)[number]['row'], rows: number): Promise<Figure> {
  return inTempFolder(async (folder) => {
    const run = openRun(folder);
    for (let step = 0; step < rows; step++) run.logMetrics(row(step), step);
    await run.close();
    const ours = join(run.runDir, 'metrics.parquet');
    const bytes = statSync(ours).size / rows;
    const theirs = join(folder, 'pyarrow.parquet');
    try {
      execFileSync(PYTHON, ['-c', REWRITE, ours, theirs], { stdio: 'ignore' });
    } catch {
      return { what, figure: `${bytes.toFixed(2)} bytes a row (no pyarrow in ${PYTHON} to compare with)` };
    }
    const pyarrow = statSync(theirs).size / rows;
    return {
      what,
      figure: `${bytes.toFixed(2)} against ${pyarrow.toFixed(2)} bytes a row: ${times(bytes / pyarrow)}`,
      bound: '<= 1 x',
      guards: guard(`${what} / pyarrow`, bytes / pyarrow),
    };
  });
}
