import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { readRun } from 'expman-rx/reader';
import { must } from '../check-run.js';
import { readAccount, type Plan } from '../plan.js';
import type { Scenario } from '../scenario.js';

const CHILD = fileURLToPath(new URL('../child.mjs', import.meta.url));

/** DuckDB and our reader poll a run that publishes as fast as it can: no error, and rows never go back. */
export const readerStorm: Scenario = {
  name: 'a storm of readers over a run that publishes all the time',
  rows: [16, 17],
  run: async ({ folder, tally, amount, goOn, progress }) => {
    const plan: Plan = {
      base: join(folder, 'runs'),
      account: join(folder, 'account.txt'),
      from: [0],
      shape: 'plain',
      rowsPerBurst: 50,
      work: 2000,
      bursts: null,
      flushEvery: 1,
      awaitWriter: true,
      options: { flushIntervalMs: 1, flushIntervalRows: 20 },
    };
    const planFile = join(folder, 'plan.json');
    writeFileSync(planFile, JSON.stringify(plan));
    writeFileSync(plan.account, '');
    const child = spawn(process.execPath, [CHILD, planFile], { stdio: ['ignore', 'ignore', 'inherit'] });
    const runDir = join(plan.base, 'faults/run0');
    while (!existsSync(join(runDir, 'metrics.parquet')) && child.exitCode === null) await delay(5);
    const until = performance.now() + amount(20, 600) * 1000;
    const stop = (): boolean => performance.now() >= until || !goOn();
    const opens = await Promise.all([pollWithDuckdb(runDir, stop), pollWithOurs(runDir, plan.account, stop)]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    tally.readerOpens += opens[0] + opens[1];
    tally.kills++;
    progress(`${opens.join(' and ')} readings`);
    must(
      opens.every((count) => count > 20),
      'I3',
      () => `the readers read ${opens.join(' and ')} times only`,
    );
  },
};

async function pollWithDuckdb(runDir: string, stop: () => boolean): Promise<number> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const file = join(runDir, 'metrics.parquet');
  let [opens, before] = [0, 0n];
  for (; !stop(); opens++) {
    const sql = 'SELECT count(*) AS rows, count(*) FILTER (accuracy = step) AS right FROM read_parquet($1)';
    const [row] = (await connection.runAndReadAll(sql, [file])).getRowObjectsJS();
    const [rows, right] = [row?.['rows'] as bigint, row?.['right'] as bigint];
    must(
      rows >= before && rows === right,
      'I3',
      () => `DuckDB reads ${rows} rows, ${right} of them right, after ${before}`,
    );
    before = rows;
  }
  connection.closeSync();
  instance.closeSync();
  return opens;
}

async function pollWithOurs(runDir: string, account: string, stop: () => boolean): Promise<number> {
  let [opens, before] = [0, 0];
  for (; !stop(); opens++) {
    const flushed = readAccount(readFileSync(account, 'utf8')).flushed.get(0) ?? 0;
    const { table, rows } = await readRun(runDir);
    must(
      rows >= before && table.numRows === rows && rows >= flushed,
      'I3',
      () => `our reader reads ${rows} rows after ${before}, ${flushed} were acknowledged`,
    );
    before = rows;
    // Both readers share this thread.
    await delay(1);
  }
  return opens;
}
