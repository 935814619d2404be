import { describe, expect, it } from 'vitest';
import { callsLost } from '../../src/model/losses.js';
import { encodeCheckpoint } from '../../src/run/replay/checkpoint.js';
import { RunState } from '../../src/run/run-state.js';
import { NOTHING_PUBLISHED, replayWal, type Replay, type Watermark } from '../../src/run/replay/replay.js';
import { removeSegments } from '../../src/writer/session/tidy.js';
import type { MemoryFs } from '../faults/memory-fs.js';
import { FOLDER, UUID, runFolder, stepsOf, walRig } from '../writer/wal-rig.js';

const replay = (fs: MemoryFs, from: Watermark = NOTHING_PUBLISHED, salvage = false): Replay =>
  replayWal(fs, FOLDER, UUID, from, { salvage });
const coreOf = (state: RunState): string => Buffer.from(encodeCheckpoint(state).core).toString();
const nameOf = (epoch: number, number: number): string => `${FOLDER}/wal-${epoch}-${number}.log`;

/** Three segments of an owner, rows 0 to 5, two in each. The metric and the shape are records 0 and 1. */
function threeSegments(fs: MemoryFs, epoch = 0): void {
  const { log, stage } = walRig(fs, epoch);
  log(0, 1);
  stage.rotate();
  log(2, 3);
  stage.rotate();
  log(4, 5);
  stage.leave();
}

