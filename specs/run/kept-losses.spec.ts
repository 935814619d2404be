import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inspectRun } from '../../src/reader/inspect-run.js';
import { readContents } from '../../src/reader/read-contents.js';
import { verifyRun } from '../../src/reader/verify-run.js';
import { FRAME_HEAD_BYTES, FrameType, SEGMENT_START_BYTES, sealFrame } from '../../src/storage/wal/frame.js';
import { readSegment } from '../../src/storage/wal/segment-reader.js';
import { readIdentity } from '../../src/run/identity.js';
import { loadState } from '../../src/run/load-state.js';
import { recoverRun } from '../../src/writer/recovery/recover-run.js';
import { replayWal } from '../../src/run/replay/replay.js';
import { cutOffRun, diskOf, type CutOff } from '../faults/cut-off-run.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { runSession, withBase, type SessionPlan } from '../faults/session.js';
import { FOLDER, UUID, runFolder, stepsOf, walRig } from '../writer/wal-rig.js';

const SEGMENT = 'wal-1-0.log';
const FRAME_ROWS = 12;
const PLAN: SessionPlan = {
  ...{ bursts: 4, rowsPerBurst: 5, shape: 'mixed' },
  options: { flushIntervalMs: 1, flushIntervalRows: 8 },
};

/** A run of 600 rows, 240 of them in the log alone, on a disk of its own; one frame of 12 rows is damaged. */
function damagedDisk(run: CutOff): MemoryFs {
  const bytes = Buffer.from(run.files.get(SEGMENT) ?? Buffer.alloc(0));
  let at = SEGMENT_START_BYTES;
  const places = readSegment(bytes).frames.map(({ type, payload }) => {
    const place = { at, type };
    at += 32 + payload.length;
    return place;
  });
  const place = (places.filter(({ type }) => type === FrameType.records)[5]?.at ?? 0) + 40;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  return diskOf(run, SEGMENT, bytes);
}

const lostOf = (fs: MemoryFs, folder: string): readonly number[] => [
  inspectRun(fs, folder).lost,
  readIdentity(fs, folder).losses.reduce((sum, { calls }) => sum + calls, 0),
];

describe('a loss', () => {
  it('is told the same however often its recovery is killed, and after any of its changes', async () => {
    const run = await cutOffRun();
    const disk = damagedDisk(run);
    const begun = disk.changes.length;
    const { lost, losses } = await recoverRun(disk, run.folder);
    expect(lost).toBe(FRAME_ROWS);
    for (let moment = begun; moment <= disk.changes.length; moment++) {
      // What the disk began with are no changes of its own.
      const left = MemoryFs.replay(disk.changes.slice(begun, moment), moment - begun, damagedDisk(run));
      left.reboot();
      expect(inspectRun(left, run.folder).lost, `change ${moment}`).toBe(FRAME_ROWS);
      expect(await recoverRun(left, run.folder), `change ${moment}`).toMatchObject({
        ...{ rows: 600 - FRAME_ROWS, lost: FRAME_ROWS, losses, corrupt: [SEGMENT] },
      });
    }
  });

  it('is kept by every owner that goes on with the run, whenever it dies', async () => {
    const run = await cutOffRun();
    const disk = damagedDisk(run);
    for (let owner = 0; owner < 4; owner++) {
      await runSession(disk, { ...PLAN, from: 600 + 20 * owner, dies: owner % 2 === 0 });
      disk.reboot();
      expect(lostOf(disk, run.folder), `owner ${owner}`).toEqual([FRAME_ROWS, FRAME_ROWS]);
    }
    expect(readContents(disk, run.folder).table.numRows).toBe(680 - FRAME_ROWS);
  });

  it('in an intact frame that makes no sense is counted, told with its file, and the file is kept', async () => {
    const run = await cutOffRun();
    const bytes = Buffer.from(run.files.get(SEGMENT) ?? Buffer.alloc(0));
    const { frames, head } = readSegment(bytes);
    if (head === null) throw new Error('the segment has no head');
    let at = SEGMENT_START_BYTES;
    for (const [place, frame] of frames.entries()) {
      const end = at + FRAME_HEAD_BYTES + frame.payload.length;
      if (place === frames.length - 3 && typeof frame.calls === 'number') {
        // A kind of record that a later version may know, in place of the first one.
        bytes[at + FRAME_HEAD_BYTES + 4] = 99;
        sealFrame(bytes.subarray(at, end), { ...frame, calls: frame.calls }, crc32(head.salt));
      }
      at = end;
    }
    const disk = diskOf(run, SEGMENT, bytes);
    const malformed = [{ file: SEGMENT, message: expect.stringContaining('unknown kind 99') as string }];
    expect(inspectRun(disk, run.folder)).toMatchObject({
      malformed,
      corrupt: [],
      lost: expect.any(Number) as number,
    });
    expect(verifyRun(disk, run.folder).problems).toMatchObject(malformed);
    const { lost } = inspectRun(disk, run.folder);
    expect(lost).toBeGreaterThanOrEqual(FRAME_ROWS - 1);
    expect(await recoverRun(disk, run.folder)).toMatchObject({ malformed, lost, corrupt: [SEGMENT] });
    expect(inspectRun(disk, run.folder)).toMatchObject({ lost, kept: [`${SEGMENT}.corrupt`] });
    expect(disk.bytesOf(`${run.folder}/${SEGMENT}.corrupt`).equals(bytes)).toBe(true);
    // It is no segment that an older version set aside, to be taken back and read again.
    expect(await recoverRun(disk, run.folder)).toMatchObject({ changed: false, lost, takenBack: [] });
  });

  it('of the file of rows of a closed run is what run.yaml counted, once the run is taken up again', async () => {
    const fs = withBase(new MemoryFs());
    const first = await runSession(fs, PLAN);
    const path = join(first.folder, 'metrics.parquet');
    const bytes = fs.bytesOf(path);
    fs.overwrite(path, bytes.subarray(0, bytes.length - 9));
    await runSession(fs, { ...PLAN, from: 20 });
    expect(lostOf(fs, first.folder)).toEqual([20, 20]);
    expect(inspectRun(fs, first.folder)).toMatchObject({
      rows: 20,
      losses: [{ epoch: 0, calls: 20, file: 'metrics.parquet' }],
      kept: ['metrics.parquet.corrupt'],
    });
    await runSession(fs, { ...PLAN, from: 40 });
    expect(lostOf(fs, first.folder)).toEqual([20, 20]);
  });

  it('of the file of rows of a run that was cut off is what its log counts before it', async () => {
    const run = await cutOffRun();
    const damaged = (run.files.get('metrics.parquet') ?? Buffer.alloc(0)).subarray(0, -9);
    const fs = diskOf(run, 'metrics.parquet', damaged);
    // The first owner's 360 rows; the other 240 are in the log.
    expect(inspectRun(fs, run.folder).lost).toBe(360);
    expect(await recoverRun(fs, run.folder)).toMatchObject({ rows: 240, lost: 360 });
    expect(lostOf(fs, run.folder)).toEqual([360, 360]);
  });
});

