import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expmanHere } from '../support/cli-here.js';
import { must } from './check-run.js';
import type { Plan } from './plan.js';
import { rowOf } from './rows.mjs';
import type { Random } from './scenario.js';

/** A run whose process is dead, and what it must be said to hold. */
export interface Account {
  readonly runDir: string;
  readonly shape: Plan['shape'];
  readonly index: number;
  /** Steps 0 to rows - 1 are there. */
  readonly rows: number;
  /** Calls that are gone; in the words of the harness, none after a kill alone. */
  readonly lost: number;
}

/** What a command says of one run. */
type Said = Readonly<Record<string, unknown>>;

/** Commands are run in this process, whose output is one: each waits for the one before it. */
let asked: Promise<unknown> = Promise.resolve();

/** Asks a command, and holds its exit code to what it must be. */
async function ask(command: string, runDir: string, exit: number): Promise<unknown> {
  const turn = asked.then(() => expmanHere(command, runDir, '--json'));
  asked = turn.catch(() => undefined);
  const end = await turn;
  must(
    end.exit === exit,
    'I11',
    () =>
      `expman ${command} ${runDir} exits with ${end.exit}, not ${exit}: ${end.stderr}${end.stdout.slice(0, 2_000)}`,
  );
  return JSON.parse(end.stdout);
}

const first = (said: unknown): Said => (Array.isArray(said) ? said[0] : said) as Said;

function says(command: string, runDir: string, said: Said, wanted: Said): void {
  for (const [key, value] of Object.entries(wanted))
    must(
      JSON.stringify(said[key]) === JSON.stringify(value),
      'I11',
      () =>
        `expman ${command} ${runDir} says ${key} ${JSON.stringify(said[key])}, not ${JSON.stringify(value)}`,
    );
}

/** The parts of doctor's findings that are compared with the account. */
const DIED = 'whose process has died';
const LOST = /^1 run has lost ([\d,]+) calls?: /;

/** Compares what doctor says of a dead run with its files and the account: whether its process died, and how many calls are lost. */
async function checkDoctor(runDir: string, lost: number): Promise<void> {
  const findings = ((await ask('doctor', runDir, 0)) as readonly Said[]).map(({ what }) => String(what));
  const said = {
    died: findings.some((what) => what.includes(DIED) && what.includes(runDir)),
    lost: findings.map((what) => LOST.exec(what)?.[1]).find((count) => count !== undefined),
  };
  says('doctor', runDir, said, {
    died: existsSync(join(runDir, 'run.lock')),
    lost: lost === 0 ? undefined : lost.toLocaleString('en-US'),
  });
}

/**
 * Recovers a run by `recover`, or by `reap` that finds by itself what a process has left, and returns what was said of it. A reap that is asked
 * again finds nothing.
 */
async function recoverBy(command: 'recover' | 'reap', runDir: string, exit: number): Promise<Said> {
  const { status } = first(await ask('list', runDir, 0));
  const isLeft =
    status === 'RUNNING' ||
    readdirSync(runDir).some((name) => name === 'run.lock' || name.startsWith('wal-'));
  const { recovered } = (await ask(command, runDir, command === 'recover' || isLeft ? exit : 0)) as {
    recovered: readonly Said[];
  };
  must(
    recovered.length === (command === 'recover' || isLeft ? 1 : 0),
    'I11',
    () => `expman ${command} ${runDir} has recovered ${recovered.length} runs; it was ${String(status)}`,
  );
  says('reap', runDir, (await ask('reap', runDir, 0)) as Said, { recovered: [], failed: [] });
  return recovered[0] ?? {};
}

/**
 * Compares what inspect, list, verify and doctor say of a dead run, exit codes included, with the account: silent where nothing is
 * lost, the true number where something is.
 *
 * @returns how long the run is said to have lasted, which a recovery must not change
 */
export async function checkStatements({ runDir, shape, index, rows, lost }: Account): Promise<unknown> {
  const counts = { rows, accepted: rows + lost, rewound: 0, dropped: 0, invalid: 0, lost };
  const lastStep = rows === 0 ? null : rows - 1;
  const inspected = first(await ask('inspect', runDir, 0));
  says('inspect', runDir, inspected, { ...counts, lastStep });
  const listed = first(await ask('list', runDir, 0));
  says('list', runDir, listed, counts);
  const isWhole = lost === 0;
  says('verify', runDir, first(await ask('verify', runDir, isWhole ? 0 : 2)), {
    ...{ rows, lost },
    ...(isWhole && { losses: [], problems: [] }),
  });
  await checkDoctor(runDir, lost);
  if (isWhole)
    checkSummaries(runDir, inspected['metrics'] as Readonly<Record<string, Said>>, { shape, index, rows });
  return inspected['durationMs'];
}

