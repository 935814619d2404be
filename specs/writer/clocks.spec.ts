import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOCK_NAME, type LockOwner, lockText, readLock } from '../../src/storage/lock-file.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { RUN_NAME } from '../../src/run/file-names.js';
import { readMapping } from '../../src/run/run-record.js';
import { stringifyYaml } from '../../src/storage/yaml-file.js';
import { inspectRun } from '../../src/reader/inspect-run.js';
import { readIdentity } from '../../src/run/identity.js';
import { lastedMs } from '../../src/run/lasted-ms.js';
import { recoverRun } from '../../src/writer/recovery/recover-run.js';
import { MemoryFs } from '../faults/memory-fs.js';
import { Played } from '../faults/played.js';
import { withBase } from '../faults/session.js';
import { tempFolders } from '../support/temp-folder.js';

const FOLDER = '/base/faults/run';
const START = Date.parse('2026-01-01T00:00:00.000Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STEPS = [0, -HOUR_MS, HOUR_MS, -DAY_MS, DAY_MS];

/** One process after the other, with a wall clock and a monotonic one that are set by hand. */
class Clocks {
  fs = withBase(new MemoryFs());
  wallMs = START;
  monotonicMs = 1_000;

  open(): Played {
    return new Played(
      this.fs,
      { flushIntervalMs: 1, flushIntervalRows: 5 },
      () => this.wallMs,
      () => this.monotonicMs,
    );
  }

  pass(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }

  get lock(): ReturnType<typeof readLock> {
    return readLock(this.fs, join(FOLDER, LOCK_NAME));
  }

  get yaml(): Readonly<Record<string, unknown>> {
    return readMapping(this.fs, FOLDER, RUN_NAME) ?? {};
  }

  /** Rows that run.yaml speaks of. */
  get rows(): unknown {
    return (this.yaml['counts'] as { readonly rows?: unknown }).rows;
  }

  /** Gives the second stage its turns until something is so: publishes have their rests, which no clock here shortens. */
  async until(run: Played, isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      run.flush();
      await run.rest(1);
    }
  }
}

describe('a run whose clock is set while it is open', () => {
  it.each(STEPS)('by %d ms beats every five seconds all the same', (step) => {
    const clocks = new Clocks();
    const run = clocks.open();
    for (let beat = 1; beat <= 4; beat++) {
      if (beat === 2) clocks.wallMs += step;
      clocks.pass(4_999);
      run.beat();
      expect(clocks.lock?.beat).toBe(beat - 1);
      clocks.pass(1);
      run.beat();
      expect(clocks.lock).toMatchObject({ beat, lastedMs: 5_000 * beat });
    }
    run.die();
  });

  it.each(STEPS)('by %d ms says in run.yaml how it is, every five seconds', async (step) => {
    const clocks = new Clocks();
    const run = clocks.open();
    clocks.pass(1_000);
    for (let time = 1; time <= 3; time++) {
      if (time === 2) clocks.wallMs += step;
      clocks.pass(5_000);
      for (let row = 0; row < 5; row++) run.intake.row({ loss: row }, 5 * time + row);
      await clocks.until(run, () => clocks.rows === 5 * time);
      expect(clocks.yaml).toMatchObject({ counts: { rows: 5 * time }, durationMs: 1_000 + 5_000 * time });
    }
    run.die();
  });

  it.each(STEPS)('by %d ms tries again within a second what its disk refused', async (step) => {
    const clocks = new Clocks();
    const run = clocks.open();
    let isFull = true;
    clocks.fs.onCall = (call, path) =>
      isFull && call === 'rename' && path.includes('metrics') ? { errno: 'ENOSPC' } : null;
    run.intake.row({ loss: 1 }, 0);
    await clocks.until(run, () => clocks.yaml['degraded'] !== undefined);
    clocks.wallMs += step;
    isFull = false;
    clocks.pass(1_000);
    run.beat();
    await clocks.until(run, () => clocks.yaml['degraded'] === undefined);
    run.die();
  });

  it.each(STEPS)('by %d ms lasts as long as it did, and ends no sooner than it began', async (step) => {
    const clocks = new Clocks();
    const run = clocks.open();
    run.intake.row({ loss: 1 }, 0);
    clocks.pass(4_000);
    clocks.wallMs += step;
    clocks.pass(5_000);
    const { summary } = await run.close();
    expect(summary.durationMs).toBe(9_000);
    expect(clocks.yaml['durationMs']).toBe(9_000);
    expect(inspectRun(clocks.fs, FOLDER).durationMs).toBe(9_000);
    const ended = Date.parse(String(clocks.yaml['endedAt']));
    expect(ended).toBe(START + 9_000 + Math.max(0, step));
  });
});

