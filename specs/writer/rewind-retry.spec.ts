import { describe, expect, it } from 'vitest';
import { inspectRun } from '../../src/reader/inspect-run.js';
import { readIdentity } from '../../src/run/identity.js';
import { readPublished } from '../../src/run/load-run.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { Played } from '../faults/played.js';
import { withBase } from '../faults/session.js';

const ROWS_BEFORE = 3_000;
const FROM_STEP = 500;

/** A closed run whose file has many row groups. */
async function closedRun(fs: MemoryFs): Promise<string> {
  const options = { flushIntervalMs: 1, flushIntervalRows: 100 };
  const run = new Played(fs, options, undefined, undefined, 64);
  for (let step = 0; step < ROWS_BEFORE; step++) {
    run.intake.row({ loss: step }, step);
    if (step % 100 === 99) run.flush();
    if (step % 100 === 99) await run.rest(1);
  }
  await run.close();
  return run.folder;
}

describe('a rewind that its disk refuses at first', () => {
  it('parts the sessions where their rows are, though rows of its own come while it is tried again', async () => {
    const fs = withBase(new MemoryFs());
    const folder = await closedRun(fs);
    let monotonicMs = 0;
    let [rewinds, reads] = [false, 0];
    fs.onCall = (call, path) => {
      if (!rewinds || call !== 'read' || !path.endsWith('metrics.parquet')) return null;
      return reads++ === 0 ? { errno: 'EIO' } : { delayMs: 4 };
    };
    const options = { flushIntervalMs: 1, flushIntervalRows: 1, fromStep: FROM_STEP };
    const run = new Played(fs, options, undefined, () => monotonicMs, 64);
    rewinds = true;
    let step = FROM_STEP;
    while (step < FROM_STEP + 10) {
      // The first of them comes when the second try has read some of the file.
      if (reads > 5) run.intake.row({ loss: -step }, step++);
      run.flush();
      run.beat();
      monotonicMs += 1_100;
      await run.rest(2);
    }
    rewinds = false;
    const { error } = await run.close();
    expect(error).toBeNull();
    const { uuid } = readIdentity(fs, folder).identity;
    expect(readPublished(fs, folder, uuid)?.facts.sessions).toEqual([
      { epoch: 0, firstRow: 0 },
      { epoch: 1, firstRow: FROM_STEP },
    ]);
    expect(inspectRun(fs, folder).rows).toBe(step);
  });
});
