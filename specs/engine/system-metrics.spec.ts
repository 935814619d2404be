import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from 'expman-rx';
import { readSystemMetrics } from 'expman-rx/reader';
import { describe, expect, it, vi } from 'vitest';
import { runChild } from '../support/child.js';
import { expmanHere as expman } from '../support/cli-here.js';
import { hasPython, python } from '../support/python.js';
import { logLines } from '../support/read-back.js';
import { DuckDBInstance } from '@duckdb/node-api';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('system');
const READER = new URL('../../dist/reader.js', import.meta.url).href;
const FIGURES = [
  'cpu.process_percent',
  'cpu.machine_percent',
  'memory.rss_bytes',
  'memory.system_free_bytes',
  'memory.heap_used_bytes',
  'event_loop.utilization',
  'event_loop.delay_max_ms',
  'gc.pause_ms',
];

function open(base: string, options: ExperimentOptions = {}): LoggingEngine {
  return new LoggingEngine(
    new ExperimentConfig('exp', base, { environment: false, systemMetrics: { intervalMs: 100 }, ...options }),
  );
}

/** Waits until a run's file is there: its first row is written at once. */
const untilThere = (runDir: string): Promise<void> =>
  vi.waitFor(() => expect(existsSync(join(runDir, 'system.parquet'))).toBe(true), {
    timeout: 250_000,
    interval: 50,
  });

async function duckdb(sql: string, path: string): Promise<unknown[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql, [path])).getRowsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('system metrics', () => {
  it('are not sampled unless asked for', async () => {
    const run = open(folder(), { systemMetrics: false });
    await run.close();
    expect(existsSync(join(run.runDir, 'system.parquet'))).toBe(false);
    expect(await readSystemMetrics(run.runDir)).toBeNull();
  });

  it('are a row each interval, in a file of their own that every reader opens', async () => {
    const run = open(folder());
    await untilThere(run.runDir);
    await run.close();
    const table = await readSystemMetrics(run.runDir);
    const names = table?.schema.fields.map(({ name }) => name) ?? [];
    expect(names[0]).toBe('timestamp');
    expect(names).toEqual(expect.arrayContaining(FIGURES));
    expect(names).not.toContain('step');
    const sql = `SELECT count(*)::INT, typeof(any_value(timestamp)), min("memory.rss_bytes") > 1e6,
      max("event_loop.utilization") <= 1, count(DISTINCT timestamp) = count(*) FROM read_parquet($1)`;
    expect(await duckdb(sql, join(run.runDir, 'system.parquet'))).toEqual([
      [table?.numRows, 'TIMESTAMP WITH TIME ZONE', true, true, true],
    ]);
    expect(readdirSync(run.runDir).sort()).toEqual(['run.yaml', 'system.parquet']);
    if (!hasPython()) return;
    const program =
      'import sys, json, polars as pl, pyarrow.parquet as pq; t = pq.read_table(sys.argv[1]); print(json.dumps([t.num_rows, t.column_names, pl.read_parquet(sys.argv[1]).height]))';
    expect(python(program, [join(run.runDir, 'system.parquet')])).toEqual([
      table?.numRows,
      names,
      table?.numRows,
    ]);
  });

  it('are sampled at the start of a run and at its end, however long the interval; CPU time is of the time between', async () => {
    const code = `
      const run = open({ systemMetrics: { intervalMs: 3600000 }, flushIntervalMs: 10 });
      run.logMetrics({ loss: 1 }, 0);
      await published(run);
      for (const until = Date.now() + 20; Date.now() < until;);
      await run.close();`;
    const { ended, runDir } = await runChild(folder(), code);
    expect(ended).toBe(0);
    const table = await readSystemMetrics(runDir);
    expect(table?.numRows).toBe(2);
    for (const row of [0, 1]) expect(table?.getChild('memory.rss_bytes')?.get(row)).toBeGreaterThan(1e6);
    expect(table?.getChild('cpu.process_percent')?.get(0)).toBeNull();
    expect(table?.getChild('cpu.process_percent')?.get(1)).toBeGreaterThan(0);
  });

  it('are those of one process: runs that ask at the same time get the same samples', async () => {
    const base = folder();
    const rarely = { systemMetrics: { intervalMs: 3_600_000 } };
    const runs = [open(base, rarely), open(base, rarely), open(base, { systemMetrics: false })];
    await Promise.all(runs.map((run) => run.close()));
    const tables = await Promise.all(runs.map((run) => readSystemMetrics(run.runDir)));
    expect(tables[2]).toBeNull();
    // The second run may begin with the sample that the first one ended with.
    const [first = [], second = []] = tables.map((table) => [
      ...((table?.getChild('timestamp') ?? []) as Iterable<number>),
    ]);
    expect(second.filter((at) => first.includes(at)).length).toBeGreaterThan(0);
  });

  it('keep no process alive, and are whole when it ends by itself', async () => {
    const code = `
      const { existsSync } = await import('node:fs');
      const { runDir } = open({ systemMetrics: { intervalMs: 100 } });
      const looking = setInterval(() => { if (existsSync(runDir + '/system.parquet')) clearInterval(looking); }, 20);`;
    const { ended, runDir } = await runChild(folder(), code);
    expect(ended).toBe(0);
    expect((await readSystemMetrics(runDir))?.numRows).toBeGreaterThan(0);
  });

  it('are sampled in a loop that never yields, without what only that thread could say, and survive a SIGKILL', async () => {
    const code = `
      const { existsSync } = await import('node:fs');
      const run = open({ systemMetrics: { intervalMs: 100 } });
      await run.flush();
      for (let step = 0; ; step++) {
        run.logMetrics({ a: step }, step);
        if (existsSync(run.runDir + '/system.parquet')) say('there');
      }`;
    const { ended, runDir } = await runChild(folder(), code, { killWhen: (said) => said.length > 0 });
    expect(ended).toBe('SIGKILL');
    const table = await readSystemMetrics(runDir);
    expect(table?.numRows).toBeGreaterThan(0);
    const cpu = [...(table?.getChild('cpu.process_percent') ?? [])].slice(1);
    expect(cpu.every((percent) => Number(percent) >= 0)).toBe(true);
    expect(await expman('verify', runDir)).toMatchObject({ exit: 0 });
    expect(await expman('recover', runDir)).toMatchObject({ exit: 0 });
    expect((await readSystemMetrics(runDir))?.numRows).toBe(table?.numRows);
  });

  it('of a run that is resumed come behind the earlier ones; a file that is none is kept aside', async () => {
    const base = folder();
    const first = open(base, { runName: 'r' });
    await untilThere(first.runDir);
    await first.close();
    const before = (await readSystemMetrics(first.runDir))?.numRows ?? 0;
    const path = join(first.runDir, 'system.parquet');
    const inode = (): number => statSync(path).ino;
    const published = inode();
    const second = open(base, { runName: 'r', resume: 'must' });
    await vi.waitFor(() => expect(inode()).not.toBe(published), { timeout: 250_000, interval: 50 });
    await second.close();
    expect((await readSystemMetrics(first.runDir))?.numRows).toBeGreaterThan(before);
    truncateSync(path, 100);
    const third = open(base, { runName: 'r', resume: 'must' });
    await vi.waitFor(() => expect(readdirSync(first.runDir)).toContain('system.parquet.corrupt'), {
      timeout: 250_000,
      interval: 50,
    });
    await third.close();
    expect((await readSystemMetrics(first.runDir))?.numRows).toBeGreaterThan(0);
  });

  it('that cannot be written are told once in run.log, and the run is as it would be without', async () => {
    const run = open(folder());
    symlinkSync('/nowhere', join(run.runDir, 'system.parquet'));
    await vi.waitFor(
      async () => {
        await run.flush();
        expect(existsSync(join(run.runDir, 'run.log'))).toBe(true);
      },
      { timeout: 250_000, interval: 100 },
    );
    expect(await run.close()).toMatchObject({ status: 'FINISHED' });
    expect(
      logLines(run.runDir).filter((line) => line.includes('system.parquet cannot be written')),
    ).toHaveLength(1);
  });

  it.skipIf(process.platform === 'win32')('know the GPUs where nvidia-smi does', async () => {
    const base = folder();
    writeFileSync(join(base, 'nvidia-smi'), '#!/bin/sh\necho "0, 42, 10, 55, 99.5"\n');
    chmodSync(join(base, 'nvidia-smi'), 0o700);
    const code = `
      process.env.PATH = ${JSON.stringify(base)} + ':' + process.env.PATH;
      const { readSystemMetrics } = await import(${JSON.stringify(READER)});
      // The program answers in its own time, and one thread samples for all of these runs.
      for (let table = null; (table?.getChild('gpu.0.utilization_percent') ?? null) === null;) {
        const run = open({ systemMetrics: true });
        await run.close();
        table = await readSystemMetrics(run.runDir);
      }`;
    const { ended, runDir } = await runChild(base, code);
    expect(ended).toBe(0);
    const table = await readSystemMetrics(runDir);
    expect(table?.getChild('gpu.0.utilization_percent')?.get((table.numRows || 1) - 1)).toBe(42);
  });
});