/** Recovers a dead run by recover or reap, which must say what is lost and nothing else, and changes no other statement. */
export async function checkRecovery(account: Account): Promise<void> {
  const { runDir, rows, lost } = account;
  const before = await checkStatements(account);
  const command = account.index % 2 === 0 ? 'recover' : 'reap';
  const said = await recoverBy(command, runDir, lost === 0 ? 0 : 2);
  if (said['runDir'] !== undefined) says(command, runDir, said, { rows, lost, missingRecords: 0 });
  for (let look = 0; look < 2; look++) {
    const after = await checkStatements(account);
    must(
      after === before,
      'I11',
      () => `${runDir} lasted ${String(before)} ms, and ${String(after)} when recovered`,
    );
  }
}

/** Figures of the numbers and booleans that rows 0 to rows - 1 hold, worked out one by one. */
function checkSummaries(
  runDir: string,
  metrics: Readonly<Record<string, Said>>,
  { shape, index, rows }: Pick<Account, 'shape' | 'index' | 'rows'>,
): void {
  const wanted = new Map<string, { count: number; texts: number; least: number; greatest: number }>();
  for (let step = 0; step < rows; step++)
    for (const [metric, value] of Object.entries(rowOf(shape, index, step))) {
      const tally = wanted.get(metric) ?? { count: 0, texts: 0, least: Infinity, greatest: -Infinity };
      wanted.set(metric, tally);
      tally.count++;
      if (typeof value === 'string') tally.texts++;
      else if (!Number.isNaN(Number(value))) {
        tally.least = Math.min(tally.least, Number(value));
        tally.greatest = Math.max(tally.greatest, Number(value));
      }
    }
  for (const [metric, { count, texts, least, greatest }] of wanted) {
    const { min, max, ...said } = metrics[metric] ?? {};
    says('inspect', `${runDir}, ${metric},`, said, { count, ...(texts > 0 && { texts }) });
    if (least <= greatest)
      must(
        Number(min) === least && Number(max) === greatest,
        'I11',
        () =>
          `${runDir}: ${metric} is said to be ${String(min)} to ${String(max)}, not ${least} to ${greatest}`,
      );
  }
}

/**
 * Flips a byte in the newest segment of a copy of a dead run, and holds what is said of it to what was there: every row is
 * there or counted as lost, before and after a recovery, and exit codes say so.
 */
export async function checkDamage({ runDir, rows }: Account, random: Random): Promise<void> {
  const copy = `${runDir}-damaged`;
  cpSync(runDir, copy, { recursive: true });
  try {
    const segment = readdirSync(copy)
      .filter((name) => name.startsWith('wal-'))
      .sort()
      .at(-1);
    if (segment === undefined) return;
    const path = join(copy, segment);
    const bytes = readFileSync(path);
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    writeFileSync(path, bytes);
    const where = `${copy} (byte ${at} of ${bytes.length} of ${segment})`;
    const found = first(await ask('inspect', copy, 0));
    const [lost, torn] = [Number(found['lost']), Number(found['tornBytes'])];
    const there = Number(found['rows']) + Number(found['rowsBehindGap']);
    must(
      torn > 0 ? there + lost <= rows : there + lost === rows,
      'I11',
      () => `${where}: ${there} rows and ${lost} lost, of ${rows}`,
    );
    const isDamaged = lost > 0 || (found['corrupt'] as readonly unknown[]).length > 0;
    await ask('verify', copy, isDamaged ? 2 : 0);
    await checkDoctor(copy, lost);
    const command = random.pick(['recover', 'reap'] as const);
    says(command, where, await recoverBy(command, copy, isDamaged ? 2 : 0), { rows: there, lost });
    for (let look = 0; look < 2; look++) {
      says('inspect', where, first(await ask('inspect', copy, 0)), { rows: there, lost });
      says('list', where, first(await ask('list', copy, 0)), { rows: there, lost });
      if (lost > 0) {
        const verified = first(await ask('verify', copy, 2));
        const losses = verified['losses'] as readonly { readonly calls: number; readonly file: string }[];
        const listed = {
          calls: losses.reduce((sum, { calls }) => sum + calls, 0),
          withoutPlace: losses.filter(({ file }) => file === '').length,
        };
        says('verify', where, { ...verified, ...listed }, { lost, calls: lost, withoutPlace: 0 });
      }
      await checkDoctor(copy, lost);
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}
