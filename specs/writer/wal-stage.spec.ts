import { describe, expect, it } from 'vitest';
import { RunTrouble } from '../../src/channel/run-control.js';
import { NOTHING_PUBLISHED, replayWal } from '../../src/run/replay/replay.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { FOLDER, UUID, runFolder, stepsOf, walRig } from './wal-rig.js';

const stepsIn = (fs: MemoryFs, salvage = false): number[] =>
  stepsOf(replayWal(fs, FOLDER, UUID, NOTHING_PUBLISHED, { salvage }));
const upTo = (rows: number): number[] => Array.from({ length: rows }, (_, step) => step);
/** The file system as the page cache has it, for a look that no fault is aimed at. */
const copyOf = (fs: MemoryFs): MemoryFs => MemoryFs.replay(fs.changes, fs.changes.length);

/** Some drains with a new segment now and then; `look` is told how many rows are acknowledged. */
function play(fs: MemoryFs, power: boolean, look: (rows: number) => void): ReturnType<typeof walRig> {
  const rig = walRig(fs, 0, power);
  for (let step = 0; step < 9; step++) {
    rig.log(step);
    if (step % 3 === 1)
      try {
        rig.stage.rotate();
      } catch {
        // The one at hand serves on.
      }
    look(rig.channel.control.acknowledged().rows);
  }
  return rig;
}

describe('the first stage of the writer', () => {
  it.each(['ENOSPC', 'EIO', 'EMFILE'])(
    'loses nothing and doubles nothing when any call fails once with %s',
    (errno) => {
      for (const power of [false, true]) {
        const whole = runFolder();
        play(whole, power, () => undefined);
        for (let failing = 2; failing < whole.calls; failing++) {
          const fs = runFolder();
          fs.onCall = (_call, _path, index) => (index === failing ? { errno } : null);
          const rig = play(fs, power, (rows) => {
            expect(stepsIn(copyOf(fs)).length).toBeGreaterThanOrEqual(rows);
          });
          fs.onCall = () => null;
          rig.drain();
          expect(rig.stage.idle).toBe(true);
          expect(rig.stage.trouble).toBeNull();
          expect(stepsIn(fs)).toEqual(upTo(9));
          rig.stage.removeAll();
          expect(
            fs.namesIn(FOLDER).filter((name) => copyOf(fs).bytesOf(`${FOLDER}/${name}`).length > 112),
          ).toEqual([]);
          expect(fs.openFiles).toBe(0);
        }
      }
    },
  );

  it('keeps rows in the channel while the disk is full, says so, and goes on in a new segment', () => {
    for (const power of [false, true]) {
      const whole = runFolder();
      play(whole, power, () => undefined);
      for (let failing = 2; failing < whole.calls; failing++) {
        const fs = runFolder();
        fs.onCall = (call, _path, index) =>
          index >= failing && call !== 'remove' && call !== 'close' ? { errno: 'ENOSPC' } : null;
        const rig = play(fs, power, (rows) => {
          expect(stepsIn(copyOf(fs)).length).toBeGreaterThanOrEqual(rows);
        });
        const { control } = rig.channel;
        if (control.acknowledged().rows < 9) expect(control.trouble).toBe(RunTrouble.disk);
        const before = fs.namesIn(FOLDER).length;
        fs.onCall = () => null;
        rig.log(9);
        expect(control.trouble).toBe(RunTrouble.none);
        expect(control.acknowledged().rows).toBe(10);
        expect(stepsIn(fs)).toEqual(upTo(10));
        expect(fs.namesIn(FOLDER).length).toBeGreaterThanOrEqual(before);
      }
    }
  });

  it('acknowledges to a run of durability power only what survives the power', () => {
    const fs = runFolder();
    const acknowledged: { readonly changes: number; readonly rows: number }[] = [];
    play(fs, true, (rows) => acknowledged.push({ changes: fs.changes.length, rows }));
    for (const { changes, rows } of acknowledged)
      expect(stepsIn(MemoryFs.afterPowerLoss(fs.changes, changes, () => false))).toEqual(upTo(rows));
  });

  it('ends a segment before a reader could not hold it', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs, 0, false, 5000);
    for (let row = 0; row < 900; row += 100) log(...upTo(row + 100).slice(row));
    const sizes = fs.namesIn(FOLDER).map((name) => fs.bytesOf(`${FOLDER}/${name}`).length);
    expect(sizes.length).toBeGreaterThan(4);
    expect(Math.max(...sizes)).toBeLessThan(10_000);
    expect(stepsIn(fs)).toEqual(upTo(900));
    stage.dropBelow(902);
    expect(fs.namesIn(FOLDER).length).toBe(1);
  });

  it('goes on in a segment that is too long while there is no room for another', () => {
    const fs = runFolder();
    const { log } = walRig(fs, 0, false, 5000);
    log(...upTo(300));
    fs.onCall = (call) => (call === 'open' ? { errno: 'ENOSPC' } : null);
    expect(log(300, 301)).toBeGreaterThan(0);
    fs.onCall = () => null;
    expect(fs.namesIn(FOLDER).length).toBe(1);
    expect(stepsIn(fs)).toEqual(upTo(302));
  });

  it('removes nothing on the word of a segment whose sync has failed', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs, 0, true);
    log(0);
    stage.rotate();
    fs.onCall = (call) => (call === 'syncData' ? { errno: 'EIO' } : null);
    log(1);
    fs.onCall = () => null;
    const before = fs.namesIn(FOLDER).length;
    stage.dropBelow(3);
    expect(fs.namesIn(FOLDER).length).toBe(before);
    log(2);
    stage.dropBelow(3);
    expect(fs.namesIn(FOLDER)).not.toContain('wal-0-0.log');
    expect(stepsOf(replayWal(fs, FOLDER, UUID, { epoch: 0, seq: 3 }))).toEqual([1, 2]);
  });

  it('keeps a segment until its last record is published', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    log(0, 1);
    stage.rotate();
    log(2, 3);
    stage.rotate();
    // The metric, the shape and three rows.
    stage.dropBelow(5);
    expect(fs.namesIn(FOLDER)).toEqual(['wal-0-1.log', 'wal-0-2.log']);
    stage.dropBelow(6);
    expect(fs.namesIn(FOLDER)).toEqual(['wal-0-2.log']);
  });

  it('does without segments that were removed by hand', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    log(0, 1);
    stage.rotate();
    log(2);
    fs.remove(`${FOLDER}/wal-0-0.log`);
    stage.dropBelow(4);
    fs.remove(`${FOLDER}/wal-0-1.log`);
    stage.removeAll();
    expect(fs.namesIn(FOLDER)).toEqual([]);
    expect(fs.openFiles).toBe(0);
  });
});