describe('a run of several sessions', () => {
  it('lasts as long as all of them together, not as long as the time between', async () => {
    const clocks = new Clocks();
    for (const [index, ms] of [2_000, 3_000, 4_000].entries()) {
      const run = clocks.open();
      run.intake.row({ loss: 1 }, index);
      clocks.pass(ms);
      const { summary } = await run.close();
      expect(summary.durationMs).toBe([2_000, 5_000, 9_000][index]);
      expect(inspectRun(clocks.fs, FOLDER).durationMs).toBe(summary.durationMs);
      clocks.pass(DAY_MS);
    }
    const marks = clocks.yaml['resumed'] as readonly { readonly lastedMs: number }[];
    expect(marks.map(({ lastedMs }) => lastedMs)).toEqual([2_000, 5_000]);
  });

  it.each(STEPS)(
    'two of them killed lasted until their last beats, before and after a recovery; clock set by %d ms',
    async (step) => {
      const clocks = new Clocks();
      for (const ms of [11_000, 6_000]) {
        const run = clocks.open();
        run.intake.row({ loss: 1 }, ms, clocks.wallMs + step);
        for (let passed = 0; passed < ms; passed += 1_000) {
          clocks.pass(1_000);
          if (passed === 2_000) clocks.wallMs += step;
          run.beat();
        }
        run.flush();
        clocks.fs = run.die();
        clocks.pass(HOUR_MS);
      }
      expect(inspectRun(clocks.fs, FOLDER).durationMs).toBe(15_000);
      expect(clocks.yaml['resumed']).toMatchObject([{ from: 'RUNNING', lastedMs: 10_000 }]);
      await recoverRun(clocks.fs, FOLDER);
      const { durationMs, endedAt, status } = inspectRun(clocks.fs, FOLDER);
      expect({ durationMs, status }).toEqual({ durationMs: 15_000, status: 'CRASHED' });
      expect(Date.parse(String(endedAt))).toBeGreaterThanOrEqual(START);
      clocks.pass(DAY_MS);
      const third = clocks.open();
      clocks.pass(500);
      expect((await third.close()).summary.durationMs).toBe(15_500);
    },
  );

  it('lasts no longer for a recovery, wherever that is killed', async () => {
    const clocks = new Clocks();
    const run = clocks.open();
    run.intake.row({ loss: 1 }, 0);
    clocks.pass(7_000);
    run.beat();
    run.flush();
    const killed = run.die();
    const before = killed.changes.length;
    await recoverRun(killed, FOLDER);
    for (let count = before; count <= killed.changes.length; count++) {
      const left = MemoryFs.replay(killed.changes, count);
      left.reboot();
      expect(inspectRun(left, FOLDER).durationMs, `change ${count}`).toBe(7_000);
      await recoverRun(left, FOLDER);
      expect(inspectRun(left, FOLDER).durationMs, `change ${count}, recovered`).toBe(7_000);
    }
  });
});

describe('how long a run that was cut off has lasted', () => {
  const newFolder = tempFolders('lasted');
  const OWNER: LockOwner = {
    ...{ pid: 7, startTicks: 1, bootId: 'b', host: 'elsewhere', epoch: 4, token: 't' },
  };
  const BEAT = 1_000_000;
  /** When each file was written, in seconds after the last beat, at which the run had lasted ten. */
  const lasted = (
    written: Readonly<Record<string, number>>,
    {
      status = 'RUNNING',
      durationMs = 3_000,
      startedAt = '2026-01-01T00:00:00.000Z',
      lock = lockText(OWNER, 10_000),
    } = {},
  ): number => {
    const folder = newFolder();
    const identity = {
      experiment: 'e',
      run: 'r',
      uuid: 'a'.repeat(32),
      startedAt,
    };
    writeFileSync(join(folder, RUN_NAME), stringifyYaml({ ...identity, status, durationMs }));
    writeFileSync(join(folder, LOCK_NAME), lock);
    for (const [name, seconds] of Object.entries({ [LOCK_NAME]: 0, ...written })) {
      writeFileSync(join(folder, name), '', { flag: 'a' });
      utimesSync(join(folder, name), BEAT + seconds, BEAT + seconds);
    }
    const sign = Date.parse('2026-01-01T00:00:07.000Z');
    return lastedMs(nodeFs, folder, readIdentity(nodeFs, folder), () => sign);
  };

  it('is what it had at its last beat, and until it wrote for the last time', () => {
    expect(lasted({})).toBe(10_000);
    expect(lasted({ 'wal-4-0.log': 1.5, 'run.log': 2.25, 'wal-4-1.log': 0.5 })).toBe(12_250);
    expect(lasted({ 'wal-4-0.log': 3 })).toBe(13_000);
  });

  it('is bounded by the beats where the clock of the file system was set meanwhile', () => {
    expect(lasted({ 'wal-4-0.log': 86_400 })).toBe(15_000);
    expect(lasted({ 'wal-4-0.log': -3_600 })).toBe(10_000);
  });

  it('is not what an earlier owner wrote, nor one that only ended it', () => {
    expect(lasted({ 'wal-3-0.log': 2 })).toBe(10_000);
    expect(lasted({ 'wal-4-0.log': 2 }, { lock: lockText({ ...OWNER, ends: true }, 10_000) })).toBe(10_000);
  });

  it('is what its run.yaml says where it was ended, and never less', () => {
    expect(lasted({ 'wal-4-0.log': 2 }, { status: 'FINISHED' })).toBe(3_000);
    expect(lasted({ 'wal-4-0.log': 2 }, { durationMs: 20_000 })).toBe(20_000);
  });

  it('is until its last row or line where it was one of 0.1.0, whose lock does not tell', () => {
    const lock = `${JSON.stringify(OWNER)}\n`;
    expect(lasted({ 'wal-4-0.log': 2 }, { lock })).toBe(7_000);
    expect(lasted({ 'wal-4-0.log': 2 }, { lock, durationMs: 8_000 })).toBe(8_000);
  });

  it('is a number of milliseconds whatever its run.yaml says', () => {
    for (const durationMs of [NaN, -1, Infinity]) {
      expect(lasted({}, { durationMs })).toBe(10_000);
      expect(lasted({}, { durationMs, status: 'FINISHED' })).toBe(0);
    }
    const lock = `${JSON.stringify(OWNER)}\n`;
    expect(lasted({}, { lock, startedAt: 'long ago' })).toBe(3_000);
  });
});
