import { ArtifactStore } from '../../src/storage/artifacts/artifact-store.js';
import type { ArtifactFs } from '../../src/storage/artifacts/artifact-fs.js';
import { prune } from '../../src/storage/artifacts/prune.js';
import { type Act, BASE, perform, stateOf } from './artifact-acts.js';
import { Violation, must } from './check-run.js';
import { MemoryFs } from './memory-fs.js';
import { type Random, randomFrom, type ScenarioContext } from './scenario.js';

const WRITERS = 4;
const LATER_MS = 3 * 24 * 3600 * 1000;

/** Lets one of several programs make one call at a time, whichever comes out of the dice; the dead make none. */
class Turns {
  private waiting: { readonly who: number; readonly go: () => void }[] = [];
  private readonly dead = new Set<number>();

  constructor(
    private readonly fs: MemoryFs,
    private readonly random: Random,
  ) {}

  /** The file system as one program sees it. */
  of(who: number): ArtifactFs {
    return new Proxy(this.fs, {
      get: (fs, call) => {
        const made: unknown = Reflect.get(fs, call);
        if (typeof made !== 'function') return made;
        return async (...args: unknown[]): Promise<unknown> => {
          await new Promise<void>((go) => this.waiting.push({ who, go }));
          return Reflect.apply(made, fs, args) as unknown;
        };
      },
    });
  }

  kill(who: number): void {
    this.dead.add(who);
  }

  /** Runs programs to their ends; those that are killed have none. */
  async play(programs: readonly Promise<unknown>[], chanceOfDeath: number): Promise<void> {
    let ended = 0;
    for (const program of programs)
      void program.then(
        () => ended++,
        () => ended++,
      );
    for (;;) {
      await new Promise(setImmediate);
      this.waiting = this.waiting.filter(({ who }) => !this.dead.has(who));
      if (this.waiting.length === 0) {
        if (ended + this.dead.size >= programs.length) return;
        continue;
      }
      const [next] = this.waiting.splice(this.random.below(this.waiting.length), 1);
      if (next === undefined) continue;
      if (this.random.chance(chanceOfDeath)) this.kill(next.who);
      else next.go();
    }
  }
}

/**
 * Four writers on one folder, and prunes beside them, in any order of their calls, some killed on the way: what was acknowledged
 * is there, what is there is whole, equal content has one version, and an alias names what one of the writers gave it.
 */
export async function manyWriters({ seed, tally, amount, goOn, progress }: ScenarioContext): Promise<void> {
  const random = randomFrom(seed + 2);
  const rounds = amount(60, 3000);
  for (let round = 0; round < rounds && goOn(); round++) {
    await oneRound(random, `round ${round}`);
    tally.cases++;
    progress(`writers, round ${round} of ${rounds}`);
  }
}

async function oneRound(random: Random, what: string): Promise<void> {
  const fs = new MemoryFs();
  fs.makeFolder(BASE);
  if (random.chance(0.3)) withoutLinks(fs);
  // Old contents that nothing refers to, and an old version: the prune's prey, which the writers log again.
  const before = new ArtifactStore(fs, BASE);
  for (const text of ['0', '1', '2']) await perform(before, act('m', text));
  for (const version of [1, 2]) if (random.chance(0.7)) fs.remove(before.layout.versionFile('m', version));
  fs.reboot();
  const turns = new Turns(fs, random);
  const recorded = new Set<string>();
  const acknowledged: { readonly ref: string; readonly text: string }[] = [];
  const writer = async (who: number): Promise<void> => {
    const store = new ArtifactStore(turns.of(who), BASE);
    for (let n = 0; n < 3; n++) {
      const text = String(random.below(6));
      const version = await perform(
        store,
        act('m', text, `a${random.below(2)}`),
        (logged) => {
          recorded.add(`${logged.ref} ${logged.digest}`);
          return Promise.resolve();
        },
        `run${who}`,
      );
      acknowledged.push({ ref: version.ref, text });
    }
  };
  const pruner = async (who: number): Promise<void> => {
    for (let n = 0; n < 2; n++)
      await prune(turns.of(who), BASE, {
        force: true,
        nowMs: Date.now(),
        readRuns: () => {
          const known = new Set(recorded);
          return (name, { version, manifest }) => known.has(`${name}:v${version} ${manifest.digest}`);
        },
      });
  };
  const prunes = random.chance(0.7) ? [WRITERS, WRITERS + 1] : [];
  const programs = [...Array.from({ length: WRITERS }, (_, who) => writer(who)), ...prunes.map(pruner)];
  const failures: unknown[] = [];
  for (const program of programs) program.catch((error: unknown) => failures.push(error));
  await turns.play(programs, random.pick([0, 0, 0.002, 0.01]));
  must(failures.length === 0, 'I7', () => `${what}: ${failures.map(String).join('; ')}`);
  // What a killed prune has left is finished by the next.
  await stateOf(fs, what);
  await prune(fs, BASE, { force: true, nowMs: Date.now() + LATER_MS, readRuns: null });
  const state = await stateOf(fs, `${what}, pruned`);
  const store = new ArtifactStore(fs, BASE);
  for (const { ref, text } of acknowledged) {
    const version = await store.open({ name: 'm', version: Number(ref.slice(3)) }).catch((error: unknown) => {
      throw new Violation('I1', `${what}: ${ref} was acknowledged: ${String(error)}\n${state}`);
    });
    const found = Buffer.from(await version.read('w')).toString();
    must(found === text, 'I1', () => `${what}: ${ref} has another content\n${state}`);
  }
  const digests = (await store.versions.state('m')).versions.flatMap((each) =>
    each.kind === 'whole' ? [each.manifest.digest] : [],
  );
  // A prune that takes a removal back may do so after a writer has logged the content again.
  const isOnce = prunes.length > 0 || new Set(digests).size === digests.length;
  must(isOnce, 'I2', () => `${what}: equal content has two versions\n${state}`);
}

const act = (name: string, text: string, alias?: string): Act => ({
  name,
  texts: { w: text },
  aliases: alias === undefined ? [] : [alias],
});

/** A file system that has no hard links. */
function withoutLinks(fs: MemoryFs): void {
  fs.onCall = (call) => (call === 'link' ? { errno: 'EPERM' } : null);
}