describe('a writer that takes over while the process ends', () => {
  it('knows the metrics, rows and records of a log whose first segments are published and gone', () => {
    const fs = runFolder();
    const { log, stage, param, drain, say, successor } = walRig(fs);
    log(0, 1, 2);
    param({ lr: 1 });
    drain();
    stage.rotate();
    stage.dropBelow(stage.seq);
    log(3);
    say('a line\n');
    drain();
    const { state, rows, replayedTo, nextSegment, losses } = loadState(fs, FOLDER, UUID, 0);
    expect({ rows, replayedTo, nextSegment, losses }).toEqual({
      ...{ rows: 4, replayedTo: stage.seq, nextSegment: 2, losses: [] },
    });
    expect(state.records.toPlain().metrics).toEqual(['loss']);
    expect(state.params).toEqual({ lr: 1 });
    expect(state.log.pending).toEqual(['a line\n']);
    // What it writes can be read: its checkpoint knows the shapes of the rows.
    successor(nextSegment, state, replayedTo).log(4, 5);
    const replay = replayWal(fs, FOLDER, UUID, { epoch: 0, seq: 5, calls: 3 }, { salvage: true });
    expect(stepsOf(replay)).toEqual([3, 4, 5]);
    expect(replay).toMatchObject({ losses: [], malformed: [] });
  });
});

describe('a run.yaml that makes no sense', () => {
  const DAMAGED: readonly (readonly [string, (text: string) => string])[] = [
    ['cut off', (text) => text.slice(0, text.indexOf('tags:') + 2)],
    ['with a bad entry', (text) => text.replace('host: ', 'host: [')],
    ['with no uuid', (text) => text.replace(/^uuid: .*\n/m, '')],
    ['of zeros', (text) => '\0'.repeat(text.length)],
    ['that is empty', () => ''],
  ];

  it.each(DAMAGED)('%s costs what of it cannot be read, and no row', async (_what, damage) => {
    const run = await cutOffRun();
    const text = (run.files.get('run.yaml') ?? Buffer.alloc(0)).toString();
    const damaged = damage(text);
    const disk = diskOf(run, 'run.yaml', Buffer.from(damaged));
    expect(() => inspectRun(disk, run.folder)).toThrow(expect.objectContaining({ code: 'CORRUPT' }) as Error);
    const recovery = await recoverRun(disk, run.folder);
    expect(recovery).toMatchObject({ changed: true, rows: 600, lost: 0, corrupt: ['run.yaml'] });
    expect(disk.bytesOf(`${run.folder}/run.yaml.corrupt`).toString()).toBe(damaged);
    const { identity, metrics, status } = inspectRun(disk, run.folder);
    expect(identity).toMatchObject({ experiment: 'faults', run: 'run', uuid: run.uuid });
    expect(status).toBe('CRASHED');
    expect(metrics.size).toBeGreaterThan(3);
    expect(readContents(disk, run.folder).table.numRows).toBe(600);
    expect(await recoverRun(disk, run.folder)).toMatchObject({ changed: false, rows: 600 });
  });

  it('keeps every entry but the one that the damage is in', async () => {
    const run = await cutOffRun();
    const text = (run.files.get('run.yaml') ?? Buffer.alloc(0)).toString();
    const started = /^startedAt: "(.*)"$/m.exec(text)?.[1];
    const disk = diskOf(run, 'run.yaml', Buffer.from(text.replace('notes: ', 'notes: { ')));
    await recoverRun(disk, run.folder);
    expect(inspectRun(disk, run.folder).identity).toMatchObject({ startedAt: started, notes: '', epoch: 2 });
  });

  it('of a run of which nothing else is there stays as it is', async () => {
    const run = await cutOffRun();
    const disk = diskOf(run, 'run.yaml', Buffer.from('nonsense'));
    for (const name of run.files.keys()) if (name !== 'run.yaml') disk.remove(`${run.folder}/${name}`);
    await expect(recoverRun(disk, run.folder)).rejects.toThrow(
      expect.objectContaining({ code: 'CORRUPT' }) as Error,
    );
    expect(disk.namesIn(run.folder)).toEqual(['run.yaml']);
  });
});
