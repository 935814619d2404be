import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkWholeness } from '../check-end.js';
import { checkRun, must } from '../check-run.js';
import { ENDS, type End } from '../ends.js';
import { exitTable, type ExitFigure } from '../exit-table.js';
import { oldestLossMs, rowsLogged, runDirOf, startProgram, type Ended } from '../program.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const DURABILITIES = ['process', 'power'] as const;
const WAL_INTERVAL_MS = 10;
/** What a busy machine may add to `walIntervalMs` before the writer gets its turn. */
const SCHEDULING_MS = 500;
/** An end may wait `exitTimeoutMs`, 5 s, for the last rows; Node and a busy machine come on top. */
const LONGEST_EXIT_MS = 6500;

/** Every way a process can end: what is there afterwards, what run.yaml says, and how long it took. */
export const exits: Scenario = {
  name: 'every way a process can end',
  rows: [19, 20, 22],
  unavailable: () => (process.platform === 'linux' ? null : 'it reads /proc and counts on signals'),
  run: async (context) => {
    const rounds = context.amount(3, 50);
    const figures: ExitFigure[] = [];
    let number = 0;
    // Round by round, so that each way has had its turn when the time is up.
    for (let round = 0; round < rounds; round++)
      for (const end of ENDS)
        for (const durability of DURABILITIES) {
          if (!context.goOn()) continue;
          figures.push(await endOnce(context, end, durability, number++));
          context.progress(`round ${round + 1} of ${rounds}, ${end.event}`);
        }
    // For the README.
    if (process.env['FAULTS_TABLE'] !== undefined) console.log(`\n${exitTable(figures)}\n`);
  },
};

async function endOnce(
  context: ScenarioContext,
  end: End,
  durability: (typeof DURABILITIES)[number],
  number: number,
): Promise<ExitFigure> {
  const folder = join(context.folder, `end${number}`);
  const options = JSON.stringify({ walIntervalMs: WAL_INTERVAL_MS, durability, ...end.options });
  const logged = end.whole === true ? '' : 'const run = open(OPTIONS); log(500); await flush(); log(1000);';
  const running = startProgram({ ...end, folder, code: `const OPTIONS = ${options}; ${logged} ${end.code}` });
  let actedAt: number | null = null;
  if (end.act !== undefined) {
    await running.ready();
    await end.act(running.child, Math.max(2000, context.amount(2000, 30_000)));
    actedAt = Date.now();
  }
  const ended = await running.ended;
  const at = ended.endedAt === ended.exitedAt ? (actedAt ?? ended.exitedAt) : ended.endedAt;
  const figure = await check(context, end, durability, folder, { ...ended, endedAt: at });
  rmSync(folder, { recursive: true, force: true });
  return figure;
}

async function check(
  { tally }: ScenarioContext,
  end: End,
  durability: string,
  folder: string,
  ended: Ended,
): Promise<ExitFigure> {
  const { event, every, withinMs = LONGEST_EXIT_MS } = end;
  const { account, exit, stderr, endedAt, exitedAt } = ended;
  const what = `${event}, durability '${durability}'`;
  must(exit === end.exit, 'I7', () => `${what}: exit ${String(exit)}, not ${end.exit}: ${stderr}`);
  must(end.loud === true || stderr === '', 'I7', () => `${what}: the child complained: ${stderr}`);
  const runDir = runDirOf(folder);
  const claimed = rowsLogged(account);
  const flushed = account.flushed.get(0) ?? 0;
  const { rows, status, tornBytes } = await checkRun(runDir, 'plain', 0, flushed);
  must(status === end.status, 'I5', () => `${what}: the status is ${status}, not ${end.status}`);
  must(rows === claimed || !every, 'I1', () => `${what}: ${rows} rows of the ${claimed} that were logged`);
  const lossMs = oldestLossMs(account, 0, rows, endedAt);
  must(
    (lossMs ?? 0) <= WAL_INTERVAL_MS + SCHEDULING_MS,
    'I1',
    () => `${what}: rows of ${String(lossMs)} ms before the end are missing (${rows} of ${claimed})`,
  );
  const exitMs = exitedAt - endedAt;
  must(exitMs <= withinMs, 'I7', () => `${what}: the exit took ${exitMs} ms`);
  await checkWholeness(runDir, rows, status);
  tally.cases++;
  if (typeof exit === 'string') tally.kills++;
  if (tornBytes > 0) tally.tornTails++;
  tally.readerOpens++;
  tally.rowsAcknowledged += flushed;
  tally.rowsLost += Math.max(0, claimed - rows);
  tally.worstLossMs = Math.max(tally.worstLossMs, lossMs ?? 0);
  tally.worstExitMs = Math.max(tally.worstExitMs, exitMs);
  const rowsMissing = Math.max(0, claimed - rows);
  return { event, durability, status, exit: String(exit), rowsMissing, lossMs, exitMs };
}
