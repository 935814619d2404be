import { describe, expect, it } from 'vitest';
import { RowEncoder } from '../../src/channel/row-encoder.js';
import { callsLost } from '../../src/model/losses.js';
import { FrameType, SEGMENT_START_BYTES, decodeSegmentStart } from '../../src/storage/wal/frame.js';
import { type WalFrame, formatOf, readFrames } from '../../src/storage/wal/segment-reader.js';
import { NOTHING_PUBLISHED, type Replay, type Watermark, replayWal } from '../../src/run/replay/replay.js';
import { restoreState } from '../../src/run/replay/restore-state.js';
import type { MemoryFs } from '../faults/memory-fs.js';
import { EMPTY_CHECKPOINT, segmentOfOne } from '../support/wal-v1.js';
import { FOLDER, UUID, runFolder, stepsOf, walRig } from '../writer/wal-rig.js';

/** All bytes of a payload have one checksum; the fault harness damages each of them. */
const PAYLOAD_STRIDE = 16;

const nameOf = (epoch: number, number: number): string => `wal-${epoch}-${number}.log`;
const pathOf = (epoch: number, number: number): string => `${FOLDER}/${nameOf(epoch, number)}`;
const salvage = (fs: MemoryFs, from: Watermark = NOTHING_PUBLISHED): Replay =>
  replayWal(fs, FOLDER, UUID, from, { salvage: true });
const upTo = (end: number, start = 0): number[] => Array.from({ length: end - start }, (_, at) => start + at);

/** The frames of a segment, and where each begins. */
function framesAt(bytes: Buffer): (WalFrame & { readonly at: number })[] {
  const start = decodeSegmentStart(bytes);
  if (start === null) throw new Error('no start of a segment');
  const frames: WalFrame[] = [];
  readFrames(bytes, start.bytes, formatOf(start), frames);
  let at = start.bytes;
  return frames.map((frame) => {
    const placed = { ...frame, at };
    at += (start.version === 1 ? 24 : 32) + frame.payload.length;
    return placed;
  });
}

/** Flips a bit of one frame of a segment, in its payload where it has one. */
function damage(fs: MemoryFs, path: string, frame: { readonly at: number } | undefined): void {
  if (frame === undefined) throw new Error('there is no such frame');
  const bytes = fs.bytesOf(path);
  bytes[frame.at + 36] = (bytes[frame.at + 36] ?? 0) ^ 4;
  fs.overwrite(path, bytes);
}

const recordFrames = (fs: MemoryFs, path: string): ReturnType<typeof framesAt> =>
  framesAt(fs.bytesOf(path)).filter(({ type }) => type === FrameType.records);

/** A run whose first segment is published and gone: rows, a line every third row and a parameter every fiftieth. */
function secondSegment(rows: number): { readonly fs: MemoryFs; readonly from: Watermark } {
  const fs = runFolder();
  const { log, say, param, stage } = walRig(fs);
  const write = (from: number, to: number): void => {
    for (let step = from; step < to; step += 10) {
      for (let line = step; line < step + 10; line += 3) say(`line ${line}\n`);
      if (step % 50 === 0) param({ [`at${step}`]: step });
      log(...upTo(step + 10, step));
    }
  };
  write(0, rows);
  stage.rotate();
  const from = { epoch: 0, seq: stage.seq, calls: stage.calls };
  stage.dropBelow(stage.seq);
  write(rows, 2 * rows);
  stage.leave();
  return { fs, from };
}