describe('a replay of the log', () => {
  it('gives the rows of all segments, in their order', () => {
    const fs = runFolder();
    threeSegments(fs);
    expect(stepsOf(replay(fs))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(replay(fs)).toMatchObject({
      rows: 6,
      end: { epoch: 0, seq: 8, calls: 6 },
      losses: [],
      tornBytes: 0,
    });
  });

  it('goes by the numbers in the names, not by the alphabet', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs, 9);
    for (let step = 0; step < 12; step++) {
      log(step);
      stage.rotate();
    }
    walRig(fs, 10).log(12, 13);
    expect(stepsOf(replay(fs))).toEqual(Array.from({ length: 14 }, (_, step) => step));
  });

  it('takes each row once, where a successor began below what its predecessor had written', () => {
    const fs = runFolder();
    const first = walRig(fs);
    first.log(0, 1);
    fs.onCall = (call) => (call === 'syncData' ? { errno: 'EIO' } : null);
    // What was written stays written, though its sync failed and nothing was acknowledged.
    const powered = walRig(fs, 1, true);
    expect(powered.log(2, 3)).toBe(0);
    fs.onCall = () => null;
    expect(fs.namesIn(FOLDER).length).toBeGreaterThan(1);
    powered.successor(9).log(4);
    expect(stepsOf(replay(fs))).toEqual([0, 1, 2, 3, 4]);
  });

  it('leaves out what is published, to the row', () => {
    const fs = runFolder();
    threeSegments(fs);
    for (let seq = 2; seq <= 8; seq++)
      expect(stepsOf(replay(fs, { epoch: 0, seq }))).toEqual([0, 1, 2, 3, 4, 5].slice(seq - 2));
    expect(stepsOf(replay(fs, { epoch: 1, seq: 0 }))).toEqual([]);
  });

  it('needs no segment whose records are all published', () => {
    const fs = runFolder();
    threeSegments(fs);
    fs.remove(nameOf(0, 0));
    expect(replay(fs, { epoch: 0, seq: 4 })).toMatchObject({ rows: 4, losses: [] });
    expect(stepsOf(replay(fs, { epoch: 0, seq: 5 }))).toEqual([3, 4, 5]);
  });

  it('stops at a gap, and goes on behind it only to save what can be saved', () => {
    const fs = runFolder();
    threeSegments(fs);
    walRig(fs, 1).log(6, 7);
    fs.remove(nameOf(0, 1));
    expect(stepsOf(replay(fs))).toEqual([0, 1]);
    expect(stepsOf(replay(fs, NOTHING_PUBLISHED, true))).toEqual([0, 1, 4, 5, 6, 7]);
    // What is missing is told alike by who stops and who goes on.
    const losses = [{ epoch: 0, firstRecord: 4, records: 2, calls: 2, file: 'wal-0-2.log' }];
    expect(replay(fs)).toMatchObject({ losses, end: { epoch: 0, seq: 4 }, rowsBehindGap: 4 });
    expect(replay(fs, NOTHING_PUBLISHED, true)).toMatchObject({ losses, rowsBehindGap: 0 });
  });

  it('of a log cut at any byte is a beginning of it', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    for (let step = 0; step < 6; step++) log(step);
    stage.leave();
    const whole = fs.bytesOf(nameOf(0, 0));
    let rows = 0;
    for (let length = 0; length <= whole.length; length++) {
      fs.overwrite(nameOf(0, 0), whole.subarray(0, length));
      const steps = stepsOf(replay(fs, NOTHING_PUBLISHED, true));
      expect(steps).toEqual([0, 1, 2, 3, 4, 5].slice(0, steps.length));
      expect(steps.length).toBeGreaterThanOrEqual(rows);
      rows = steps.length;
    }
    expect(rows).toBe(6);
  });

  it('of a log with any byte changed has no wrong row, and no row twice', () => {
    const fs = runFolder();
    threeSegments(fs);
    const whole = fs.bytesOf(nameOf(0, 1));
    for (let byte = 0; byte < whole.length; byte++) {
      const changed = Buffer.from(whole);
      changed[byte] = (changed[byte] ?? 0) ^ (1 << (byte & 7));
      fs.overwrite(nameOf(0, 1), changed);
      const { losses, ...saved } = replay(fs, NOTHING_PUBLISHED, true);
      const steps = stepsOf(saved);
      expect(steps.filter((step) => step !== 2 && step !== 3)).toEqual([0, 1, 4, 5]);
      // Its rows are in one frame, and all else of it is there twice.
      expect(callsLost(losses)).toBe(6 - steps.length);
      expect(stepsOf(replay(fs))).toEqual(losses.length === 0 ? [0, 1, 2, 3, 4, 5] : [0, 1]);
    }
  });

  it('saves the frames behind a bad one, and names the segment', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    log(0);
    log(1);
    log(2);
    stage.leave();
    const bytes = fs.bytesOf(nameOf(0, 0));
    bytes[bytes.length - 70] = (bytes[bytes.length - 70] ?? 0) ^ 1; // In row 1: a frame of one row has 64 bytes.
    fs.overwrite(nameOf(0, 0), bytes);
    const saved = replay(fs, NOTHING_PUBLISHED, true);
    expect(stepsOf(saved)).toEqual([0, 2]);
    expect(saved).toMatchObject({ corrupt: ['wal-0-0.log'], losses: [{ calls: 1, file: 'wal-0-0.log' }] });
    expect(stepsOf(replay(fs))).toEqual([0]);
  });

  it('believes no segment of another run, nor one whose name lies about its epoch', () => {
    const fs = runFolder();
    threeSegments(fs);
    fs.overwrite(nameOf(1, 0), fs.bytesOf(nameOf(0, 0)));
    expect(replay(fs)).toMatchObject({ rows: 6, corrupt: ['wal-1-0.log'] });
    expect(replayWal(fs, FOLDER, 'cd'.repeat(16), NOTHING_PUBLISHED, { salvage: true })).toMatchObject({
      rows: 0,
    });
  });

  it('is followed by no removal of what it did not believe', () => {
    const fs = runFolder();
    threeSegments(fs);
    fs.overwrite(nameOf(1, 0), fs.bytesOf(nameOf(0, 0)));
    removeSegments(fs, FOLDER, UUID);
    expect(fs.namesIn(FOLDER)).toEqual(['wal-1-0.log.corrupt']);
  });

  it('ends with the state of the last record, whichever segments are left', () => {
    const fs = runFolder();
    const { say, param, drain, stage, state } = walRig(fs);
    say('a\n');
    param({ lr: 1, deep: { a: 1 } });
    drain();
    stage.rotate();
    param({ deep: { b: 2 } });
    drain();
    state.logged(1, 2);
    stage.rotate();
    say('b\n');
    drain();
    fs.remove(nameOf(0, 0));
    fs.remove(nameOf(0, 1));
    const { state: found } = replay(fs, { epoch: 0, seq: 3 });
    expect(found.params).toEqual({ lr: 1, deep: { a: 1, b: 2 } });
    expect(found.log).toEqual({ offset: 2, pending: ['b\n'] });
  });

  it('is the same from the checkpoint of any segment as from the first record', () => {
    const fs = runFolder();
    threeSegments(fs);
    const seen = new Set<string>();
    for (const removed of [[], [0], [0, 1]]) {
      for (const number of removed) if (fs.stat(nameOf(0, number)) !== null) fs.remove(nameOf(0, number));
      seen.add(coreOf(replay(fs, { epoch: 0, seq: 6 }).state));
    }
    expect(seen.size).toBe(1);
    expect(seen).not.toContain(coreOf(new RunState()));
  });
});
