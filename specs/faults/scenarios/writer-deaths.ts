import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRun } from 'expman-rx/reader';
import { checkWholeness } from '../check-end.js';
import { checkRun, must } from '../check-run.js';
import { rowsLogged, runDirOf, startProgram, type Ended } from '../program.js';
import { randomFrom, type Random, type Scenario, type ScenarioContext } from '../scenario.js';

const FAULTY = fileURLToPath(new URL('../../support/faulty-writer.mjs', import.meta.url));
// A SIGSEGV is not among them: it takes native code to have one, and it ends the process, not a thread of it; what then
// holds is what holds after any signal, see `exits`.
const WAYS = ['throw', 'reject', 'exit', 'terminate', 'heap', 'loop'] as const;
const AT_ONCE = 2;

/** What happens in one process. */
interface Death {
  readonly way: (typeof WAYS)[number];
  readonly runs: number;
  readonly durability: 'process' | 'power';
  /** Rows before the fault, at once after it, and once the successor is there; of each run. */
  readonly before: number;
  readonly after: number;
  readonly later: number;
  readonly waitMs: number;
  readonly flushIntervalMs: number;
  /** How the successor dies, too. */
  readonly second: 'exit' | 'throw' | 'terminate' | null;
  readonly last: 'close' | 'exit';
}

/** The writer thread dies in every way JavaScript has, once and twice, with one and several runs open. */
export const writerDeaths: Scenario = {
  name: 'the death of the writer thread',
  rows: [21],
  run: async (context) => {
    const each = context.amount(10, 200);
    let number = 0;
    const worker = async (): Promise<void> => {
      while (number < each * WAYS.length && context.goOn()) {
        const at = number++;
        const way = WAYS[at % WAYS.length] ?? 'throw';
        await die(
          context,
          deathOf(randomFrom(context.seed * 31 + at), way),
          join(context.folder, `death${at}`),
        );
        context.progress(`${at + 1} of ${each * WAYS.length}, by ${way}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await blockHolds(context);
  },
};

/** A burst far beyond `maxBufferedBytes` once the caller's own thread writes: it waits, it loses nothing. */
async function blockHolds({ folder: parent, tally }: ScenarioContext): Promise<void> {
  const folder = join(parent, 'block');
  const options = JSON.stringify({ flushIntervalMs: 20, maxBufferedBytes: 1024 * 1024 });
  const code = `
    const run = open(${options});
    const seen = [];
    run.health$.subscribe(({ degraded }) => void seen.push(degraded?.code));
    for (const code of ['WRITER_REPLACED', 'WRITER_IN_THREAD']) {
      await flush();
      breakWriter('exit');
      while (!seen.includes(code)) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await flush();
    log(100_000);
    const { rows, dropped } = await run.close();
    tell({ rows, dropped });`;
  const { told, exit, stderr } = await startProgram({ folder, code, nodeArgs: ['--import', FAULTY] }).ended;
  must(
    exit === 0 && told[0]?.['rows'] === 100_000 && told[0]['dropped'] === 0,
    'I1',
    () => `backpressure 'block' on the caller's thread: ${JSON.stringify(told)} ${stderr}`,
  );
  tally.cases++;
  rmSync(folder, { recursive: true });
}

function deathOf(random: Random, way: Death['way']): Death {
  return {
    way,
    runs: random.chance(0.5) ? 1 : 2 + random.below(6),
    durability: random.pick(['process', 'power'] as const),
    before: 1 + random.below(3000),
    after: random.below(3000),
    later: random.below(1500),
    waitMs: random.below(40),
    flushIntervalMs: random.pick([5, 20, 500]),
    second: random.pick([null, null, 'exit', 'throw', 'terminate'] as const),
    last: random.pick(['close', 'close', 'exit'] as const),
  };
}

async function die(context: ScenarioContext, death: Death, folder: string): Promise<void> {
  const { ended } = startProgram({ folder, code: codeOf(death), nodeArgs: ['--import', FAULTY] });
  const end = await ended;
  const what = (): string =>
    `${JSON.stringify(death)}: ${JSON.stringify(end.told)} ${end.stderr.slice(0, 2000)}`;
  must(end.exit === (death.last === 'exit' ? 6 : 0), 'I7', () => `exit ${String(end.exit)}, ${what()}`);
  // V8 tells on stderr of a heap that is full; nobody else has anything to say.
  must(death.way === 'heap' || end.stderr === '', 'I7', () => `the child complained: ${what()}`);
  for (let index = 0; index < death.runs; index++) await checkSurvivor(death, end, folder, index, what);
  const { tally } = context;
  tally.cases++;
  tally.readerOpens += death.runs;
  tally.worstExitMs = Math.max(tally.worstExitMs, end.exitedAt - end.endedAt);
  for (const rows of end.account.flushed.values()) tally.rowsAcknowledged += rows;
  rmSync(folder, { recursive: true });
}

async function checkSurvivor(
  { last, second }: Death,
  { account, told }: Ended,
  folder: string,
  index: number,
  what: () => string,
): Promise<void> {
  const runDir = runDirOf(folder, index);
  const logged = rowsLogged(account, index);
  const { rows, status } = await checkRun(runDir, 'plain', index, account.flushed.get(index) ?? 0);
  must(rows === logged, 'I1', () => `${runDir}: ${rows} rows of the ${logged} that were logged, ${what()}`);
  must(status === (last === 'exit' ? 'FAILED' : 'FINISHED'), 'I5', () => `${runDir} is ${status}, ${what()}`);
  const code = second === null ? 'WRITER_REPLACED' : 'WRITER_IN_THREAD';
  const { degraded } = await readRun(runDir);
  const { code: inFile, message } = (degraded ?? {}) as { readonly code?: string; readonly message?: string };
  must(
    inFile === code && (message ?? '').includes('the writer thread died ('),
    'I10',
    () => `${runDir}: run.yaml says ${JSON.stringify(degraded)}, ${what()}`,
  );
  const seen = told.find(({ run }) => run === index)?.['seen'];
  must(Array.isArray(seen) && seen.includes(code), 'I10', () => `health$ did not say ${code}, ${what()}`);
  await checkWholeness(runDir, rows, status, index);
}

function codeOf(death: Death): string {
  const { way, second, last, runs, durability, flushIntervalMs, before, after, later, waitMs } = death;
  const options = JSON.stringify({ durability, flushIntervalMs });
  // A writer hears of its end only once it is up.
  return `
    for (let index = 0; index < ${runs}; index++) open(${options});
    const seen = runs.map(() => []);
    runs.forEach(({ engine, index }) => engine.health$.subscribe(({ degraded }) => {
      if (degraded !== null && !seen[index].includes(degraded.code)) seen[index].push(degraded.code);
    }));
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const all = async (code) => { while (!seen.every((codes) => codes.includes(code))) { log(10); await wait(5); } };
    await flush();
    log(${before});
    await wait(${waitMs});
    breakWriter('${way}');
    log(${after});
    await all('WRITER_REPLACED');
    log(${later});
    ${
      second === null
        ? ''
        : `await flush(); log(${after}); breakWriter('${second}'); await all('WRITER_IN_THREAD'); log(${later});`
    }
    await flush();
    log(${before % 100});
    runs.forEach(({ index }) => tell({ run: index, seen: seen[index] }));
    ending();
    ${
      last === 'exit'
        ? 'process.exit(6);'
        : 'await Promise.all(runs.map(({ engine }) => engine.close())); note("C");'
    }`;
}
