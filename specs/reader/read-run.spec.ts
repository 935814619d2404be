import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, RunStatus } from 'expman-rx';
import { inspectRun, readRun } from 'expman-rx/reader';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('reader');

describe('reading a run', () => {
  it('sees published and unpublished rows of an open run as one table, and never fewer than before', async () => {
    const run = new LoggingEngine(
      new ExperimentConfig('exp', folder(), {
        environment: false,
        flushIntervalMs: 5,
        flushIntervalRows: 500,
      }),
    );
    let seen = 0;
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 1000; i++)
        run.logMetrics({ x: round * 1000 + i, ...(round > 10 && { late: `r${round}` }) }, round * 1000 + i);
      await run.flush();
      const { table, status, rows } = await readRun(run.runDir);
      expect(status).toBe(RunStatus.Running);
      expect(rows).toBe((round + 1) * 1000);
      expect(table.numRows).toBe(rows);
      expect(table.numRows).toBeGreaterThan(seen);
      seen = table.numRows;
      const x = table.getChild('x');
      for (let at = 0; at < seen; at += 97) if (x?.get(at) !== at) expect(x?.get(at)).toBe(at);
    }
    await run.close();
    const { table, walRows } = await readRun(run.runDir);
    expect([table.numRows, walRows]).toEqual([30_000, 0]);
    expect(table.getChild('late')?.get(10_999)).toBeNull();
    expect(table.getChild('late')?.get(11_000)).toBe('r11');
  });

  it('tells parameters, artifacts and summaries of a run that is still open', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    run.logParams({ lr: 0.1 });
    await run.saveArtifact('a.txt', Buffer.from('x'));
    for (let step = 0; step < 4; step++) run.logMetrics({ loss: step }, step);
    await run.flush();
    const info = await inspectRun(run.runDir);
    expect(info).toMatchObject({ status: 'RUNNING', owner: 'alive', rows: 4, params: { lr: 0.1 } });
    expect(info.metrics.get('loss')).toMatchObject({ last: 3, count: 4, min: 0, max: 3, mean: 1.5 });
    await run.close();
    expect((await inspectRun(run.runDir)).artifacts).toMatchObject({ 'a.txt': { bytes: 1 } });
  });

  it('refuses what is no run, with a code', async () => {
    await expect(readRun(folder())).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    await expect(readRun('/nowhere/at/all')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});
