import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { FileFacts, FsPort } from '../../src/storage/fs-port.js';
import { LOCK_NAME, type LockOwner, beatLock, lockText } from '../../src/storage/lock-file.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { OwnerWatch, mustHaveEndedHere, readOwnership, watchOwner } from '../../src/storage/owner-watch.js';
import { takeLock } from '../../src/storage/run-lock.js';
import { tempFolders } from '../support/temp-folder.js';

const newFolder = tempFolders('watch');
const HOUR_MS = 3_600_000;
const ELSEWHERE: LockOwner = {
  ...{ pid: 7, startTicks: 1, bootId: 'b', host: 'elsewhere', epoch: 4, token: 'theirs' },
};
const locked = (text: RegExp): Error =>
  expect.objectContaining({
    code: 'RUN_LOCKED',
    message: expect.stringMatching(text) as string,
  }) as Error;

/** A run whose owner is on another host, over a file system whose clock and whose reader's clocks are set by hand. */
class Elsewhere {
  readonly folder = newFolder();
  /** The clock of the file system, in milliseconds since the epoch. */
  fileMs = 1_000_000_000;
  /** The monotonic clock of whoever looks. */
  monotonicMs = 50;
  canWrite = true;
  readonly fs: FsPort = {
    ...nodeFs,
    open: (path, mode) => {
      if (mode === 'create' && !this.canWrite) throw Object.assign(new Error('EROFS'), { code: 'EROFS' });
      return nodeFs.open(path, mode);
    },
    stat: (path) => this.stamped(nodeFs.stat(path), path),
    statOpen: (fd) => this.stamped(nodeFs.statOpen(fd)),
  };
  private beatAtMs = this.fileMs;

  constructor() {
    writeFileSync(join(this.folder, LOCK_NAME), lockText(ELSEWHERE, 0));
  }

  beat(): void {
    this.beatAtMs = this.fileMs;
    beatLock(nodeFs, this.folder, ELSEWHERE, 0);
  }

  pass(ms: number): void {
    this.fileMs += ms;
    this.monotonicMs += ms;
  }

  watch(): OwnerWatch {
    return new OwnerWatch(this.fs, this.folder, () => this.monotonicMs);
  }

  /** The lock bears the time of its last beat, every other file that of now. */
  private stamped<F extends FileFacts | null>(facts: F, path?: string): F {
    if (facts === null) return facts;
    const lock = nodeFs.stat(join(this.folder, LOCK_NAME));
    const isLock = path === undefined ? facts.inode === lock?.inode : path.endsWith(LOCK_NAME);
    return { ...facts, modifiedMs: isLock ? this.beatAtMs : this.fileMs };
  }
}

