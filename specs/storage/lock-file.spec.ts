import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { FsPort } from '../../src/storage/fs-port.js';
import { LOCK_NAME, beatLock, readLock } from '../../src/storage/lock-file.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { takeLock } from '../../src/storage/run-lock.js';
import { tempFolders } from '../support/temp-folder.js';

const newFolder = tempFolders('beats');
const lockOf = (folder: string): string => join(folder, LOCK_NAME);

describe('a beat', () => {
  it('is counted in the lock, with the time that the run has lasted', () => {
    const folder = newFolder();
    const owner = takeLock(nodeFs, folder, 3, { lastedMs: 7 });
    expect(readLock(nodeFs, lockOf(folder))).toMatchObject({ owner, beat: 0, lastedMs: 7 });
    beatLock(nodeFs, folder, owner, 5007.4);
    beatLock(nodeFs, folder, owner, 10_007.6);
    expect(readLock(nodeFs, lockOf(folder))).toMatchObject({ owner, beat: 2, lastedMs: 10_008 });
  });

  it('is stamped by the file system, whatever the clock of its owner says', () => {
    const folder = newFolder();
    const owner = takeLock(nodeFs, folder, 0);
    utimesSync(lockOf(folder), 1, 1);
    vi.useFakeTimers({ toFake: ['Date'], now: 4e12 });
    try {
      beatLock(nodeFs, folder, owner, 1);
    } finally {
      vi.useRealTimers();
    }
    const after = join(folder, 'after');
    writeFileSync(after, '');
    const [beat, file] = [lockOf(folder), after].map((path) => statSync(path).mtimeMs);
    expect(beat).toBeGreaterThan(1000);
    expect(beat).toBeLessThanOrEqual(Number(file));
  });

  it('leaves a whole lock to a reader at any byte of it', () => {
    const folder = newFolder();
    const owner = takeLock(nodeFs, folder, 0, { lastedMs: 999_999 });
    const seen: unknown[] = [];
    const slow: FsPort = {
      ...nodeFs,
      write: (fd, bytes, position) => {
        seen.push(readLock(nodeFs, lockOf(folder))?.owner);
        return nodeFs.write(fd, bytes.subarray(0, 1), position);
      },
    };
    for (let beat = 0; beat < 12; beat++) beatLock(slow, folder, owner, 1_000_000);
    expect(seen.length).toBeGreaterThan(500);
    expect(new Set(seen.map((each) => JSON.stringify(each)))).toEqual(new Set([JSON.stringify(owner)]));
    expect(readLock(nodeFs, lockOf(folder))).toMatchObject({ beat: 12, lastedMs: 1_000_000 });
  });

  it('never touches the lock of another owner, nor what is in its place', () => {
    const folder = newFolder();
    const owner = takeLock(nodeFs, folder, 0);
    const others = readFileSync(lockOf(folder), 'utf8').replace(owner.token, 'f'.repeat(32));
    for (const text of [others, '', 'x'.repeat(400), others.slice(0, -9)]) {
      writeFileSync(lockOf(folder), text);
      utimesSync(lockOf(folder), 1, 1);
      beatLock(nodeFs, folder, owner, 5000);
      expect(readFileSync(lockOf(folder), 'utf8')).toBe(text);
      expect(statSync(lockOf(folder)).mtimeMs).toBe(1000);
    }
  });
});

describe('the text of a lock', () => {
  it('is what 0.1.0 reads, and that of 0.1.0 is read', () => {
    const folder = newFolder();
    const owner = takeLock(nodeFs, folder, 2);
    expect(JSON.parse(readFileSync(lockOf(folder), 'utf8'))).toMatchObject(owner);
    writeFileSync(lockOf(folder), `${JSON.stringify(owner)}\n`);
    expect(readLock(nodeFs, lockOf(folder))).toMatchObject({ owner, beat: null, lastedMs: null });
  });
});
