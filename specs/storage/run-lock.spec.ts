import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FsPort } from '../../src/storage/fs-port.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { LOCK_NAME, type LockOwner } from '../../src/storage/lock-file.js';
import { readOwnership } from '../../src/storage/owner-watch.js';
import { holdsLock, releaseLock, takeLock } from '../../src/storage/run-lock.js';
import { tempFolders } from '../support/temp-folder.js';

const newFolder = tempFolders('lock');
const lockOf = (folder: string): string => join(folder, LOCK_NAME);
const longAgo = (folder: string): void => utimesSync(lockOf(folder), 1, 1);
const write = (folder: string, owner: Partial<LockOwner>): void => {
  const dead: LockOwner = {
    pid: owner.pid ?? deadPid(),
    startTicks: 1,
    bootId: null,
    host: hostname(),
    epoch: 4,
    token: 'other',
  };
  writeFileSync(lockOf(folder), JSON.stringify({ ...dead, ...owner }));
};
/** The number of a process that has just ended. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '0']).pid;
const locked = expect.objectContaining({ code: 'RUN_LOCKED' }) as Error;

describe('the lock of a run', () => {
  it('is had by one owner at a time, and gone when that one lets go', () => {
    const folder = newFolder();
    const owner = takeLock(nodeFs, folder, 0);
    expect(owner).toMatchObject({ pid: process.pid, host: hostname(), epoch: 0 });
    expect(() => takeLock(nodeFs, folder, 1)).toThrow(locked);
    expect(holdsLock(nodeFs, folder, owner)).toBe(true);
    releaseLock(nodeFs, folder, owner);
    expect(readdirSync(folder)).toEqual([]);
    expect(readOwnership(nodeFs, folder).kind).toBe('free');
  });

  it('is not let go by one who does not have it', () => {
    const folder = newFolder();
    const owner = takeLock(nodeFs, folder, 0);
    releaseLock(nodeFs, folder, { ...owner, token: 'somebody else' });
    expect(holdsLock(nodeFs, folder, owner)).toBe(true);
  });

  it.each<[string, Partial<LockOwner>]>([
    ['whose process is gone', {}],
    ['whose number another process has got since', { pid: process.pid, startTicks: 1 }],
    ['of another boot', { pid: process.pid, startTicks: null, bootId: 'another' }],
  ])('of an owner %s is taken over', (_case, owner) => {
    const folder = newFolder();
    write(folder, owner);
    expect(readOwnership(nodeFs, folder).kind).toBe('dead');
    const mine = takeLock(nodeFs, folder, 5);
    expect(holdsLock(nodeFs, folder, mine)).toBe(true);
    expect(readdirSync(folder)).toEqual([LOCK_NAME]);
  });

  it('of an owner on another host lives as long as it is touched', () => {
    const folder = newFolder();
    write(folder, { host: 'elsewhere' });
    expect(() => takeLock(nodeFs, folder, 5)).toThrow(locked);
    longAgo(folder);
    expect(takeLock(nodeFs, folder, 5).epoch).toBe(5);
  });

  it('that is cut off at any byte is being written for a moment, and dead after it', () => {
    const folder = newFolder();
    takeLock(nodeFs, folder, 0);
    const whole = readFileSync(lockOf(folder));
    for (let length = 0; length < whole.length - 1; length++) {
      writeFileSync(lockOf(folder), whole.subarray(0, length));
      expect(readOwnership(nodeFs, folder).kind).toBe('alive');
      longAgo(folder);
      expect(readOwnership(nodeFs, folder).kind).toBe('dead');
    }
  });

  it('that cannot be read this moment makes nobody dead, and is not taken for another’s', () => {
    const folder = newFolder();
    const owner = takeLock(nodeFs, folder, 0);
    const without = (what: RegExp): FsPort => ({
      ...nodeFs,
      open: (path, mode) => {
        if (what.test(path)) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
        return nodeFs.open(path, mode);
      },
    });
    expect(readOwnership(without(/^\/proc/), folder)).toEqual({ kind: 'alive', owner });
    expect(readOwnership(without(/run\.lock$/), folder).kind).toBe('alive');
    expect(() => takeLock(without(/^\/proc/), folder, 1)).toThrow(locked);
    expect(() => holdsLock(without(/run\.lock$/), folder, owner)).toThrow('EMFILE');
    expect(() => {
      releaseLock(without(/run\.lock$/), folder, owner);
    }).toThrow('EMFILE');
    expect(holdsLock(nodeFs, folder, owner)).toBe(true);
  });

  it('that another taker removed while it was being written is not had', () => {
    const folder = newFolder();
    let other: LockOwner | undefined;
    const slow: FsPort = {
      ...nodeFs,
      write: (fd, bytes, position) => {
        // A taker that saw the dead lock before this one took it away.
        rmSync(lockOf(folder));
        other = takeLock(nodeFs, folder, 1);
        return nodeFs.write(fd, bytes, position);
      },
    };
    expect(() => takeLock(slow, folder, 1)).toThrow(locked);
    expect(other !== undefined && holdsLock(nodeFs, folder, other)).toBe(true);
  });

  it('that is being written is not taken away by one who saw a dead owner’s before', () => {
    const folder = newFolder();
    write(folder, {});
    const late: FsPort = {
      ...nodeFs,
      rename: (from, to) => {
        if (from === lockOf(folder)) writeFileSync(from, '');
        nodeFs.rename(from, to);
      },
    };
    expect(() => takeLock(late, folder, 5)).toThrow(locked);
    expect(readdirSync(folder)).toEqual([LOCK_NAME]);
  });

  it('is had by one of two takers, whichever call of one the other comes between', () => {
    const pid = deadPid();
    for (let turn = 0; turn < 40; turn++) {
      const folder = newFolder();
      write(folder, { pid });
      const owners: LockOwner[] = [];
      const attempt = (fs: FsPort): void => {
        try {
          owners.push(takeLock(fs, folder, 5));
        } catch (error) {
          expect(error).toMatchObject({ code: 'RUN_LOCKED' });
        }
      };
      let calls = 0;
      const interrupted = new Proxy(nodeFs, {
        get:
          (port, name: keyof FsPort) =>
          (...args: unknown[]): unknown => {
            if (calls++ === turn) attempt(nodeFs);
            return Reflect.apply(Reflect.get(port, name) as () => unknown, port, args);
          },
      });
      attempt(interrupted);
      expect(owners.length, `between call ${turn}`).toBe(1);
      expect(owners.map((owner) => holdsLock(nodeFs, folder, owner))).toEqual([true]);
      expect(readdirSync(folder)).toEqual([LOCK_NAME]);
    }
  });

  it('may be garbage, a megabyte, or another type of JSON, and throws nothing', () => {
    const folder = newFolder();
    for (const text of [
      '[]',
      'null',
      '{"pid":"x"}',
      'x'.repeat(1_000_000),
      '{"pid":1,"host":2,"epoch":3,"token":4}',
      '\0\0',
    ]) {
      writeFileSync(lockOf(folder), text);
      longAgo(folder);
      expect(readOwnership(nodeFs, folder)).toEqual({ kind: 'dead', owner: null });
    }
  });
});
