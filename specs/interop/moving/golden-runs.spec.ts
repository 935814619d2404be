import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyRun, moveRun } from 'expman-rx/interop';
import { inspectRun, openRun, recoverRun } from 'expman-rx/reader';
import { GOLDEN_RUNS, unpackGolden } from '../../format/golden-runs.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('move-golden');

/** What a reader finds, apart from the names and the bytes that a move or a copy changes. */
async function factsOf(runDir: string) {
  const { rows, accepted, lost, rewound, lastStep, params, metrics, summary, status, kept, losses } =
    await inspectRun(runDir);
  const points = [];
  for await (const { step, timestamp, values } of openRun(runDir).rows())
    points.push({ step, timestamp, values });
  const facts = { rows, accepted, lost, rewound, lastStep, params, metrics, summary, status, losses, points };
  return { ...facts, kept: kept.length };
}

describe('a run of an earlier version', () => {
  it.each(GOLDEN_RUNS)('$golden $run can be copied, and moved', async (golden) => {
    const runDir = unpackGolden(golden, folder());
    // Its owner was on another host, and is gone for good.
    rmSync(join(runDir, 'run.lock'), { force: true });
    const copied = await copyRun(runDir, { experiment: 'copied' });
    const moved = await moveRun(runDir, { experiment: 'moved' });
    // As a copy is: there may be segments that an older version has set aside.
    await recoverRun(moved.runDir);
    const facts = await factsOf(moved.runDir);
    expect(facts.rows).toBeGreaterThan(0);
    expect(await factsOf(copied.runDir)).toEqual(facts);
    // The copy is a run as any other.
    const again = await copyRun(copied.runDir, { experiment: 'again' });
    expect(await factsOf(again.runDir)).toEqual(facts);
  });
});
