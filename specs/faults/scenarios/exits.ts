import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkWholeness } from '../check-end.js';
import { checkRun, must } from '../check-run.js';
import { DelayProbe } from '../delay-probe.js';
import { ENDS, type End } from '../ends.js';
import { exitTable, type ExitFigure } from '../exit-table.js';
import { oldestLossMs } from '../plan.js';
import { rowsLogged, runDirOf, startProgram, type Ended } from '../program.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const DURABILITIES = ['process', 'power'] as const;
const WAL_INTERVAL_MS = 10;
/** What may be added to `walIntervalMs` before the writer gets its turn, beyond what the probe measures. */
const SCHEDULING_MS = 500;
/** An end may wait `exitTimeoutMs`, 5 s, for the last rows; Node and a busy machine come on top. */
const LONGEST_EXIT_MS = 6500;

interface ExitContext extends ScenarioContext {
  readonly probe: DelayProbe;
}

/** Every way a process can end: what is there afterwards, what run.yaml says, and how long it took. */
export const exits: Scenario = {
  name: 'every way a process can end',
  rows: [19, 20, 22],
  unavailable: () => (process.platform === 'linux' ? null : 'it reads /proc and counts on signals'),
  run: async (context) => {
    const rounds = context.amount(3, 50);
    // Round by round, so that each way has had its turn when the time is up.
    const cases = Array.from({ length: rounds }, () =>
      ENDS.flatMap((end) => DURABILITIES.map((durability) => ({ end, durability }))),
    ).flat();
    const figures: ExitFigure[] = [];
    let number = 0;
    const probe = new DelayProbe(join(context.folder, 'probe'));
    const worker = async (): Promise<void> => {
      while (number < cases.length && context.goOn()) {
        const at = number++;
        const { end, durability } = cases[at] ?? {};
        if (end === undefined || durability === undefined) return;
        figures.push(await endOnce({ ...context, probe }, end, durability, at));
        context.progress(`${at + 1} of ${cases.length}, ${end.event}`);
      }
    };
    // For the README; its times are taken one by one.
    const isTableWanted = process.env['FAULTS_TABLE'] !== undefined;
    await Promise.all(Array.from({ length: isTableWanted ? 1 : 2 }, worker)).finally(() => probe.end());
    if (isTableWanted) console.log(`\n${exitTable(figures)}\n`);
  },
};

async function endOnce(
  context: ExitContext,
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
  { tally, probe }: ExitContext,
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
  const expected = [end.status].flat();
  must(expected.includes(status), 'I5', () => `${what}: the status is ${status}, not ${expected.join(', ')}`);
  must(rows === claimed || !every, 'I1', () => `${what}: ${rows} rows of the ${claimed} that were logged`);
  const lossMs = oldestLossMs(account, 0, rows, endedAt);
  const delayMs = probe.worstSince(endedAt - (lossMs ?? 0));
  must(
    (lossMs ?? 0) <= WAL_INTERVAL_MS + SCHEDULING_MS + delayMs,
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
