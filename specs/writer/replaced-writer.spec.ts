import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryFs } from '../faults/memory-fs.js';
import { Played } from '../faults/played.js';
import { withBase } from '../faults/session.js';

function ended(): Played {
  const played = new Played(withBase(new MemoryFs()), {});
  for (let step = 0; step < 3; step++) played.intake.row({ loss: step }, step);
  played.end();
  return played;
}

describe('a writer that takes over from one that died', () => {
  it('closes a run whose end is in the log already', async () => {
    const played = ended();
    played.drain();
    played.replaceWriter();
    expect(await played.untilClosed()).toMatchObject({
      summary: { status: 'FINISHED', rows: 3 },
      error: null,
    });
  });

  it('closes it wherever in its close the other one was', async () => {
    for (let turns = 0, isOver = false; !isOver; turns++) {
      const played = ended();
      played.flush();
      for (let n = 0; n < turns; n++) await turn();
      isOver = played.closed !== null;
      if (!isOver) played.replaceWriter();
      expect(await played.untilClosed(), `after ${turns} turns`).toMatchObject({
        summary: { status: 'FINISHED', rows: 3 },
        error: null,
      });
    }
  });
});