describe('expman verify', () => {
  it('reads system.parquet and every file under media/, and names what is damaged', async () => {
    const run = open(folder());
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
    for (const name of ['good', 'gone', 'flipped']) run.logImage(name, png, 1);
    await untilThere(run.runDir);
    await run.close();
    expect(await expman('verify', run.runDir)).toMatchObject({ exit: 0 });
    const media = join(run.runDir, 'media');
    writeFileSync(join(media, 'flipped-1-3.png'), Buffer.from('89504e470d0a1a0a0000000d49484453', 'hex'));
    symlinkSync('/etc/passwd', join(media, 'link'));
    const manifest = join(media, 'manifest.ndjson');
    writeFileSync(
      manifest,
      readFileSync(manifest, 'utf8').replace('gone-1-2.png', 'none-1-2.png') + '{"name":1}\n{"torn\n',
    );
    const system = join(run.runDir, 'system.parquet');
    const bytes = readFileSync(system);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(system, bytes);
    const { exit, stdout } = await expman('verify', '--json', run.runDir);
    expect(exit).toBe(2);
    const [{ problems }] = JSON.parse(stdout) as [{ problems: { file: string; code: string }[] }];
    expect(problems.map(({ file, code }) => [file, code])).toEqual([
      ['system.parquet', 'CORRUPT'],
      ['media/none-1-2.png', 'CORRUPT'],
      ['media/flipped-1-3.png', 'CORRUPT'],
      ['media/manifest.ndjson', 'CORRUPT'],
    ]);
  });
});
