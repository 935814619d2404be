// One scenario in a process of its own, started by run.ts: what it leaves behind (timers of writers that died) ends with it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyTally, type Scenario, type Tally } from './scenario.js';
import { scenarios } from './scenarios/index.js';

/** What a scenario is to be played with. */
export interface Assignment {
  readonly key: string;
  readonly seed: number;
  readonly nightly: boolean;
  /** Cases to make instead of those of the matrix; null for those. */
  readonly amount: number | null;
  readonly limitMs: number;
}

/** What a scenario came to. */
export type Outcome =
  | { readonly kind: 'held'; readonly tally: Tally; readonly cut: boolean }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'broken'; readonly tally: Tally; readonly report: string };

/** What it says to its starter. */
export type Said = { readonly kind: 'progress'; readonly text: string } | Outcome;

// The harness was ended: so are the children of this process, as it exits.
process.once('disconnect', () => process.exit(1));

process.once('message', (assignment: Assignment) => {
  void play(assignment).then((outcome) => process.send?.(outcome, () => process.exit(0)));
});

async function play({ key, seed, nightly, amount, limitMs }: Assignment): Promise<Outcome> {
  const scenario = scenarios.find((each) => each.key === key)?.scenario;
  if (scenario === undefined) throw new Error(`no scenario ${key}`);
  const reason = scenario.unavailable?.() ?? null;
  if (reason !== null) return { kind: 'skipped', reason };
  const tally = emptyTally();
  const deadline = performance.now() + limitMs;
  let cut = false;
  const folder = mkdtempSync(join(tmpdir(), 'expman-faults-'));
  const context: Parameters<Scenario['run']>[0] = {
    folder,
    seed,
    tally,
    amount: (pullRequest, atNight) => amount ?? (nightly ? atNight : pullRequest),
    goOn: () => {
      cut ||= performance.now() >= deadline;
      return !cut;
    },
    progress: (text) => process.send?.({ kind: 'progress', text }),
  };
  try {
    await scenario.run(context);
    rmSync(folder, { recursive: true, force: true });
    return { kind: 'held', tally, cut };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: 'broken', tally, report: `what is left: ${folder}\n${text}` };
  }
}