describe('the ledger of loss', () => {
  it('says nothing where nothing is lost, whatever is published and gone', () => {
    const { fs, from } = secondSegment(100);
    expect(salvage(fs, from)).toMatchObject({ losses: [], malformed: [], corrupt: [], unrestored: null });
    expect(stepsOf(salvage(fs, from))).toEqual(upTo(200, 100));
  });

  it('of a segment of 40 kB with a byte changed anywhere: at most one frame is gone, and how many calls and lines that is', () => {
    const { fs, from } = secondSegment(750);
    const path = pathOf(0, 1);
    const whole = fs.bytesOf(path);
    const frames = framesAt(whole);
    const lastAt = frames.at(-1)?.at ?? 0;
    const all = { steps: upTo(1500, 750), lines: salvage(fs, from).state.log.pending, params: 30 };
    expect(whole.length).toBeGreaterThan(40_000);
    const heads = new Set(frames.flatMap(({ at }) => upTo(at + 32, at)));
    const isHead = (at: number): boolean => at < SEGMENT_START_BYTES || heads.has(at);
    const wrong: unknown[] = [];
    const bytes = Buffer.from(whole);
    for (let at = 0; at < whole.length; at++) {
      if (!isHead(at) && at % PAYLOAD_STRIDE !== 0) continue;
      bytes[at] = (whole[at] ?? 0) ^ (1 << (at & 7));
      fs.overwrite(path, bytes);
      bytes[at] = whole[at] ?? 0;
      const replay = salvage(fs, from);
      const losses = [...replay.losses, ...restoreState(fs, FOLDER, replay)];
      const { pending } = replay.state.log;
      const steps = new Set(stepsOf(replay));
      const gone = all.steps.filter((step) => !steps.has(step));
      const lines = all.lines.length - pending.length;
      const params = all.params - Object.keys(replay.state.params).length;
      const isLast = at >= lastAt;
      const isOneFrame = gone.length === 0 || (gone.length === 10 && (gone[9] ?? 0) - (gone[0] ?? 0) === 9);
      const told = {
        calls: callsLost(losses),
        others: losses.reduce((sum, { others = 0 }) => sum + others, 0),
      };
      const isTold = isLast
        ? replay.tornBytes === whole.length - lastAt && told.calls === 0
        : told.calls === gone.length && told.others === lines + params;
      const there = new Set(pending);
      const isInOrder = all.lines.filter((line) => there.has(line)).join('') === pending.join('');
      if (
        !isOneFrame ||
        !isTold ||
        !isInOrder ||
        (gone.length > 0 && at < SEGMENT_START_BYTES) ||
        lines > 400
      )
        wrong.push({ at, gone: gone.length, lines, params, told, torn: replay.tornBytes });
    }
    expect(wrong).toEqual([]);
  }, 120_000);

  it('counts the calls of a segment that was deleted between two others', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    log(0, 1);
    stage.rotate();
    log(...upTo(40, 2));
    stage.rotate();
    log(40);
    fs.remove(pathOf(0, 1));
    expect(salvage(fs).losses).toEqual([
      { epoch: 0, firstRecord: 4, records: 38, calls: 38, file: nameOf(0, 2) },
    ]);
  });

  it('counts what is missing at the end of an owner’s log when the next owner had seen it', () => {
    const fs = runFolder();
    const first = walRig(fs);
    first.log(0, 1);
    first.stage.rotate();
    first.log(2, 3, 4);
    first.stage.leave();
    const { state, end } = salvage(fs);
    state.startEpoch();
    state.before = end;
    walRig(fs, 1).successor(0, state).log(5);
    expect(salvage(fs).losses).toEqual([]);
    fs.remove(pathOf(0, 1));
    expect(salvage(fs)).toMatchObject({
      losses: [{ epoch: 0, firstRecord: 4, records: 3, calls: 3, file: nameOf(1, 0) }],
    });
    expect(stepsOf(salvage(fs))).toEqual([0, 1, 5]);
    fs.remove(pathOf(0, 0));
    expect(callsLost(salvage(fs).losses)).toBe(5);
    expect(callsLost(salvage(fs, { epoch: 0, seq: 4, calls: 2 }).losses)).toBe(3);
    expect(salvage(fs, { epoch: 0, seq: 7, calls: 5 }).losses).toEqual([]);
  });

  it('counts from the watermark, not from the first record', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    log(...upTo(10));
    stage.rotate();
    log(...upTo(20, 10));
    stage.rotate();
    log(20);
    fs.remove(pathOf(0, 0));
    fs.remove(pathOf(0, 1));
    // Twelve records and 10 calls are the first segment's; 5 rows of the second are published, too.
    expect(salvage(fs, { epoch: 0, seq: 17, calls: 15 }).losses).toMatchObject([
      { firstRecord: 17, calls: 5 },
    ]);
    expect(salvage(fs, { epoch: 0, seq: 22, calls: 20 }).losses).toEqual([]);
    // What a file of 0.1.0 says has no calls in it; then it is an upper bound.
    expect(salvage(fs, { epoch: 0, seq: 17 }).losses).toMatchObject([{ calls: 5, atMost: true }]);
  });

  it('takes log lines in a gap for no calls, and says how many other records there were', () => {
    const fs = runFolder();
    const { log, say, drain, stage } = walRig(fs);
    log(0);
    for (let line = 0; line < 7; line++) say(`line ${line}\n`);
    drain();
    log(1);
    stage.leave();
    damage(fs, pathOf(0, 0), recordFrames(fs, pathOf(0, 0))[1]);
    expect(salvage(fs).losses).toEqual([
      { epoch: 0, firstRecord: 3, records: 7, calls: 0, others: 7, file: nameOf(0, 0) },
    ]);
    expect(stepsOf(salvage(fs))).toEqual([0, 1]);
  });

  it('takes lines that a checkpoint behind the gap holds for no loss', () => {
    const fs = runFolder();
    const { log, say, drain, stage } = walRig(fs);
    log(0, 1);
    stage.rotate();
    say('a line\n');
    drain();
    stage.rotate();
    log(2);
    fs.remove(pathOf(0, 1));
    expect(salvage(fs)).toMatchObject({ losses: [], state: { log: { pending: ['a line\n'] } } });
    // A reader goes on there, too.
    expect(stepsOf(replayWal(fs, FOLDER, UUID, NOTHING_PUBLISHED))).toEqual([0, 1, 2]);
  });

  it('reads rows whose definitions stood in a damaged frame', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    log(0);
    log(1);
    log(2);
    stage.leave();
    damage(fs, pathOf(0, 0), recordFrames(fs, pathOf(0, 0))[0]);
    const replay = salvage(fs);
    expect(stepsOf(replay)).toEqual([1, 2]);
    expect(replay.losses).toEqual([{ epoch: 0, firstRecord: 0, records: 3, calls: 1, file: nameOf(0, 0) }]);
  });

  it('reads a segment whose checkpoint is gone where the segment before ends there', () => {
    const fs = runFolder();
    const { log, say, drain, stage } = walRig(fs);
    log(0, 1);
    say('a line\n');
    drain();
    stage.rotate();
    log(2, 3);
    const path = pathOf(0, 1);
    const whole = fs.bytesOf(path);
    // The frames of a checkpoint, with one copy or none of what rows rest on, and with or without what is carried.
    for (const gone of [
      [FrameType.carried],
      [FrameType.checkpoint],
      [FrameType.checkpoint, FrameType.carried],
    ] as FrameType[][]) {
      fs.overwrite(path, whole);
      for (const frame of framesAt(whole)) if (gone.includes(frame.type)) damage(fs, path, frame);
      const replay = salvage(fs);
      expect(replay).toMatchObject({ losses: [], unrestored: null, corrupt: [nameOf(0, 1)] });
      expect(stepsOf(replay)).toEqual([0, 1, 2, 3]);
      expect(replay.state.log.pending).toEqual(['a line\n']);
    }
    // Without it the rows rest on nothing, and are counted.
    expect(salvage(fs, { epoch: 0, seq: 5, calls: 2 }).losses).toEqual([]);
    fs.remove(pathOf(0, 0));
    const alone = salvage(fs, { epoch: 0, seq: 5, calls: 2 });
    expect(alone.malformed).toMatchObject([{ file: nameOf(0, 1) }]);
    expect(alone.losses).toEqual([{ epoch: 0, firstRecord: 5, records: 2, calls: 2, file: nameOf(0, 1) }]);
  });

  it('finds in run.log what a damaged checkpoint held, and writes none of it twice', () => {
    const fs = runFolder();
    const { log, say, drain, stage } = walRig(fs);
    log(0);
    const lines = upTo(1500).map((line) => `line ${line}\n`);
    for (const line of lines) say(line);
    drain();
    stage.rotate();
    log(1);
    stage.leave();
    fs.remove(pathOf(0, 0));
    const path = pathOf(0, 1);
    const carried = framesAt(fs.bytesOf(path)).filter(({ type }) => type === FrameType.carried);
    expect(carried.length).toBeGreaterThan(2);
    damage(fs, path, carried[1]);
    const from = { epoch: 0, seq: 1503, calls: 1 };
    const found = (written: number): { readonly others: number; readonly lines: readonly string[] } => {
      if (fs.stat(`${FOLDER}/run.log`) !== null) fs.remove(`${FOLDER}/run.log`);
      fs.overwrite(`${FOLDER}/run.log`, Buffer.from(lines.slice(0, written).join('')));
      const replay = salvage(fs, from);
      const losses = restoreState(fs, FOLDER, replay);
      return { others: losses[0]?.others ?? 0, lines: replay.state.log.pending };
    };
    expect(found(1500)).toEqual({ others: 0, lines });
    const none = found(0);
    expect(none.lines.length).toBe(1500 - none.others);
    expect(none.others).toBeGreaterThan(100);
    // Half of the lost ones are in the file.
    const first = lines.findIndex((line) => !none.lines.includes(line));
    expect(found(first + 50)).toEqual({
      others: none.others - 50,
      lines: [...lines.slice(0, first + 50), ...lines.slice(first + none.others)],
    });
  });

  it('counts the calls of an intact frame that makes no sense, and names its segment', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    log(0, 1);
    stage.rotate();
    log(2, 3, 4);
    log(5);
    stage.leave();
    // As if the shape had never been defined: the checkpoint of another run’s second segment, as it were.
    const path = pathOf(0, 1);
    fs.remove(pathOf(0, 0));
    for (const frame of framesAt(fs.bytesOf(path)))
      if (frame.type === FrameType.checkpoint) damage(fs, path, frame);
    const { losses, malformed } = salvage(fs);
    expect(malformed.map(({ file }) => file)).toEqual([nameOf(0, 1), nameOf(0, 1)]);
    // Four rows that cannot be decoded, behind two that are gone with their segment.
    expect(callsLost(losses)).toBe(6);
  });

  it('takes no row for one of another shape, where the definition that gave its number to a new shape is gone', () => {
    const fs = runFolder();
    const { channel, drain, stage } = walRig(fs);
    const ignore = (): void => undefined;
    const encoder = new RowEncoder(channel, {
      maxMetrics: 2000,
      onRejection: ignore,
      onExcess: () => undefined,
      onMetric: ignore,
    });
    const write = (metric: number, step: number): void => {
      encoder.write({ [`m${metric}`]: step }, step, 0);
      drain();
    };
    for (let metric = 0; metric < 1024; metric++) write(metric, metric);
    write(2000, 5000);
    write(3, 5001);
    // The shape that has number 0 by now, and was not written by that number before.
    write(2000, 5002);
    stage.leave();
    const path = pathOf(0, 0);
    const frames = framesAt(fs.bytesOf(path));
    const [records, definitions] = frames.slice(-4);
    expect([records?.type, definitions?.type]).toEqual([FrameType.records, FrameType.definitions]);
    damage(fs, path, records);
    damage(fs, path, definitions);
    const { spans, losses } = salvage(fs);
    const named = spans.flatMap((span) =>
      stepsOf({ spans: [span] }).map((step) => [step, span.shape.metrics[0]]),
    );
    expect(named.filter(([step]) => Number(step) >= 5000)).toEqual([]);
    // The one that is gone, and two of which nobody can tell what they are.
    expect(callsLost(losses)).toBe(3);
  });

  it('knows of a log of version 1 how many records are missing, and gives that as an upper bound of calls', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    log(0, 1);
    log(2, 3);
    log(4);
    stage.leave();
    const path = pathOf(0, 0);
    const payloads = recordFrames(fs, path);
    const bytes = segmentOfOne({ runUuid: UUID, epoch: 0, number: 0, salt: Buffer.alloc(8, 7) }, [
      { seq: 0, payload: EMPTY_CHECKPOINT, isCheckpoint: true },
      ...payloads.map(({ seq, payload }) => ({ seq, payload })),
    ]);
    fs.overwrite(path, bytes);
    expect(salvage(fs)).toMatchObject({ losses: [], end: { epoch: 0, seq: 7, calls: null } });
    expect(stepsOf(salvage(fs))).toEqual([0, 1, 2, 3, 4]);
    const [, second] = framesAt(bytes).filter(({ type }) => type === FrameType.records);
    damage(fs, path, second);
    expect(stepsOf(salvage(fs))).toEqual([0, 1, 4]);
    expect(salvage(fs).losses).toEqual([
      { epoch: 0, firstRecord: 4, records: 2, calls: 2, atMost: true, file: nameOf(0, 0) },
    ]);
  });

  it('does not guess at a damaged last frame: it is told in bytes', () => {
    const fs = runFolder();
    const { log, stage } = walRig(fs);
    log(0);
    log(1, 2, 3);
    stage.leave();
    const path = pathOf(0, 0);
    const last = recordFrames(fs, path)[1];
    damage(fs, path, last);
    expect(salvage(fs)).toMatchObject({ losses: [], tornBytes: fs.bytesOf(path).length - (last?.at ?? 0) });
  });
});
