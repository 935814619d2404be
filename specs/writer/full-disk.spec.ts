import { describe, expect, it } from 'vitest';
import { readContents } from '../../src/reader/read-contents.js';
import { METRICS_NAME } from '../../src/storage/metrics-file.js';
import { readFooter } from '../../src/storage/metrics-footer.js';
import { recoverRun } from '../../src/writer/recovery/recover-run.js';
import { MemoryFs, type Fault } from '../faults/memory-fs.js';
import { runSession, withBase, type SessionEnd, type SessionPlan } from '../faults/session.js';

const PLAN: SessionPlan = {
  bursts: 5,
  rowsPerBurst: 6,
  shape: 'mixed',
  options: { flushIntervalMs: 1, flushIntervalRows: 8 },
};
const ROWS = PLAN.bursts * PLAN.rowsPerBurst;
const FULL: Fault = { errno: 'ENOSPC' };

const steps = (fs: MemoryFs, folder: string): number[] =>
  [...(readContents(fs, folder).table.getChild('step') ?? [])].map(Number);
const upTo = (rows: number): number[] => Array.from({ length: rows }, (_, step) => step);

/** Plays a session over a disk that `faulty` makes full; null when it could not be opened. */
async function play(
  fs: MemoryFs,
  faulty: (index: number, burst: number) => boolean,
  from = 0,
): Promise<SessionEnd | null> {
  let burst = 0;
  fs.onCall = (call, _path, index) =>
    call !== 'read' && call !== 'close' && faulty(index, burst) ? FULL : null;
  const end = await runSession(fs, { ...PLAN, from, between: (done) => (burst = done + 1) }).catch(
    (error: unknown) => {
      // A lock that could not be read is nobody's to take.
      expect(['IO', 'RUN_LOCKED']).toContain((error as { readonly code?: unknown }).code);
      return null;
    },
  );
  fs.onCall = () => null;
  return end;
}

/** Every version of the published file there was is whole, and none has fewer rows than the one before. */
function checkVersions(fs: MemoryFs, folder: string): void {
  let rows = 0;
  fs.changes.forEach((change, at) => {
    if (change.kind !== 'rename' || !change.to.endsWith(METRICS_NAME)) return;
    const then = MemoryFs.replay(fs.changes, at + 1);
    const footer = readFooter(then, `${folder}/${METRICS_NAME}`);
    const logged = Number(footer.metadata.get('logged_rows'));
    expect(logged).toBeGreaterThanOrEqual(rows);
    rows = logged;
  });
}

/** A run that was closed is whole; one whose close was refused is so after its recovery. */
async function checkEnd(
  fs: MemoryFs,
  { folder, closed, rows }: SessionEnd,
  what: string,
  expected = ROWS,
): Promise<void> {
  expect(rows).toBe(expected);
  if (closed?.error !== null) {
    fs.reboot();
    await recoverRun(fs, folder);
  }
  expect(steps(fs, folder), what).toEqual(upTo(expected));
  expect(fs.openFiles, what).toBe(0);
  checkVersions(fs, folder);
  expect(
    fs.namesIn(folder).filter((name) => /\.tmp$|^wal-.*log$|^run\.lock$/.test(name)),
    what,
  ).toEqual([]);
}

describe('a run on a full disk', () => {
  it('loses no row and doubles none, whichever call is the one that is refused', async () => {
    const whole = withBase(new MemoryFs());
    await runSession(whole, PLAN);
    for (let failing = 1; failing < whole.calls; failing++) {
      const fs = withBase(new MemoryFs());
      const end = await play(fs, (index) => index === failing);
      if (end !== null) await checkEnd(fs, end, `call ${failing} of ${whole.calls}`);
    }
  });

  it('is taken up again all the same, whichever call is the one that is refused', async () => {
    const before = withBase(new MemoryFs());
    await runSession(before, { ...PLAN, dies: true });
    const left = (): MemoryFs => {
      const fs = MemoryFs.replay(before.changes, before.changes.length);
      fs.changes.push(...before.changes);
      fs.reboot();
      return fs;
    };
    // The calls of its opening one by one, the others as far as they are not those of any run.
    const whole = left();
    await runSession(whole, { ...PLAN, from: ROWS });
    for (let failing = 0; failing < whole.calls; failing += failing < 80 ? 1 : 7) {
      const fs = left();
      const end = await play(fs, (index) => index === failing, ROWS);
      if (end !== null) await checkEnd(fs, end, `call ${failing} of ${whole.calls}`, 2 * ROWS);
    }
  });

  it('goes on where it was when there is room again', async () => {
    const whole = withBase(new MemoryFs());
    await runSession(whole, PLAN);
    for (let failing = 1; failing < whole.calls; failing += 3) {
      const fs = withBase(new MemoryFs());
      const end = await play(fs, (index, burst) => index >= failing && burst < 4);
      if (end === null) continue;
      await checkEnd(fs, end, `calls from ${failing} of ${whole.calls} on`);
    }
  });

  it('that stays full keeps what it took, and the rest is told', async () => {
    const whole = withBase(new MemoryFs());
    await runSession(whole, PLAN);
    for (let failing = 1; failing < whole.calls; failing += 20) {
      const fs = withBase(new MemoryFs());
      const end = await play(fs, (index) => index >= failing);
      if (end === null) continue;
      const acknowledged = end.acknowledgements.at(-1)?.rows ?? 0;
      fs.reboot();
      const { rows } = await recoverRun(fs, end.folder);
      expect(rows).toBeGreaterThanOrEqual(acknowledged);
      expect(steps(fs, end.folder)).toEqual(upTo(rows));
      checkVersions(fs, end.folder);
    }
  });
});