describe('an owner on another host', () => {
  it.each([0, -HOUR_MS, HOUR_MS, -600_000, 600_000])(
    'lives for 15 s after its beat by the clock of the file system, also where the reader’s is %d ms off',
    (off) => {
      const run = new Elsewhere();
      vi.spyOn(Date, 'now').mockReturnValue(run.fileMs + off);
      try {
        run.pass(14_999);
        expect(run.watch().look()).toEqual({ kind: 'alive', owner: ELSEWHERE });
        run.pass(1);
        expect(run.watch().look()).toEqual({ kind: 'dead', owner: ELSEWHERE });
        run.beat();
        expect(run.watch().look().kind).toBe('alive');
      } finally {
        vi.restoreAllMocks();
      }
      expect(readdirSync(run.folder)).toEqual([LOCK_NAME]);
    },
  );

  it('is unsure where nothing can be written, until the beat moves or has stood still for 15 s', () => {
    const run = new Elsewhere();
    run.canWrite = false;
    run.pass(HOUR_MS);
    const [moving, still] = [run.watch(), run.watch()];
    for (const watch of [moving, still]) expect(watch.look()).toEqual({ kind: 'unsure', owner: ELSEWHERE });
    run.pass(14_999);
    expect(still.look().kind).toBe('unsure');
    run.pass(1);
    expect(still.look().kind).toBe('dead');
    run.beat();
    expect(moving.look().kind).toBe('alive');
    expect(still.look().kind).toBe('alive');
  });

  it('whose beat is of the future, because the file server’s clock was set back, is watched like any other', () => {
    const run = new Elsewhere();
    run.fileMs -= HOUR_MS;
    const watch = run.watch();
    expect(watch.look().kind).toBe('alive');
    run.pass(15_000);
    expect(watch.look().kind).toBe('dead');
  });

  it('is asked for by one file in a second, however many look', () => {
    const run = new Elsewhere();
    const creating = vi.spyOn(run.fs, 'open');
    const created = (): number => creating.mock.calls.filter(([, mode]) => mode === 'create').length;
    for (let look = 0; look < 20; look++) run.watch().look();
    expect(created()).toBe(1);
    run.pass(1_000);
    run.watch().look();
    expect(created()).toBe(2);
  });

  it('is watched for 15 s before a run is taken by force, and no longer than to its next beat', async () => {
    for (const beatsAfterMs of [null, 0, 4_000, 14_900]) {
      const run = new Elsewhere();
      run.pass(HOUR_MS);
      const begun = run.monotonicMs;
      const wait = (ms: number): Promise<void> => {
        const before = run.monotonicMs - begun;
        if (beatsAfterMs !== null && before <= beatsAfterMs && before + ms > beatsAfterMs) run.beat();
        run.pass(ms);
        return Promise.resolve();
      };
      const watch = await watchOwner(run.fs, run.folder, { monotonic: () => run.monotonicMs, wait });
      expect(watch.look().kind, `${beatsAfterMs}`).toBe(beatsAfterMs === null ? 'dead' : 'alive');
      expect(run.monotonicMs - begun).toBe(
        beatsAfterMs === null ? 15_000 : 500 * Math.floor(beatsAfterMs / 500) + 500,
      );
    }
  });

  it('whose lock cannot be read at one look has not beaten for that', () => {
    const run = new Elsewhere();
    let isRefused = false;
    const real = { ...run.fs };
    run.fs.open = (path, mode) => {
      if (isRefused && mode === 'read') throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
      return real.open(path, mode);
    };
    const watch = run.watch();
    for (let look = 0; look < 30; look++) {
      expect(watch.look().kind).toBe('alive');
      isRefused = look % 3 === 0;
      run.pass(500);
    }
    isRefused = false;
    expect(watch.look()).toEqual({ kind: 'dead', owner: ELSEWHERE });
    expect(watch.beats).toBe(0);
  });

  it('keeps its run from a taker that saw it dead, where it beat after all', () => {
    const run = new Elsewhere();
    run.pass(HOUR_MS);
    const watch = run.watch();
    expect(watch.look().kind).toBe('dead');
    const late: FsPort = {
      ...run.fs,
      rename: (from, to) => {
        if (from.endsWith(LOCK_NAME)) run.beat();
        nodeFs.rename(from, to);
      },
    };
    expect(() => takeLock(late, run.folder, 5, { watch })).toThrow(locked(/elsewhere/));
    expect(readdirSync(run.folder)).toEqual([LOCK_NAME]);
    run.pass(HOUR_MS);
    expect(takeLock(run.fs, run.folder, 5, { watch: run.watch() }).epoch).toBe(5);
  });

  it('is named by whoever refuses its run, with what to do', () => {
    const run = new Elsewhere();
    const refused = (): void => {
      mustHaveEndedHere(run.folder, run.watch().look());
    };
    expect(refused).toThrow(locked(/process 7 on elsewhere, .*wait until it closes the run/));
    run.canWrite = false;
    run.pass(HOUR_MS);
    expect(refused).toThrow(locked(/may still be running: .*make the folder writable/));
    run.canWrite = true;
    expect(refused).toThrow(locked(/silent for 15 s; .*--force/));
  });
});

describe('an owner on this host', () => {
  it('is never watched: its process says whether it lives', async () => {
    const folder = newFolder();
    const owner = takeLock(nodeFs, folder, 0);
    utimesSync(join(folder, LOCK_NAME), 1, 1);
    const wait = (): never => expect.unreachable('nothing is to be waited for');
    const watch = await watchOwner(nodeFs, folder, { monotonic: () => 0, wait });
    expect(watch.look()).toEqual({ kind: 'alive', owner });
    expect(owner.host).toBe(hostname());
    expect(readOwnership(nodeFs, folder).kind).toBe('alive');
    expect(() => {
      mustHaveEndedHere(folder, watch.look());
    }).toThrow(locked(/wait until it closes the run, or end it/));
  });
});
