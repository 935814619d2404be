import { cpSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectRun, readRun, recoverRun } from 'expman-rx/reader';
import { nodeFs } from '../../../src/storage/node-fs.js';
import { verifyRun } from '../../../src/reader/verify-run.js';
import { checkRun, checkTidy, must } from '../check-run.js';
import { checkTrue, typedOrNull } from '../check-true.js';
import { drive, type Told } from '../driven.js';
import { readByOthers } from '../other-readers.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

/** What somebody does by hand to a run's folder. */
const HANDS = {
  parquet: (folder: string) => removed(folder, /^metrics\.parquet$/),
  both: (folder: string) => removed(folder, /^wal-|^metrics\.parquet$/),
  wal: (folder: string) => removed(folder, /^wal-/),
  temp: (folder: string) => removed(folder, /\.tmp$/),
  lock: (folder: string) => removed(folder, /^run\.lock$/),
  yaml: (folder: string) => removed(folder, /^run\.yaml$/),
  replaced: (folder: string) => {
    removed(folder, /^metrics\.parquet$/);
    writeFileSync(join(folder, 'metrics.parquet'), Buffer.alloc(50_000_000, 'PAR1'));
  },
  emptied: (folder: string) => truncateSync(join(folder, 'metrics.parquet')),
} as const;
type Hand = keyof typeof HANDS;
const NAMES = Object.keys(HANDS) as Hand[];

/** Rows before and after; with the many, row groups are sealed: those are in no memory any more. */
const SIZES = { few: 60, many: 140_000 } as const;
const SIZE_NAMES = ['many', 'few'] as const;
/** What takes away bytes that sealed rows are in. */
const HURTS_SEALED: ReadonlySet<Hand> = new Set(['parquet', 'both', 'temp', 'replaced', 'emptied']);
/** Whether more rows come behind the deletion. */
const MORE = [true, false] as const;

/** What is deleted, or replaced, by hand. */
export const deletions: Scenario = {
  name: 'files of a run deleted or replaced by hand, while it is open and after its owner died',
  rows: [35],
  run: async (context) => {
    const rounds = context.amount(1, 10);
    for (let round = 0; round < rounds; round++) {
      await afterDeath(context, join(context.folder, `dead${round}`));
      // What hurts most comes first, for when there is little time.
      for (const hand of NAMES)
        for (const size of SIZE_NAMES.filter((each) => each === 'few' || HURTS_SEALED.has(hand)))
          for (const more of MORE) if (context.goOn()) await whileOpen(context, { hand, size, more, round });
    }
  },
};

interface LiveCase {
  readonly hand: Hand;
  readonly size: keyof typeof SIZES;
  readonly more: boolean;
  readonly round: number;
}

async function whileOpen(context: ScenarioContext, { hand, size, more, round }: LiveCase): Promise<void> {
  const what = `${hand} of an open run with ${size} rows, ${more ? 'then more' : 'then its close'}`;
  const folder = join(context.folder, `${hand}-${size}-${String(more)}-${round}`);
  mkdirSync(folder);
  const first = SIZES[size];
  const rows = more ? first + 100 : first;
  const child = drive(folder, LIVE(first, rows));
  const { ready } = await child.next();
  must(ready === true, 'I7', () => `${what}: the child did not get ready: ${child.stderr()}`);
  const runDir = join(folder, 'faults/run');
  HANDS[hand](runDir);
  child.ask('go on');
  const told = await child.next();
  await child.ended;
  must(told['ended'] !== true && child.stderr() === '', 'I7', () => `${what}: ${child.stderr()}`);
  context.tally.cases++;
  context.progress(`${what}: ${JSON.stringify(told)}`);
  if (told['code'] === 'FINISHED') await isWhole(context, runDir, rows, what);
  else await isHonest(runDir, { hand, told, rows, what });
  rmSync(folder, { recursive: true });
}

/** What a close that succeeded promises. */
async function isWhole(
  { tally }: ScenarioContext,
  runDir: string,
  rows: number,
  what: string,
): Promise<void> {
  const found = await checkRun(runDir, 'plain', 0, rows);
  must(found.status === 'FINISHED', 'I5', () => `${what}: closed, and ${found.status}`);
  const { problems } = verifyRun(nodeFs, runDir);
  must(problems.length === 0, 'I3', () => `${what}: ${JSON.stringify(problems)}`);
  checkTidy(runDir);
  // DuckDB gives a hundred thousand rows to JavaScript in seconds.
  if (rows < SIZES.many) tally.readerOpens += await readByOthers(runDir);
}

/** Sealed rows that were overwritten are nowhere else; all else is in memory, in the log or behind an open descriptor. */
const MAY_FAIL: ReadonlySet<Hand> = new Set(['lock', 'emptied']);

