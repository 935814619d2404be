import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { must } from '../check-run.js';
import { mortal } from '../mortal.js';
import { drive } from '../driven.js';
import { expman } from '../../support/cli.js';
import { randomFrom, type Random, type Scenario, type ScenarioContext } from '../scenario.js';

const FUZZER = fileURLToPath(new URL('../fuzzer.mjs', import.meta.url));
const HANG_MS = 20_000;
const MOST_MS = 2_000;
const MOST_RSS = 512 * 1024 * 1024;
const CLI_PER_INPUTS = 300;

/** Bytes that nobody wrote, for everything that reads. */
export const fuzz: Scenario = {
  name: 'mutated logs, Parquet, YAML, locks and arguments; hostile YAML a thousand times in one process',
  rows: [29, 30],
  run: async (context) => {
    const inputs = context.amount(4_000, 2_000_000);
    const runDir = await cutOffRun(context);
    await feed(context, runDir, inputs);
    await commandLines(context, runDir, Math.ceil(inputs / CLI_PER_INPUTS));
  },
};

async function cutOffRun({ folder }: ScenarioContext): Promise<string> {
  const child = drive(folder, CUT_OFF);
  must((await child.next())['ready'] === true, 'I7', () => child.stderr());
  child.child.kill('SIGKILL');
  await child.ended;
  return join(folder, 'faults/run');
}

async function feed(
  { seed, tally, progress }: ScenarioContext,
  runDir: string,
  inputs: number,
): Promise<void> {
  const child = mortal(
    spawn(process.execPath, [FUZZER, runDir, String(seed), String(inputs)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let last = '';
  let watchdog = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  let first = 0;
  for await (const line of createInterface(child.stdout)) {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
    const told = JSON.parse((last = line)) as FuzzerTold;
    if (told.done === undefined) continue;
    first ||= told.rss;
    must(told.slow.ms < MOST_MS, 'I7', () => `${told.slow.what} took ${told.slow.ms.toFixed(0)} ms`);
    must(
      told.rss - first < MOST_RSS,
      'I8',
      () => `${told.target}: ${told.rss} bytes resident, ${first} before`,
    );
    tally.cases += told.done;
    progress(line);
  }
  clearTimeout(watchdog);
  const [code, signal] = await ended;
  must(
    code === 0,
    'I7',
    () => `the fuzzer ended with ${String(signal ?? code)}, behind ${last}: ${stderr.slice(0, 2000)}`,
  );
}

interface FuzzerTold {
  readonly target: string;
  readonly done?: number;
  readonly rss: number;
  readonly slow: { readonly ms: number; readonly what: string };
}

const WORDS = [
  'inspect',
  'verify',
  'recover',
  'help',
  'insepct',
  '',
  '__proto__',
  'constructor',
  '-h',
  '--version',
  '--json',
  '--debug',
  '--dry-run',
];
const PLACES = [
  '/',
  '.',
  '..',
  '/proc/self',
  '/dev/null',
  '/dev/zero',
  '/etc/passwd',
  '/nobody/there',
  '--',
  '-',
  '$(id)',
  '*',
  '\u001b[2J\u202e',
  'a'.repeat(5_000),
  '-'.repeat(300),
  '--json=1',
  '--x',
];

/** A command ends by itself, with a code of its own and without a trace of its insides. */
async function commandLines(
  { seed, tally, goOn }: ScenarioContext,
  runDir: string,
  count: number,
): Promise<void> {
  const random = randomFrom(seed);
  for (let done = 0; done < count && goOn(); done++) {
    const args = argsOf(random, runDir);
    const { exit, stderr } = await expman(...args);
    must(
      [0, 1, 2, 3, 4].includes(exit),
      'I7',
      () => `expman ${args.join(' ')} exits with ${exit}: ${stderr}`,
    );
    must(
      args.includes('--debug') || !/\n {4}at /.test(stderr),
      'I7',
      () => `expman ${args.join(' ')}: ${stderr}`,
    );
    tally.cases++;
  }
}

/** Not below `/`, which would take long, and never a recovery of what is not this scenario's. */
function argsOf(random: Random, runDir: string): string[] {
  const word = random.pick(WORDS);
  const places =
    word === 'recover'
      ? [runDir, '/nobody/there', '--x']
      : [...PLACES.slice(1), runDir, `${runDir}/run.yaml`];
  return [
    word,
    ...Array.from({ length: random.below(3) }, () =>
      random.pick(random.chance(0.3) ? WORDS.slice(5) : places),
    ),
  ];
}

const CUT_OFF = `
    const run = open({ runName: 'run', flushIntervalMs: 300 });
    const { firstValueFrom, filter } = await import('rxjs');
    for (let step = 0; step < 60; step++) run.logMetrics(rowOf('mixed', 0, step), step);
    run.logParams({ model: { layers: 3, name: 'm', rates: [0.1, 1e-5] }, seed: 7 });
    run.logger.info('a line');
    await firstValueFrom(run.health$.pipe(filter(({ published }) => published >= 60)));
    for (let step = 60; step < 90; step++) run.logMetrics(rowOf('mixed', 0, step), step);
    await run.flush();
    await new Promise((resolve) => setTimeout(resolve, 150));
    say({ ready: true });
    await asked();`;
