import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from '../../dist/modules/index.js';
import { exportRun } from '../../dist/modules/interop/index.js';
import { inspectRun, openRun, readRun } from '../../dist/modules/reader/index.js';
import { verifyRun } from '../../dist/modules/reader/verify-run.js';
import { nodeFs } from '../../dist/modules/storage/node-fs.js';
import { recoverRun } from '../../dist/modules/writer/recovery/recover-run.js';
import { tempFolders } from '../support/temp-folder.js';

const newFolder = tempFolders('damaged-file');

async function closedRun(rows = 5): Promise<string> {
  const run = new LoggingEngine(new ExperimentConfig('exp', newFolder(), { environment: false }));
  for (let step = 0; step < rows; step++) run.logMetrics({ loss: step }, step);
  run.logger.info('a line');
  await run.close();
  return run.runDir;
}

const fileOf = (runDir: string): string => join(runDir, 'metrics.parquet');

/** What can happen to the rows of a run that was closed. */
const DAMAGES: Readonly<Record<string, (runDir: string) => unknown>> = {
  'is gone': (runDir) => {
    rmSync(fileOf(runDir));
  },
  'is cut short': (runDir) => {
    writeFileSync(fileOf(runDir), readFileSync(fileOf(runDir)).subarray(0, -100));
  },
  'has another end': (runDir) => {
    const bytes = readFileSync(fileOf(runDir));
    bytes.fill(0x55, bytes.length - 60, bytes.length - 8);
    writeFileSync(fileOf(runDir), bytes);
  },
  'is of another run': async (runDir) => {
    renameSync(fileOf(await closedRun(7)), fileOf(runDir));
  },
};

describe.each(Object.entries(DAMAGES))('a run whose metrics.parquet %s', (_, damage) => {
  it('gives no rows as if there were none, to nobody', async () => {
    const runDir = await closedRun();
    await damage(runDir);
    const run = openRun(runDir);
    const isCorrupt = { code: 'CORRUPT', message: expect.stringContaining('metrics.parquet') as string };
    await expect(run.metrics()).rejects.toMatchObject(isCorrupt);
    await expect(run.rows().next()).rejects.toMatchObject(isCorrupt);
    await expect(run.batches().next()).rejects.toMatchObject(isCorrupt);
    await expect(run.fields()).rejects.toMatchObject(isCorrupt);
    await expect(readRun(runDir)).rejects.toMatchObject(isCorrupt);
    await expect(exportRun(runDir, 'csv', join(newFolder(), 'out.csv'))).rejects.toMatchObject(isCorrupt);
  });

  it('is neither verified nor recovered', async () => {
    const runDir = await closedRun();
    await damage(runDir);
    expect(verifyRun(nodeFs, runDir).problems).toEqual([
      { file: 'metrics.parquet', code: 'CORRUPT', message: expect.any(String) as string },
    ]);
    await expect(recoverRun(nodeFs, runDir)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('says what it is, and what it logged in words', async () => {
    const runDir = await closedRun();
    await damage(runDir);
    expect(await inspectRun(runDir)).toMatchObject({ status: 'FINISHED', corrupt: ['metrics.parquet'] });
    expect((await openRun(runDir).logs()).map(({ message }) => message)).toEqual(['a line']);
  });
});

it('a follower of a damaged file hears of it', async () => {
  const runDir = await closedRun();
  DAMAGES['is cut short']?.(runDir);
  await expect(lastValueFrom(openRun(runDir).follow().pipe(toArray()))).rejects.toMatchObject({
    code: 'CORRUPT',
  });
});

it('a run that was closed without a row is whole without the file', async () => {
  const runDir = await closedRun(0);
  rmSync(fileOf(runDir), { force: true });
  expect((await readRun(runDir)).table.numRows).toBe(0);
  expect(verifyRun(nodeFs, runDir).problems).toEqual([]);
  expect(await recoverRun(nodeFs, runDir)).toMatchObject({ changed: false, rows: 0 });
});
