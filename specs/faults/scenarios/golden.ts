import { cpSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRun, recoverRun } from 'expman-rx/reader';
import { nodeFs } from '../../../src/storage/node-fs.js';
import { verifyRun } from '../../../src/reader/verify-run.js';
import { checkRun, checkTidy, must } from '../check-run.js';
import { drive } from '../driven.js';
import { readByOthers } from '../other-readers.js';
import type { Scenario, ScenarioContext } from '../scenario.js';

const GOLDEN = new URL('../golden/', import.meta.url);
const ROWS = 120;

/** Runs that every released version wrote, by `golden/make.mjs`. */
export const golden: Scenario = {
  name: 'runs of every released version: opened, read, taken up again, recovered',
  rows: [31],
  run: async (context) => {
    const versions = readdirSync(GOLDEN).filter((name) => name.endsWith('.json'));
    must(versions.length > 0, 'I3', () => 'there are no golden runs');
    for (const version of versions) await ofVersion(context, version);
  },
};

type Packed = Readonly<Record<'closed' | 'cut-off', Readonly<Record<string, string>>>>;

async function ofVersion({ folder, tally }: ScenarioContext, version: string): Promise<void> {
  const packed = JSON.parse(readFileSync(new URL(version, GOLDEN), 'utf8')) as Packed;
  for (const run of ['closed', 'cut-off'] as const) {
    const original = join(folder, version, 'faults', run);
    unpack(packed[run], original);
    await readsWell(original, run, `${version} ${run}`);
    for (const then of ['resumed', 'recovered'] as const) {
      const name = `${run}-${then}`;
      const copy = join(folder, version, 'faults', name);
      cpSync(original, copy, { recursive: true, preserveTimestamps: true });
      if (then === 'resumed') await resume(join(folder, version), name);
      // Of another host, and long ago.
      else await recoverRun(copy, { force: true });
      const { status, rows } = await checkRun(copy, 'mixed', 0, then === 'resumed' ? ROWS + 50 : ROWS);
      const ended = then === 'resumed' || run === 'closed' ? 'FINISHED' : 'CRASHED';
      must(status === ended, 'I5', () => `${version} ${name} is ${status} with ${rows} rows`);
      must(!(await recoverRun(copy)).changed, 'I6', () => `${version} ${name}: a second recovery changed it`);
      const { problems } = verifyRun(nodeFs, copy);
      must(problems.length === 0, 'I3', () => `${version} ${name}: ${JSON.stringify(problems)}`);
      checkTidy(copy);
      tally.readerOpens += await readByOthers(copy);
      tally.cases++;
    }
  }
}

async function readsWell(runDir: string, run: keyof Packed, what: string): Promise<void> {
  await checkRun(runDir, 'mixed', 0, ROWS);
  const { rows, walRows, status, params, identity, artifacts } = await readRun(runDir);
  const expected = run === 'closed' ? ['FINISHED', ROWS, 0] : ['CRASHED', ROWS, 40];
  must(
    JSON.stringify([status, rows, walRows]) === JSON.stringify(expected),
    'I1',
    () => `${what}: ${status}, ${rows} rows, ${walRows} of them in the log`,
  );
  const told = JSON.stringify([params, identity.tags, Object.keys(artifacts)]);
  must(
    told === JSON.stringify([{ model: { layers: 3 }, rate: 1e-5 }, ['golden'], ['note.txt']]),
    'I4',
    () => `${what}: ${told}`,
  );
}

/** Written as files of long ago: on another host the age of a lock is all there is to go by. */
function unpack(files: Packed['closed'], runDir: string): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(runDir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.from(text, 'base64'));
    utimesSync(path, 1, 1);
  }
}

async function resume(base: string, name: string): Promise<void> {
  const child = drive(
    base,
    `const run = open({ runName: ${JSON.stringify(name)}, resume: 'must' });
     for (let step = ${ROWS}; step < ${ROWS + 50}; step++) run.logMetrics(rowOf('mixed', 0, step), step);
     say({ code: await run.close().then(({ status }) => status, (error) => error.code + error.message) });`,
  );
  const { code } = await child.next();
  await child.ended;
  must(code === 'FINISHED', 'I1', () => `${name}: going on ended with ${String(code)} ${child.stderr()}`);
}
