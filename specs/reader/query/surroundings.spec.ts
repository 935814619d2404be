import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { queryRuns } from 'expman-rx/reader';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MetricFiles } from '../../../src/reader/query/parquet-sources.js';
import { TempFolder } from '../../../src/reader/query/temp-folder.js';
import { listRuns } from '../../../src/reader/run-index.js';
import type { FsPort } from '../../../src/storage/fs-port.js';
import { nodeFs } from '../../../src/storage/node-fs.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('surroundings');

/** A folder with an open run, whose row is in its write-ahead log only. */
async function openRun(): Promise<{ readonly base: string; readonly run: LoggingEngine }> {
  const base = folder();
  const run = new LoggingEngine(new ExperimentConfig('exp', base, { flushIntervalMs: 600_000 }));
  run.logMetrics({ loss: 1 }, 0);
  await run.flush();
  return { base, run };
}

/** A disk that refuses to open the files of runs. */
const refusing = (errno: string): FsPort => ({
  ...nodeFs,
  open: (path, mode) => {
    if (mode === 'read') throw Object.assign(new Error(`${errno}: refused, open '${path}'`), { code: errno });
    return nodeFs.open(path, mode);
  },
});

describe('a query whose surroundings are at fault', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('goes to another folder where there is none for temporary files, and leaves nothing there', async () => {
    const { base, run } = await openRun();
    const cache = join(folder(), 'cache');
    vi.stubEnv('TMPDIR', '/nonexistent');
    vi.stubEnv('XDG_CACHE_HOME', cache);
    const { rows, skipped } = await queryRuns(base, 'SELECT count(*) FROM metrics');
    expect({ rows, skipped }).toEqual({ rows: [[1n]], skipped: [] });
    expect(readdirSync(join(cache, 'expman-rx'))).toEqual([]);
    await run.close();
  });

  it('says so, and answers nothing, where no folder is left', async () => {
    const { base, run } = await openRun();
    const [facts] = listRuns(nodeFs, base, null).runs;
    using temp = new TempFolder([() => '/nonexistent', () => join(base, 'neither')]);
    const files = new MetricFiles(nodeFs, base, temp);
    expect(() => {
      files.add(facts!);
    }).toThrow(
      expect.objectContaining({
        code: 'IO',
        message: expect.stringMatching(/nonexistent.*neither.*Set TMPDIR/) as string,
      }),
    );
    expect(files.skipped).toEqual([]);
    await run.close();
  });

  it.each(['EMFILE', 'ENFILE', 'ENOMEM'])('leaves out no run for %s', async (errno) => {
    const { base, run } = await openRun();
    const [facts] = listRuns(nodeFs, base, null).runs;
    using temp = new TempFolder();
    const ours: unknown = expect.objectContaining({ code: 'IO', errno });
    expect(() => {
      new MetricFiles(refusing(errno), base, temp).add(facts!);
    }).toThrow(ours);
    expect(() => listRuns(refusing(errno), base, null)).toThrow(ours);
    await run.close();
  });

  it('leaves out a run for what is wrong with that run', async () => {
    const { base, run } = await openRun();
    await run.close();
    mkdirSync(join(base, 'exp', 'other'));
    const { unreadable } = listRuns(refusing('EACCES'), base, null);
    expect(unreadable).toEqual([expect.objectContaining({ runDir: run.runDir, code: 'IO' })]);
  });
});
