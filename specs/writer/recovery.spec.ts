import { describe, expect, it } from 'vitest';
import { LOG_NAME } from '../../src/run/file-names.js';
import { readContents } from '../../src/reader/read-contents.js';
import { recoverRun } from '../../src/writer/recovery/recover-run.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { runSession, withBase, type SessionEnd, type SessionPlan } from '../faults/session.js';

const PLAN: SessionPlan = {
  bursts: 8,
  rowsPerBurst: 6,
  shape: 'mixed',
  options: { flushIntervalMs: 1, flushIntervalRows: 8 },
  // Lines wait 100 ms for run.log; some of them are to be in it while the run goes on.
  between: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30),
};

/** A whole session over a file system in memory, and how it went. */
async function played(plan: SessionPlan): Promise<{ readonly disk: MemoryFs; readonly end: SessionEnd }> {
  const disk = withBase(new MemoryFs());
  const end = await runSession(disk, plan);
  expect(end.closed?.error).toBeNull();
  return { disk, end };
}

/** What a run holds: its steps and its log lines. */
function contentsOf(fs: MemoryFs, folder: string): { readonly steps: unknown[]; readonly lines: string[] } {
  const { table } = readContents(fs, folder);
  const log = `${folder}/${LOG_NAME}`;
  const lines = fs.stat(log) === null ? [] : fs.bytesOf(log).toString().split('\n').slice(0, -1);
  return { steps: [...(table.getChild('step') ?? [])].map(Number), lines };
}

const upTo = (rows: number): number[] => Array.from({ length: rows }, (_, step) => step);
/** The lines logged with the bursts before this one; see session.ts. */
const linesBefore = (burst: number): string[] =>
  upTo(burst).flatMap((each) => (each % 3 === 1 ? [`line ${each}`] : []));

/** Rows and lines that were acknowledged by the time `changes` changes were made. */
function acknowledgedAt(
  { acknowledgements }: SessionEnd,
  { bursts, rowsPerBurst }: SessionPlan,
  changes: number,
): { readonly rows: number; readonly lines: string[] } {
  const done = acknowledgements.slice(0, bursts).filter((each) => each.changes <= changes).length;
  return { rows: done * rowsPerBurst, lines: linesBefore(done) };
}

describe('a recovery', () => {
  it('of a run killed after any change has every acknowledged row and line once, and changes nothing when it is done again', async () => {
    const { disk, end } = await played(PLAN);
    for (let moment = 1; moment <= disk.changes.length; moment++) {
      const left = MemoryFs.replay(disk.changes, moment);
      left.reboot();
      if (left.stat(`${end.folder}/run.yaml`) === null) continue;
      await recoverRun(left, end.folder);
      const { steps, lines } = contentsOf(left, end.folder);
      const acknowledged = acknowledgedAt(end, PLAN, moment);
      expect(steps, `change ${moment}`).toEqual(upTo(steps.length));
      expect(steps.length).toBeGreaterThanOrEqual(acknowledged.rows);
      expect(lines).toEqual(linesBefore(PLAN.bursts).slice(0, lines.length));
      expect(lines.length).toBeGreaterThanOrEqual(acknowledged.lines.length);
      const changes = left.changes.length;
      expect(await recoverRun(left, end.folder)).toMatchObject({ changed: false, rows: steps.length });
      expect(left.changes.length).toBe(changes);
      expect(left.openFiles).toBe(0);
    }
  });

  it('that is killed itself after any change ends as one that was not', async () => {
    const { disk, end } = await played(PLAN);
    // Late enough for rows that are published, rows that are not, and lines.
    for (const share of [0.3, 0.6, 0.9]) {
      const moment = Math.floor(disk.changes.length * share);
      const left = MemoryFs.replay(disk.changes, moment);
      left.reboot();
      await recoverRun(left, end.folder);
      const whole = contentsOf(left, end.folder);
      const all = [...disk.changes.slice(0, moment), ...left.changes];
      for (let count = moment; count <= all.length; count++) {
        const again = MemoryFs.replay(all, count);
        again.reboot();
        await recoverRun(again, end.folder);
        expect(contentsOf(again, end.folder), `change ${count} of ${all.length}`).toEqual(whole);
      }
    }
  });

  it('removes the log of a run that had ended, where only that was left to do', async () => {
    const { disk, end } = await played(PLAN);
    const removed = disk.changes.findIndex(
      ({ kind }, at) => kind === 'remove' && at > disk.changes.length - 5,
    );
    const left = MemoryFs.replay(disk.changes, removed);
    left.remove(`${end.folder}/run.lock`);
    expect(await recoverRun(left, end.folder)).toMatchObject({ changed: true, status: 'FINISHED' });
    expect(left.namesIn(end.folder).filter((name) => name.startsWith('wal-'))).toEqual([]);
    expect(contentsOf(left, end.folder)).toEqual(contentsOf(disk, end.folder));
  });

  it('of a run that was taken up again has the rows of both owners in their order, whenever the second died', async () => {
    const disk = withBase(new MemoryFs());
    const first = await runSession(disk, { ...PLAN, dies: true });
    disk.reboot();
    const opened = disk.changes.length;
    const second = await runSession(disk, { ...PLAN, from: first.rows });
    expect(second.closed).toMatchObject({ error: null, summary: { rows: 2 * first.rows } });
    expect(contentsOf(disk, second.folder).steps).toEqual(upTo(2 * first.rows));
    for (let moment = opened; moment <= disk.changes.length; moment++) {
      const left = MemoryFs.replay(disk.changes, moment);
      left.reboot();
      await recoverRun(left, second.folder);
      const { steps, lines } = contentsOf(left, second.folder);
      const acknowledged = acknowledgedAt(second, PLAN, moment);
      expect(steps, `change ${moment}`).toEqual(upTo(steps.length));
      expect(steps.length).toBeGreaterThanOrEqual(first.rows + acknowledged.rows);
      const both = [...linesBefore(PLAN.bursts), ...linesBefore(PLAN.bursts)];
      expect(lines).toEqual(both.slice(0, lines.length));
      expect(lines.length).toBeGreaterThanOrEqual(both.length / 2 + acknowledged.lines.length);
    }
  });

  it('of a run of durability power has every acknowledged row and line, whatever was not synced', async () => {
    const plan: SessionPlan = { ...PLAN, options: { ...PLAN.options, durability: 'power' } };
    const { disk, end } = await played(plan);
    let state = 1;
    const survives = (): boolean => (state = (Math.imul(state, 48271) >>> 0) % 0x7fffffff) % 2 === 0;
    for (let moment = 1; moment <= disk.changes.length; moment++) {
      for (const luck of [(): boolean => false, survives]) {
        const left = MemoryFs.afterPowerLoss(disk.changes, moment, luck);
        const acknowledged = acknowledgedAt(end, plan, moment);
        if (left.stat(`${end.folder}/run.yaml`) === null) {
          expect(acknowledged).toEqual({ rows: 0, lines: [] });
          continue;
        }
        await recoverRun(left, end.folder);
        const { steps, lines } = contentsOf(left, end.folder);
        expect(steps.length, `change ${moment}`).toBeGreaterThanOrEqual(acknowledged.rows);
        expect(lines, `change ${moment}`).toEqual(expect.arrayContaining(acknowledged.lines));
        expect(new Set(lines).size).toBe(lines.length);
      }
    }
  });
});
