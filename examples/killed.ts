// What a SIGKILL costs. A child logs in a loop that never yields; it is killed, its run is recovered, and the rows in
// the file are counted against those the child had logged by its own account, kept in a file outside the run.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { baseDir, query, shortPath } from './shared/show.js';

const ROWS_PER_CLAIM = 1000;

const claims = process.argv[2];
if (claims === undefined) await watch();
else logForEver(claims);

/** The child: logs rows for ever, and every 1,000 rows notes how many there are, and when. */
function logForEver(claimsFile: string): never {
  const run = new LoggingEngine(new ExperimentConfig('killed', baseDir));
  writeSync(1, `${run.runDir}\n`);
  const notes = openSync(claimsFile, 'a');
  for (let step = 0; ; step++) {
    run.logMetrics({ loss: work(step), accuracy: 1 - 1 / (step + 1) }, step);
    if ((step + 1) % ROWS_PER_CLAIM === 0) writeSync(notes, `${step + 1} ${Date.now()}\n`);
  }
}

/** Something to compute for a step: a few microseconds of it. */
function work(step: number): number {
  let sum = 0;
  for (let i = 1; i <= 500; i++) sum += Math.sin(step / i) / i;
  return sum;
}

/** The parent: kills the child in the middle of its loop and looks at what is left. */
async function watch(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'expman-killed-'));
  try {
    const claimsFile = join(folder, 'claims.txt');
    const runDir = await killInTheMiddle(claimsFile);
    expman('inspect', runDir);
    expman('recover', runDir);
    await tell(runDir, claimsFile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function killInTheMiddle(claimsFile: string): Promise<string> {
  const self = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [...process.execArgv, self, claimsFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [runDir] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(() => Promise.reject(new Error('the child ended before it had a run'))),
  ])) as [string];
  const cut = new AbortController();
  void exited.then(() => cut.abort(new Error('the child ended by itself')));
  while (!readdirSync(runDir).includes('metrics.parquet')) await sleep(10, null, cut);
  await sleep(400, null, cut);
  child.kill('SIGKILL');
  await exited;
  console.log(`child ${child.pid ?? '?'} killed in a loop that never yields; its run: ${shortPath(runDir)}`);
  return runDir;
}

function expman(command: 'inspect' | 'recover', runDir: string): void {
  console.log(`\n$ expman ${command} ${shortPath(runDir)}`);
  const script = fileURLToPath(new URL('../dist/cli/expman.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [script, command, runDir], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`expman ${command} ended with ${String(status)}`);
}

async function tell(runDir: string, claimsFile: string): Promise<void> {
  const lines = readFileSync(claimsFile, 'utf8').trim().split('\n');
  const [first, last] = [lines[0] ?? '', lines.at(-1) ?? ''].map((line) => line.split(' ').map(Number));
  const [claimed = 0, at = 0] = last ?? [];
  const [early = 0, from = 0] = first ?? [];
  const sql = 'SELECT count(*)::INTEGER AS rows, max(step)::INTEGER AS last FROM read_parquet($1)';
  const [found] = await query(sql, join(runDir, 'metrics.parquet'));
  const rows = Number(found?.['rows']);
  const rowsPerMs = (claimed - early) / Math.max(at - from, 1);
  const missing = Math.max(claimed - rows, 0);
  console.log(`\nrows the child had logged, by its own account   ${count(claimed)}`);
  console.log(`rows DuckDB reads in metrics.parquet            ${count(rows)}`);
  console.log(
    `missing of those the child accounts for         ${count(missing)}  (${(missing / rowsPerMs).toFixed(1)} ms of logging)`,
  );
  if (Number(found?.['last']) !== rows - 1) throw new Error('the rows in the file are no unbroken beginning');
}

function count(rows: number): string {
  return rows.toLocaleString('en').padStart(10);
}
