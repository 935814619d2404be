import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openFilesIn, threads } from '../support/own-process.js';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('many');
const RUNS = 500;
const ROWS = 200;

describe('five hundred runs at once in one process', () => {
  it('share one writer thread and at most 64 descriptors, and every row is in every file', async () => {
    const base = folder();
    const threadsBefore = threads();
    const runs = Array.from(
      { length: RUNS },
      () => new LoggingEngine(new ExperimentConfig('exp', base, { environment: false })),
    );
    let most = 0;
    for (let step = 0; step < ROWS; step++) {
      for (const [index, run] of runs.entries()) run.logMetrics({ loss: index * ROWS + step }, step);
      if (step % 20 === 0) await Promise.all(runs.map((run) => run.flush()));
      most = Math.max(most, openFilesIn(base));
    }
    const added = threads() - threadsBefore;
    const summaries = await Promise.all(runs.map((run) => run.close()));
    expect(summaries.every(({ rows, status }) => rows === ROWS && status === 'FINISHED')).toBe(true);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(64);
    // A worker thread of Node and nothing else; the counter is there on Linux only.
    if (threadsBefore > 0) expect(added).toBe(1);
    for (const at of [0, 1, 250, RUNS - 1]) {
      const sql = 'SELECT count(*) AS rows, sum(loss) AS sum, min(loss) AS first FROM read_parquet($1)';
      const first = at * ROWS;
      expect(await duckdb(runs[at]?.runDir ?? '', sql)).toEqual([
        { rows: BigInt(ROWS), sum: ROWS * first + (ROWS * (ROWS - 1)) / 2, first },
      ]);
    }
    expect(openFilesIn(base)).toBe(0);
  });
});
