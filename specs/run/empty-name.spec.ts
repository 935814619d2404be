import { expect, it } from 'vitest';
import { readContents } from '../../src/reader/read-contents.js';
import { recoverRun } from '../../src/writer/recovery/recover-run.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { Played } from '../faults/played.js';
import { withBase } from '../faults/session.js';

const FOLDER = '/base/faults/run';

it("joins a call to a published row that holds a metric named '', whatever new metrics the call brings", async () => {
  const played = new Played(withBase(new MemoryFs()), {
    flushIntervalMs: 1,
    flushIntervalRows: 7,
    maxMetrics: 100,
  });
  for (const values of [{ '': 'text', first: 1 }, { second: 2 }]) {
    played.intake.row(values, 3);
    played.flush();
    await played.rest(2);
  }
  const left = played.die();
  await recoverRun(left, FOLDER);

  const { table } = readContents(left, FOLDER);

  expect(table.numRows).toBe(1);
});
