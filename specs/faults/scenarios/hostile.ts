import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspectRun, readRun, recoverRun } from 'expman-rx/reader';
import { duckdb } from '../../support/read-back.js';
import { must } from '../check-run.js';
import { checkSummary } from '../check-summary.js';
import { mortal } from '../mortal.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const DIST = new URL('../../../dist/index.js', import.meta.url).href;
const SUMMARIES = new URL('../summaries.mjs', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MANY = 1000;
/** Steps from one mark to the next, where summary values are set. */
const MARKS = 100;

/** What a program said, line by line as JSON. */
interface Said {
  readonly code: number | null;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly stderr: string;
}

/** Places a run must not be hurt by: no room, no rights, no descriptors, no folder any more. */
export const hostilePlaces: Scenario = {
  name: 'a full disk, a file size limit, 64 descriptors, no rights, a folder that goes away',
  rows: [11, 12, 14, 15],
  run: async (context) => {
    await fullDisk(context);
    await fileSizeLimit(context);
    await fewDescriptors(context);
    await folderGoesAway(context);
    await noRights(context);
  },
};

/** A disk of 300 kB: full while rows are logged, freed again, and every row is there after all. */
async function fullDisk({ folder, tally }: ScenarioContext): Promise<void> {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  if (spawnSync('unshare', ['-Urm', 'true']).status !== 0) {
    console.log('  SKIPPED the full disk: user namespaces are not allowed here');
    return;
  }
  const program = `
    writeFileSync(DISK + '/ballast', Buffer.alloc(200_000));
    const run = open(DISK, { flushIntervalMs: 20 });
    let step = 0;
    const door = { values: (...given) => run.summary(...given), define: (...given) => run.defineMetric(...given) };
    const log = (rows) => {
      for (const end = step + rows; step < end; step++) {
        if (step % ${MARKS} === 0) logSummary(door, step, ${MARKS});
        run.logMetrics({ loss: step }, step);
      }
    };
    log(100);
    await run.flush();
    let code = null;
    for (let burst = 0; burst < 200 && code === null; burst++) { log(500); await run.flush().catch((error) => { code = error.code; }); }
    say({ what: 'full', code });
    log(500);
    rmSync(DISK + '/ballast');
    const until = Date.now() + 10_000;
    let back = false;
    while (!back && Date.now() < until) back = await run.flush().then(() => true, () => false);
    say({ what: 'freed', back });
    const { rows, status, dropped } = await run.close().catch((error) => ({ status: error.code }));
    say({ what: 'closed', rows, status, dropped, logged: step });
    cpSync(run.runDir, ${JSON.stringify(join(folder, 'saved'))}, { recursive: true });`;
  const script = `mount -t tmpfs -o size=300k tmpfs "$1" && exec "$2" --input-type=module --eval "$3"`;
  const { lines, stderr } = await say([
    'unshare',
    '-Urm',
    'sh',
    '-c',
    script,
    'sh',
    disk,
    process.execPath,
    withPrelude(program, disk),
  ]);
  const told = (what: string): Readonly<Record<string, unknown>> =>
    lines.find((line) => line['what'] === what) ?? {};
  must(
    told('full')['code'] === 'WRITE_FAILED',
    'I7',
    () => `a full disk: ${JSON.stringify(lines)} ${stderr}`,
  );
  must(
    told('freed')['back'] === true,
    'I1',
    () => `a disk that was freed: ${JSON.stringify(lines)} ${stderr}`,
  );
  must(
    told('closed')['status'] === 'FINISHED' && told('closed')['rows'] === told('closed')['logged'],
    'I1',
    () => `after a full disk: ${JSON.stringify(lines)} ${stderr}`,
  );
  const logged = Number(told('closed')['logged']);
  await allRows(join(folder, 'saved'), logged);
  checkSummary(await inspectRun(join(folder, 'saved')), logged, MARKS, 'after a full disk');
  tally.cases++;
}

/** No file may be larger than 200 kB. */
async function fileSizeLimit({ folder, tally }: ScenarioContext): Promise<void> {
  const program = `
    const run = open(FOLDER, { flushIntervalMs: 20, exitTimeoutMs: 2000 });
    for (let step = 0; step < 20_000; step++) run.logMetrics({ loss: step, other: Math.random(), third: Math.random() }, step);
    const code = await run.close().then(() => null, (error) => error.code);
    say({ code, runDir: run.runDir });`;
  const { lines, stderr, code } = await say([
    'bash',
    '-c',
    `trap '' XFSZ; ulimit -f 200; exec "$0" --input-type=module --eval "$1"`,
    process.execPath,
    withPrelude(program, folder),
  ]);
  const runDir = String(lines[0]?.['runDir']);
  must(
    code === 0 && lines[0]?.['code'] === 'WRITE_FAILED',
    'I7',
    () => `a file size limit: ${JSON.stringify(lines)} ${stderr}`,
  );
  const { rows } = await readRun(runDir);
  await recoverRun(runDir);
  const after = await readRun(runDir);
  must(
    rows === 20_000 && after.rows === rows && after.walRows === 0,
    'I1',
    () => `a file size limit: ${rows} rows, ${after.rows} after the recovery`,
  );
  await allRows(runDir, rows);
  tally.cases++;
}

/** A thousand runs where 64 descriptors are all there are. */
async function fewDescriptors({ folder, tally, amount }: ScenarioContext): Promise<void> {
  const runs = amount(MANY, MANY);
  const program = `
    const runs = Array.from({ length: ${Math.min(runs, MANY)} }, () => open(FOLDER + '/many', {}));
    for (let step = 0; step < 20; step++) for (const run of runs) run.logMetrics({ loss: step }, step);
    const ends = await Promise.allSettled(runs.map((run) => run.close()));
    say({ fine: ends.filter(({ value }) => value?.rows === 20).length, why: String(ends.find(({ reason }) => reason)?.reason) });`;
  const { lines, stderr } = await say([
    'bash',
    '-c',
    `ulimit -n 64; exec "$0" --input-type=module --eval "$1"`,
    process.execPath,
    withPrelude(program, folder),
  ]);
  must(
    lines[0]?.['fine'] === Math.min(runs, MANY),
    'I1',
    () => `1,000 runs with 64 descriptors: ${JSON.stringify(lines)} ${stderr}`,
  );
  const [first] = readdirSync(join(folder, 'many/hostile')).filter((name) => name !== 'experiment.yaml');
  await allRows(join(folder, 'many/hostile', first ?? ''), 20);
  tally.cases++;
}

/** The run's folder is removed, and another's renamed, while rows are logged: no exception but the one that is asked for. */
async function folderGoesAway({ folder, tally }: ScenarioContext): Promise<void> {
  for (const how of ['removed', 'renamed']) {
    const program = `
      const run = open(FOLDER, { flushIntervalMs: 10, exitTimeoutMs: 200 });
      run.logMetrics({ loss: 0 }, 0);
      await run.flush();
      ${how === 'removed' ? 'rmSync(run.runDir, { recursive: true });' : "renameSync(run.runDir, run.runDir + '-moved');"}
      for (let step = 1; step < 5000; step++) run.logMetrics({ loss: step }, step);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const code = await run.close().then(({ status }) => status, (error) => error.code);
      say({ code });`;
    const { lines, stderr, code } = await say([
      process.execPath,
      '--input-type=module',
      '--eval',
      withPrelude(program, folder),
    ]);
    must(
      code === 0 && ['WRITE_FAILED', 'FENCED'].includes(String(lines[0]?.['code'])),
      'I7',
      () => `a folder that is ${how}: ${JSON.stringify(lines)} ${stderr} ${String(code)}`,
    );
    tally.cases++;
  }
}

/** A base folder without the right to write, and a file where a folder should be. */
async function noRights({ folder, tally }: ScenarioContext): Promise<void> {
  const denied = join(folder, 'denied');
  mkdirSync(denied);
  chmodSync(denied, 0o555);
  writeFileSync(join(folder, 'file'), 'no folder');
  const program = `
    for (const place of [FOLDER + '/denied', FOLDER + '/file', FOLDER + '/file/below'])
      try { open(place, {}); say({ place, code: null }); } catch (error) { say({ place, code: error.code, errno: error.errno }); }`;
  const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : [];
  chmodSync(folder, 0o755);
  const { lines, stderr } = await say([
    ...asNobody,
    process.execPath,
    '--input-type=module',
    '--eval',
    withPrelude(program, folder),
  ]);
  must(
    lines.length === 3 && lines.every(({ code }) => code === 'IO'),
    'I7',
    () => `no rights: ${JSON.stringify(lines)} ${stderr}`,
  );
  must(!existsSync(join(denied, 'hostile')), 'I7', () => 'something was written where nothing may be');
  tally.cases++;
}

async function allRows(runDir: string, rows: number): Promise<void> {
  const [found] = await duckdb(
    runDir,
    'SELECT count(*) AS rows, count(DISTINCT step) AS steps, max(step) + 1 AS last FROM read_parquet($1) WHERE loss = step',
  );
  const right = [found?.['rows'], found?.['steps'], found?.['last']].every((count) => count === BigInt(rows));
  must(
    right,
    'I1',
    () =>
      `${runDir}: ${rows} rows expected, found ${JSON.stringify(found, (_key, value: unknown) => String(value))}: ${readFileSync(join(runDir, 'run.yaml'), 'utf8')}`,
  );
}

function withPrelude(program: string, folder: string): string {
  return `
    import { cpSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
    import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(DIST)};
    import { logSummary } from ${JSON.stringify(SUMMARIES)};
    const FOLDER = ${JSON.stringify(folder)}, DISK = FOLDER;
    const say = (told) => void writeSync(1, JSON.stringify(told) + '\\n');
    const open = (base, options) => new LoggingEngine(new ExperimentConfig('hostile', base, { environment: false, ...options }));
    ${program}`;
}

async function say([command = '', ...args]: readonly string[]): Promise<Said> {
  const child = mortal(
    spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
      killSignal: 'SIGKILL',
    }),
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return { code, lines, stderr };
}
