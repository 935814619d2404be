import { ExpmanError } from '../../../src/model/errors.js';
import { ArtifactStore } from '../../../src/storage/artifacts/artifact-store.js';
import { prune } from '../../../src/storage/artifacts/prune.js';
import { ACTS, BASE, perform, stateOf } from '../artifact-acts.js';
import { killedPrograms } from '../artifact-kills.js';
import { manyWriters } from '../artifact-writers.js';
import { must } from '../check-run.js';
import { MemoryFs } from '../memory-fs.js';
import { randomFrom, type Scenario, type ScenarioContext } from '../scenario.js';

const ERRORS = ['ENOSPC', 'EIO', 'EACCES', 'EROFS', 'EDQUOT'];
const DAY_MS = 24 * 3600 * 1000;

/** Versions of artifacts: each exists wholly or not at all, with its aliases, whatever happens to the process that logs them. */
export const artifacts: Scenario = {
  name: 'artifacts: killed at every change and call, no power, no room, four writers and a prune at once',
  rows: [36],
  run: async (context) => {
    const program = await recorded();
    await killedAtEveryChange(context, program);
    await withoutPower(context, program);
    await failingCalls(context, program);
    await manyWriters(context);
    await killedPrograms(context);
  },
};

/** What a program did to a file system: after which change each act was acknowledged, and how all looked then. */
interface Program {
  readonly fs: MemoryFs;
  readonly acknowledged: readonly number[];
  /** The state before the first act, and after each. */
  readonly states: readonly string[];
}

async function recorded(): Promise<Program> {
  const fs = new MemoryFs();
  fs.makeFolder(BASE);
  fs.syncFolder('/');
  const store = new ArtifactStore(fs, BASE);
  const acknowledged: number[] = [];
  const states = [await stateOf(fs, 'nothing')];
  for (const act of ACTS) {
    await perform(store, act);
    acknowledged.push(fs.changes.length);
    states.push(await stateOf(fs, 'a whole program'));
  }
  return { fs, acknowledged, states };
}

/** All acts that were acknowledged are there, the one under way is there wholly or not at all; and it can go on. */
async function check(left: MemoryFs, { states }: Program, done: number, what: string): Promise<void> {
  const found = await stateOf(left, what);
  const at = found === states[done] ? done : done + 1;
  must(
    found === states[at],
    'I1',
    () => `${what}: after ${done} acts there is\n${found}\nand not\n${states[done] ?? ''}`,
  );
  left.reboot();
  const nowMs = Date.now() + 2 * DAY_MS;
  await prune(left, BASE, { force: true, nowMs, readRuns: null });
  must(
    (await stateOf(left, `${what}, pruned`)) === found,
    'I6',
    () => `${what}: a prune has changed what there is`,
  );
  const leftovers = left.changes.length === 0 ? [] : hidden(left, BASE);
  must(leftovers.length === 0, 'I8', () => `${what}: ${leftovers.join(', ')} are left over`);
  const store = new ArtifactStore(left, BASE);
  for (const act of ACTS.slice(done)) await perform(store, act);
  const end = await stateOf(left, `${what}, gone on`);
  must(end === states.at(-1), 'I1', () => `${what}: gone on, there is\n${end}`);
}

/** Every temporary file below a folder. */
function hidden(fs: MemoryFs, folder: string): string[] {
  return fs.namesIn(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (fs.stat(path)?.kind === 'folder') return hidden(fs, path);
    return name.endsWith('.tmp') ? [path] : [];
  });
}

const doneBy = ({ acknowledged }: Program, moment: number): number =>
  acknowledged.filter((change) => change <= moment).length;

async function killedAtEveryChange(
  { tally, amount, goOn, progress }: ScenarioContext,
  program: Program,
): Promise<void> {
  const { changes } = program.fs;
  for (let moment = 1; moment <= changes.length && goOn(); moment += amount(1, 1)) {
    const left = MemoryFs.replay(changes, moment);
    await check(left, program, doneBy(program, moment), `killed after change ${moment} of ${changes.length}`);
    tally.kills++;
    progress(`${moment} of ${changes.length} changes`);
  }
}

async function withoutPower({ seed, tally, amount, goOn }: ScenarioContext, program: Program): Promise<void> {
  const random = randomFrom(seed);
  const { changes } = program.fs;
  for (let state = 0; state < amount(600, 20_000) && goOn(); state++) {
    const moment = state < changes.length ? state + 1 : 1 + random.below(changes.length);
    const share = random.pick([0, 0.2, 0.5, 0.9]);
    const disk = MemoryFs.afterPowerLoss(changes, moment, () => random.chance(share));
    if (disk.stat(BASE) === null) disk.makeFolder(BASE);
    await check(
      disk,
      program,
      doneBy(program, moment),
      `no power after change ${moment} of ${changes.length}`,
    );
    tally.cases++;
  }
}

/** Each call of the file system fails, once or from then on. */
async function failingCalls({ tally, goOn, amount, seed }: ScenarioContext, program: Program): Promise<void> {
  const random = randomFrom(seed + 1);
  const calls = program.fs.calls;
  const each = amount(7, 1);
  for (let n = 1 + random.below(each); n < calls && goOn(); n += each) {
    const errno = random.pick(ERRORS);
    const isLasting = random.chance(0.5);
    const fs = new MemoryFs();
    fs.makeFolder(BASE);
    let seen = 0;
    fs.onCall = (call) => {
      // A disk without room refuses writes and new names, and lets everything else through.
      const fills = ['write', 'open', 'makeFolder', 'rename', 'link', 'sync', 'syncFolder'].includes(call);
      if (!fills) return null;
      seen++;
      return seen === n || (isLasting && seen > n) ? { errno } : null;
    };
    const store = new ArtifactStore(fs, BASE);
    let done = 0;
    const what = `call ${n} ${isLasting ? 'and all after it fail' : 'fails'} with ${errno}`;
    try {
      for (const act of ACTS) {
        await perform(store, act);
        done++;
      }
    } catch (error) {
      must(error instanceof ExpmanError && error.code === 'IO', 'I7', () => `${what}: ${String(error)}`);
    }
    fs.onCall = () => null;
    must(fs.openFiles === 0, 'I8', () => `${what}: ${fs.openFiles} descriptors are open`);
    await check(fs, program, done, what);
    tally.cases++;
    if (done === ACTS.length && n > calls / 2) return;
  }
}