async function isHonest(
  runDir: string,
  { hand, told, rows, what }: { hand: Hand; told: Told; rows: number; what: string },
): Promise<void> {
  must(MAY_FAIL.has(hand), 'I1', () => `${what}: its close ended with ${JSON.stringify(told)}`);
  const code = String(told['code']);
  must(['WRITE_FAILED', 'FENCED', 'CORRUPT'].includes(code), 'I7', () => `${what}: ${JSON.stringify(told)}`);
  if (hand !== 'lock') {
    const { degraded } = await inspectRun(runDir);
    must(degraded !== undefined, 'I10', () => `${what}: run.yaml does not say that the run is degraded`);
    must(walOf(runDir).length > 0, 'I1', () => `${what}: the close failed, and the log is gone`);
  }
  await typedOrNull(what, () => recoverRun(runDir));
  await typedOrNull(what, () => checkTrue(runDir, rows, what));
}

async function afterDeath(context: ScenarioContext, folder: string): Promise<void> {
  mkdirSync(folder);
  const child = drive(folder, DEAD);
  const { published } = await child.next();
  const { ready } = await child.next();
  must(ready === true, 'I7', () => `the child did not get ready: ${child.stderr()}`);
  child.child.kill('SIGKILL');
  await child.ended;
  context.tally.kills++;
  const original = join(folder, 'faults/run');
  const all = (await readRun(original)).rows;
  must(all === 200, 'I1', () => `${all} of 200 acknowledged rows`);
  for (const hand of NAMES) {
    const copy = join(folder, 'faults', hand);
    cpSync(original, copy, { recursive: true });
    HANDS[hand](copy);
    await ofTheDead(copy, hand, Number(published));
    context.tally.cases++;
  }
  rmSync(folder, { recursive: true });
}

/** Rows that what is left holds: all, those that were published, those that were not, none; null for a typed error. */
async function ofTheDead(runDir: string, hand: Hand, published: number): Promise<void> {
  const what = `${hand} of a run whose owner died`;
  const left = { wal: published, both: 0, temp: 200, lock: 200, yaml: null }[hand as string];
  const read = await typedOrNull(what, () => checkTrue(runDir, 200, what));
  if (left !== undefined)
    must(read === left, 'I2', () => `${what}: ${String(read)} rows read, not ${String(left)}`);
  const before = snapshot(runDir);
  const recovery = await typedOrNull(what, () => recoverRun(runDir));
  if (recovery === null) {
    must(snapshot(runDir) === before, 'I6', () => `${what}: a recovery that failed changed the folder`);
    return;
  }
  const rows = await checkTrue(runDir, 200, what);
  if (left !== undefined)
    must(rows === left, 'I2', () => `${what}: ${rows} rows recovered, not ${String(left)}`);
  // Published rows that are gone are told of, with their number.
  if (['parquet', 'replaced', 'emptied'].includes(hand)) {
    must(
      rows === 200 - published,
      'I1',
      () => `${what}: ${rows} of ${200 - published} rows of the log recovered`,
    );
    must(recovery.missingRecords > 0, 'I10', () => `${what}: the recovery tells of no missing records`);
  }
  must(!(await recoverRun(runDir)).changed, 'I6', () => `${what}: a second recovery changed something`);
  const child = drive(join(runDir, '../..'), AGAIN(hand));
  const told = await child.next();
  await child.ended;
  must(
    told['code'] === 'FINISHED',
    'I1',
    () => `${what}: going on ended with ${JSON.stringify(told)} ${child.stderr()}`,
  );
  must(
    (await checkTrue(runDir, 300, what)) === rows + 100,
    'I1',
    () => `${what}: not all rows are there behind going on`,
  );
  checkTidy(runDir);
}

const walOf = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith('wal-'));
const snapshot = (folder: string): string => readdirSync(folder).sort().join(' ');

function removed(folder: string, names: RegExp): void {
  for (const name of readdirSync(folder)) if (names.test(name)) rmSync(join(folder, name));
}

const PUBLISHED = `
    const { firstValueFrom, filter } = await import('rxjs');
    const until = (rows) => firstValueFrom(run.health$.pipe(filter(({ published }) => published >= rows)));`;

const LIVE = (first: number, rows: number): string => `
    const run = open({ runName: 'run', flushIntervalMs: 5, exitTimeoutMs: 300 });
    ${PUBLISHED}
    for (let step = 0; step < ${first}; step++) run.logMetrics(rowOf('plain', 0, step), step);
    await run.flush();
    await until(${first});
    say({ ready: true });
    await asked();
    for (let step = ${first}; step < ${rows}; step++) run.logMetrics(rowOf('plain', 0, step), step);
    const code = await run.close().then(({ status }) => status, (error) => error.code + ': ' + error.message);
    say({ code: code.split(':')[0], message: code });`;

const DEAD = `
    const run = open({ runName: 'run', flushIntervalMs: 1500 });
    ${PUBLISHED}
    for (let step = 0; step < 120; step++) run.logMetrics(rowOf('plain', 0, step), step);
    await run.flush();
    await until(120);
    say({ published: 120 });
    for (let step = 120; step < 200; step++) run.logMetrics(rowOf('plain', 0, step), step);
    await run.flush();
    say({ ready: true });
    await asked();`;

const AGAIN = (name: string): string => `
    const run = open({ runName: ${JSON.stringify(name)}, resume: 'must' });
    for (let step = 200; step < 300; step++) run.logMetrics(rowOf('plain', 0, step), step);
    say({ code: await run.close().then(({ status }) => status, (error) => error.code + ': ' + error.message) });`;
