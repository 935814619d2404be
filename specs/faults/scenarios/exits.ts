import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readRun, recoverRun } from 'expman-rx/reader';
import { checkRun, checkTidy, must } from '../check-run.js';
import { EXIT_WAYS, type ExitWay } from '../exit-ways.js';
import { readByOthers } from '../other-readers.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const DIST = new URL('../../../dist/index.js', import.meta.url).href;
const ROWS = new URL('../rows.mjs', import.meta.url).href;
const LOGGED = 3000;
const LIMIT_MS = 60_000;
/** How long an exit may wait for its rows: the option's default, and a second for the process itself. */
const EXIT_MS = 6_000;
const DURABILITIES = ['process', 'power'] as const;

/** Every way a process can end, at each durability: what is there afterwards, what is said of it, how long it took. */
export const exits: Scenario = {
  name: 'every way a process can end',
  rows: [19, 20],
  run: async (context) => {
    const times = context.amount(3, 100);
    const table: string[] = [];
    for (const way of EXIT_WAYS)
      for (const durability of DURABILITIES) {
        const tookMs: number[] = [];
        for (let time = 0; time < times && context.goOn(); time++)
          tookMs.push(await end(context, way, durability, `${EXIT_WAYS.indexOf(way)}-${durability}-${time}`));
        if (tookMs.length > 0) table.push(tableRow(way, durability, tookMs));
        context.progress(`${way.event}, ${durability}`);
      }
    // For the README.
    if (process.env['FAULTS_TABLE'] !== undefined)
      console.log(['event | durability | exit in ms: median | worst', ...table].join('\n'));
  },
};

function tableRow({ event }: ExitWay, durability: string, tookMs: number[]): string {
  const sorted = [...tookMs].sort((a, b) => a - b);
  return `${event} | ${durability} | ${sorted[sorted.length >> 1] ?? 0} | ${sorted.at(-1) ?? 0}`;
}

/** Lets one process end; returns how long that took it, in milliseconds. */
async function end(
  { folder, tally }: ScenarioContext,
  way: ExitWay,
  durability: string,
  name: string,
): Promise<number> {
  const base = join(folder, name);
  mkdirSync(base);
  const account = join(base, 'account.txt');
  const { ended, at, stderr } = await run(way, durability, base, account);
  const [logged = 0, endingAt = 0, doneAt = at] = readFileSync(account, 'utf8').trim().split(' ').map(Number);
  const what = `${way.event}, ${durability}`;
  must(ended === way.exit, 'I7', () => `${what}: ended by ${String(ended)}, not ${way.exit}: ${stderr}`);
  const runDir = join(base, 'runs/faults/run');
  const { rows } = await checkRun(runDir, 'plain', 0, logged);
  must(rows === logged, 'I1', () => `${what}: ${rows} rows of ${logged}`);
  const { status } = await readRun(runDir);
  must(status === way.status, 'I5', () => `${what}: reads as ${status}, not ${way.status}`);
  const recovered = await recoverRun(runDir);
  must(recovered.status === way.status, 'I5', () => `${what}: recovered as ${recovered.status}`);
  must(
    (await checkRun(runDir, 'plain', 0, logged)).rows === logged,
    'I6',
    () => `${what}: after the recovery`,
  );
  checkTidy(runDir);
  tally.readerOpens += await readByOthers(runDir);
  const tookMs = Math.max(0, doneAt - endingAt);
  must(tookMs < EXIT_MS, 'I7', () => `${what}: the exit took ${tookMs} ms`);
  tally.worstExitMs = Math.max(tally.worstExitMs, tookMs);
  tally.rowsAcknowledged += logged;
  tally.cases++;
  rmSync(base, { recursive: true });
  return tookMs;
}

async function run(
  way: ExitWay,
  durability: string,
  base: string,
  account: string,
): Promise<{ readonly ended: number | NodeJS.Signals | null; readonly at: number; readonly stderr: string }> {
  const child = spawn(
    process.execPath,
    [...(way.args ?? []), '--input-type=module', '--eval', programOf(way, durability, base, account)],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS, killSignal: 'SIGKILL', cwd: base },
  );
  // Nobody reads what it prints; what writes on finds its pipe closed.
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return { ended: signal ?? code, at: Date.now(), stderr };
}

function programOf(way: ExitWay, durability: string, base: string, account: string): string {
  const { code, options = '', unhookable = false, atOnce = false } = way;
  const rows = atOnce ? 1 : LOGGED;
  return `
    import { appendFileSync, writeFileSync } from 'node:fs';
    import { ExperimentConfig, LoggingEngine } from ${JSON.stringify(DIST)};
    import { rowOf } from ${JSON.stringify(ROWS)};
    const ending = () => writeFileSync(${JSON.stringify(account)}, ${rows} + ' ' + Date.now());
    const done = () => appendFileSync(${JSON.stringify(account)}, ' ' + Date.now());
    const forEver = () => new Promise(() => setInterval(() => undefined, 1000));
    const run = new LoggingEngine(new ExperimentConfig('faults', ${JSON.stringify(join(base, 'runs'))}, {
      runName: 'run', environment: false, durability: '${durability}', ${options}
    }));
    for (let step = 0; step < ${rows}; step++) run.logMetrics(rowOf('plain', 0, step), step);
    ${unhookable ? 'await run.flush();' : ''}
    ${code}`;
}
