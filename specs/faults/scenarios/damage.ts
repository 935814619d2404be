import { join } from 'node:path';
import { ExpmanError } from '../../../src/model/errors.js';
import { readContents } from '../../../src/reader/inspect-run.js';
import { verifyRun } from '../../../src/reader/verify-run.js';
import { recoverRun } from '../../../src/writer/recover-run.js';
import { must } from '../check-run.js';
import { MemoryFs } from '../memory-fs.js';
import { rowOf } from '../rows.mjs';
import { randomFrom, type Random, type Scenario, type ScenarioContext } from '../scenario.js';
import { runSession, withBase, type SessionPlan } from '../session.js';

const PLAN: SessionPlan = {
  bursts: 30,
  rowsPerBurst: 12,
  shape: 'mixed',
  options: { flushIntervalMs: 1, flushIntervalRows: 100 },
};
const FILES = /^(wal-.*\.log|metrics\.parquet|run\.yaml|config\.yaml|run\.log|run\.lock)$/;

/** Reading takes a millisecond, a recovery some. */
const RECOVER_EVERY = 11;

/** A run of about 40 kB that was cut off, as bytes by name. */
interface CutOff {
  readonly folder: string;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly rows: number;
  /** Rows that are read while nothing is damaged. */
  readonly readable: number;
}

/** Every file cut at every byte. */
export const truncations: Scenario = {
  name: 'every file of a run truncated at every byte',
  rows: [5],
  run: (context) =>
    damageEvery(
      context,
      (bytes, _random, at) => (at < bytes.length ? bytes.subarray(0, at) : null),
      'cut at byte',
    ),
};

/** Every file with one bit flipped: one bit of every byte, or each of its eight. */
export const bitFlips: Scenario = {
  name: 'a bit flipped at every byte of every file',
  rows: [6],
  run: (context) => {
    const all = context.amount(1, 8) === 8;
    return damageEvery(
      context,
      (bytes, random, at) => {
        const [byte, bit] = all ? [at >> 3, at & 7] : [at, random.below(8)];
        if (byte >= bytes.length) return null;
        const flipped = Buffer.from(bytes);
        flipped[byte] = (flipped[byte] ?? 0) ^ (1 << bit);
        return flipped;
      },
      all ? 'flipped, bit' : 'a bit flipped in byte',
    );
  },
};

/** Pages zeroed, doubled, swapped or replaced, garbage behind the end. */
export const badPages: Scenario = {
  name: 'pages zeroed, doubled, swapped, garbage appended',
  rows: [7],
  run: async (context) => {
    const cases = context.amount(2000, 100_000);
    await damageEvery(
      context,
      (bytes, random, at) => (at < cases / 4 ? mangled(bytes, random) : null),
      'mangled, case',
    );
  },
};

async function damageEvery(
  { seed, tally, goOn, progress }: ScenarioContext,
  damage: (bytes: Buffer, random: Random, at: number) => Buffer | null,
  what: string,
): Promise<void> {
  const random = randomFrom(seed + 56);
  const run = await cutOffRun();
  for (const [name, bytes] of run.files) {
    for (let at = 0; goOn(); at++) {
      const damaged = damage(bytes, random, at);
      if (damaged === null) break;
      if (damaged.equals(bytes)) continue;
      await look(run, name, damaged, { what: `${name} ${what} ${at}`, recovers: at % RECOVER_EVERY === 0 });
      tally.cases++;
      if (at % 1000 === 0) progress(`${name}: ${at}`);
    }
  }
}

/** Whatever the damage: no wrong value is believed, and all that is thrown is a typed error. */
async function look(
  run: CutOff,
  name: string,
  damaged: Buffer,
  { what, recovers }: { readonly what: string; readonly recovers: boolean },
): Promise<void> {
  const fs = diskOf(run, name, damaged);
  try {
    const { table } = readContents(fs, run.folder);
    checkValues(table, run.rows, what);
  } catch (error) {
    must(
      error instanceof ExpmanError,
      'I7',
      () => `${what}: reading threw ${String((error as Error).stack)}`,
    );
  }
  const { problems } = verifyRun(fs, run.folder);
  // A changed byte of metrics.parquet is found, or it lies where nothing refers to, and then all values are as they were.
  if (name === 'metrics.parquet' && problems.length === 0) {
    const { numRows } = readContents(fs, run.folder).table;
    must(
      numRows === run.readable,
      'I3',
      () => `${what}: verify finds nothing, ${numRows} rows instead of ${run.readable}`,
    );
  }
  if (!recovers) return;
  try {
    await recoverRun(fs, run.folder);
  } catch (error) {
    must(
      error instanceof ExpmanError,
      'I7',
      () => `${what}: recovering threw ${String((error as Error).stack)}`,
    );
    return;
  }
  // Pages that are damaged stay so, and are told whenever they are read; a recovery mends the log only.
  if (name === 'metrics.parquet') return;
  checkValues(readContents(fs, run.folder).table, run.rows, `${what}, recovered`);
}

function checkValues(table: ReturnType<typeof readContents>['table'], logged: number, what: string): void {
  const steps = table.getChild('step');
  let last = -1;
  for (let row = 0; row < table.numRows; row += 7) {
    const step = Number(steps?.get(row));
    must(
      Number.isInteger(step) && step > last && step < logged,
      'I2',
      () => `${what}: row ${row} has step ${step}`,
    );
    last = step;
    for (const [metric, value] of Object.entries(rowOf(PLAN.shape, 0, step))) {
      const found: unknown = table.getChild(metric)?.get(row);
      must(
        Object.is(found, value) || found === String(value),
        'I3',
        () => `${what}: ${metric} of step ${step} is ${String(found)}`,
      );
    }
  }
}

/** A run whose process was killed: some rows published, some in the log alone. */
async function cutOffRun(): Promise<CutOff> {
  const fs = withBase(new MemoryFs());
  let moment = 0;
  const between = (burst: number): void => {
    if (burst === PLAN.bursts - 1) moment = fs.changes.length;
  };
  const { folder, rows } = await runSession(fs, { ...PLAN, between });
  const left = MemoryFs.replay(fs.changes, moment);
  const names = left.namesIn(folder).filter((name) => FILES.test(name));
  const files = new Map(names.map((name) => [name, left.bytesOf(join(folder, name))]));
  return { folder, rows, files, readable: readContents(left, folder).table.numRows };
}

function diskOf({ folder, files }: CutOff, damagedName: string, damaged: Buffer): MemoryFs {
  const fs = withBase(new MemoryFs());
  fs.makeFolder('/base/faults');
  fs.makeFolder(folder);
  for (const [name, bytes] of files) fs.overwrite(join(folder, name), name === damagedName ? damaged : bytes);
  fs.reboot();
  return fs;
}

function mangled(bytes: Buffer, random: Random): Buffer {
  const size = random.pick([64, 512, 4096]);
  const at = random.below(Math.max(1, bytes.length));
  const from = random.below(Math.max(1, bytes.length));
  const page = bytes.subarray(from, from + size);
  switch (random.below(5)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(size), bytes.subarray(at + size)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), page, bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), page, bytes.subarray(at + page.length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    default:
      return Buffer.concat([
        bytes,
        Buffer.from(Array.from({ length: 1 + random.below(size) }, () => random.below(256))),
      ]);
  }
}
