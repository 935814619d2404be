import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { readRun } from 'expman-rx/reader';
import { must } from '../check-run.js';
import { checkSummary } from '../check-summary.js';
import { mortal } from '../mortal.js';
import { readAccount, type Plan } from '../plan.js';
import { PYTHON, hasPython } from '../../support/python.js';
import type { Scenario } from '../scenario.js';

/** Those that read as often as they can; the others wait until the file is another one, or share a slower process. */
const POLLERS = ['DuckDB', 'our reader'];
/** Fewer readings are no storm; on a machine with other work the two go on until they have as many. */
const LEAST_READINGS = 21;
const PATIENCE = 4;
/** Steps from one mark to the next, where the child sets summary values. */
const MARKS = 10;
const CHILD = fileURLToPath(new URL('../child.mjs', import.meta.url));

/**
 * DuckDB, pyarrow, polars and our reader poll a run that publishes as fast as it can: no error, and rows never go back.
 * A DuckDB stream and pyarrow's memory map of a file that is replaced meanwhile give the whole of the old one.
 */
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
      marks: MARKS,
      work: 2000,
      bursts: null,
      flushEvery: 1,
      awaitWriter: true,
      options: { flushIntervalMs: 1, flushIntervalRows: 20 },
    };
    const planFile = join(folder, 'plan.json');
    writeFileSync(planFile, JSON.stringify(plan));
    writeFileSync(plan.account, '');
    const child = mortal(
      spawn(process.execPath, [CHILD, planFile], { stdio: ['ignore', 'ignore', 'inherit'] }),
    );
    const runDir = join(plan.base, 'faults/run0');
    const file = join(runDir, 'metrics.parquet');
    while (!existsSync(file) && child.exitCode === null) await delay(5);
    const begun = performance.now();
    const storm = amount(20, 600) * 1000;
    const stop = (readings = LEAST_READINGS): boolean => {
      const isShort = readings < LEAST_READINGS;
      // Its share of the time is over for one that has read enough; a starved one takes from those behind it.
      return performance.now() - begun >= storm * (isShort ? PATIENCE : 1) || (!isShort && !goOn());
    };
    const opens: Record<string, number> = {};
    const readings: Promise<unknown>[] = [
      pollWithDuckdb(file, stop).then((count) => (opens['DuckDB'] = count)),
      streamWithDuckdb(file, stop).then((count) => (opens['a DuckDB stream'] = count)),
      pollWithOurs(runDir, plan.account, stop).then((count) => (opens['our reader'] = count)),
    ];
    if (hasPython()) readings.push(pollWithPython(file, stop).then((counts) => Object.assign(opens, counts)));
    await Promise.all(readings);
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const count of Object.values(opens)) tally.readerOpens += count;
    tally.kills++;
    const counts = Object.entries(opens).map(([reader, count]) => `${reader} ${count}`);
    progress(counts.join(', '));
    must(
      Object.entries(opens).every(
        ([reader, count]) => count >= (POLLERS.includes(reader) ? LEAST_READINGS : 1),
      ),
      'I3',
      () => `too few readings: ${counts.join(', ')}`,
    );
  },
};

async function pollWithDuckdb(file: string, stop: (readings: number) => boolean): Promise<number> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  let [opens, before] = [0, 0n];
  for (; !stop(opens); opens++) {
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

/** Begins a result, lets the file be replaced, and reads on: what is read is one version of the file, whole. */
async function streamWithDuckdb(file: string, stop: () => boolean): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  let opens = 0;
  for (; !stop(); opens++) {
    const result = await connection.stream('SELECT step, accuracy FROM read_parquet($1)', [file]);
    const { ino } = statSync(file);
    let rows = 0;
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0;) {
      const [steps, values] = [chunk.getColumnValues(0), chunk.getColumnValues(1)];
      const wrong = steps.findIndex(
        (step, row) => step !== BigInt(rows + row) || Number(step) !== values[row],
      );
      must(wrong < 0, 'I3', () => `a DuckDB stream reads another row ${rows + wrong}`);
      rows += chunk.rowCount;
      while (rows < 10_000 && statSync(file).ino === ino && !stop()) await delay(2);
      chunk = await result.fetchChunk();
    }
  }
  connection.closeSync();
  instance.closeSync();
  return opens;
}

/** A process of its own polls with pyarrow and polars in turn, and holds a memory map until the file is another one. */
async function pollWithPython(file: string, stop: () => boolean): Promise<Record<string, number>> {
  const child: ChildProcess = mortal(
    spawn(PYTHON, ['-u', '-c', POLLER, file], { stdio: ['pipe', 'pipe', 'pipe'] }),
  );
  let [said, errors] = ['', ''];
  child.stdout?.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (errors += text.toString()));
  const closed = once(child, 'close');
  while (!stop() && child.exitCode === null) await delay(20);
  child.stdin?.end();
  const [exit] = (await closed) as [number | null];
  must(exit === 0, 'I3', () => `Python ended with ${exit}: ${errors.slice(-1000)}`);
  return JSON.parse(said) as Record<string, number>;
}

const POLLER = `
import json, os, sys, threading
import polars, pyarrow.parquet
path = sys.argv[1]
stopped = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
opens, before = {'pyarrow': 0, 'polars': 0, 'a memory map': 0}, 0

def check(reader, steps, values):
    global before
    if len(steps) < before: raise SystemExit(f'{reader} reads {len(steps)} rows after {before}')
    if steps != list(range(len(steps))) or steps != values: raise SystemExit(f'{reader} reads other rows')
    before = len(steps)
    opens[reader] += 1

while not stopped.is_set():
    table = pyarrow.parquet.read_table(path, columns=['step', 'accuracy'])
    check('pyarrow', table['step'].to_pylist(), table['accuracy'].to_pylist())
    frame = polars.scan_parquet(path).select('step', 'accuracy').collect()
    check('polars', frame['step'].to_list(), frame['accuracy'].to_list())
    with open(path, 'rb') as source:
        inode = os.fstat(source.fileno()).st_ino
        mapped = pyarrow.memory_map(f'/proc/self/fd/{source.fileno()}')
    reader = pyarrow.parquet.ParquetFile(mapped)
    while os.stat(path).st_ino == inode and not stopped.wait(0.002): pass
    table = reader.read(columns=['step', 'accuracy'])
    check('a memory map', table['step'].to_pylist(), table['accuracy'].to_pylist())
    mapped.close()
print(json.dumps(opens))
`;

async function pollWithOurs(
  runDir: string,
  account: string,
  stop: (readings: number) => boolean,
): Promise<number> {
  let [opens, before] = [0, 0];
  for (; !stop(opens); opens++) {
    const flushed = readAccount(readFileSync(account, 'utf8')).flushed.get(0) ?? 0;
    const read = await readRun(runDir);
    const { table, rows } = read;
    must(
      rows >= before && table.numRows === rows && rows >= flushed,
      'I3',
      () => `our reader reads ${rows} rows after ${before}, ${flushed} were acknowledged`,
    );
    // Of the same moment as the rows, so no value ever goes back.
    checkSummary(read, rows, MARKS, 'our reader');
    before = rows;
    // Both readers share this thread.
    await delay(1);
  }
  return opens;
}
