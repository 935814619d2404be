import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readRun } from 'expman-rx/reader';
import { runChild } from '../support/child.js';
import { duckdb, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('death');
const FAULTY = fileURLToPath(new URL('../support/faulty-writer.mjs', import.meta.url));
const args = ['--import', FAULTY];
const HOW = ['throw', 'reject', 'exit', 'terminate', 'heap', 'loop'] as const;

const PROGRAM = (how: string, more: string): string => `
  const run = open({ flushIntervalMs: 20 });
  const seen = [];
  run.health$.subscribe({ next: ({ degraded }) => { if (degraded !== null) seen.push(degraded.code); } });
  let step = 0;
  const log = (rows) => { for (const end = step + rows; step < end; step++) run.logMetrics({ loss: step }, step); };
  const died = (code) => new Promise((resolve) => {
    const timer = setInterval(() => { log(10); if (seen.includes(code)) { clearInterval(timer); resolve(); } }, 5);
  });
  log(500);
  await run.flush();
  breakWriter('${how}');
  log(500);
  await died('WRITER_REPLACED');
  log(500);
  await run.flush();
  ${more}`;

describe('a writer thread that dies', () => {
  it.each(HOW)('by %s is replaced, and no row is lost or doubled', async (how) => {
    const { runDir, ended, said, stderr } = await runChild(
      folder(),
      PROGRAM(
        how,
        "const { rows, status } = await run.close(); say([rows === step, status, writersStarted()].join(' '));",
      ),
      { args },
    );
    expect([ended, said, stderr.replace(/[^]*heap[^]*/i, '')]).toEqual([0, ['true FINISHED 2'], '']);
    const [found] = await duckdb(
      runDir,
      'SELECT count(*) AS rows, count(DISTINCT step) AS steps, max(step) + 1 AS all FROM read_parquet($1)',
    );
    expect([found?.['rows'], found?.['steps']]).toEqual([found?.['all'], found?.['all']]);
    expect(yamlOf(runDir)).toMatchObject({ status: 'FINISHED', degraded: { code: 'WRITER_REPLACED' } });
  });

  it('a second time is done without: rows are written on the caller’s thread', async () => {
    const more = `
      breakWriter('exit');
      await died('WRITER_IN_THREAD');
      log(500);
      await run.flush();
      const { rows, status } = await run.close();
      say([rows === step, status, writersStarted()].join(' '));`;
    const { runDir, ended, said } = await runChild(folder(), PROGRAM('exit', more), { args });
    expect([ended, said]).toEqual([0, ['true FINISHED 2']]);
    const [found] = await duckdb(
      runDir,
      'SELECT count(*) AS rows, max(step) + 1 AS all FROM read_parquet($1)',
    );
    expect(found?.['rows']).toBe(found?.['all']);
    expect(yamlOf(runDir)).toMatchObject({ degraded: { code: 'WRITER_IN_THREAD' } });
  });

  it('right before the process exits loses nothing: the caller’s thread writes what is left', async () => {
    const code = `
      const run = open();
      run.logMetrics({ loss: 0 }, 0);
      await run.flush();
      breakWriter('exit');
      writerEnded();
      for (let step = 1; step < 1000; step++) run.logMetrics({ loss: step }, step);
      process.exit(6);`;
    const { runDir, ended } = await runChild(folder(), code, { args });
    expect(ended).toBe(6);
    expect(await readRun(runDir)).toMatchObject({ status: 'FAILED', rows: 1000 });
  });

  it('while a full buffer makes the caller wait does not make it wait for ever', async () => {
    const code = `
      const run = open({ maxBufferedBytes: 1024 * 1024 });
      await run.flush();
      breakWriter('exit');
      for (let step = 0; step < 200_000; step++) run.logMetrics({ loss: step }, step);
      const { rows, dropped } = await run.close();
      say(rows + ' ' + dropped);`;
    const { runDir, ended, said } = await runChild(folder(), code, { args });
    expect([ended, said]).toEqual([0, ['200000 0']]);
    expect(
      await duckdb(runDir, 'SELECT count(*) AS rows, count(DISTINCT step) AS steps FROM read_parquet($1)'),
    ).toEqual([{ rows: 200_000n, steps: 200_000n }]);
  });
});
