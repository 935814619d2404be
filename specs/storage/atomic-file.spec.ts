import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isTempName, readWhole, replaceBy, replaceFile, tempName } from '../../src/storage/atomic-file.js';
import type { FsPort } from '../../src/storage/fs-port.js';
import { nodeFs } from '../../src/storage/node-fs.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'expman-atomic-'));
  file = join(folder, 'run.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const content = (): string => readFileSync(file, 'utf8');

/** The real file system, with the n-th call made after this (0 the first) replaced by a failure. */
function failingAt(n: number, code: string): { readonly fs: FsPort; readonly calls: string[] } {
  const calls: string[] = [];
  const fs = new Proxy(nodeFs, {
    get: (port, name: keyof FsPort) => {
      const method: unknown = Reflect.get(port, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        calls.push(name);
        if (calls.length - 1 === n) throw Object.assign(new Error(code), { code });
        return Reflect.apply(method, port, args);
      };
    },
  });
  return { fs, calls };
}

describe('replacing a file', () => {
  it('makes it, readable by its owner alone, when there was none', () => {
    replaceFile(nodeFs, file, bytes('new'));
    expect(content()).toBe('new');
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('swaps the old bytes for the new ones and leaves nothing else behind', () => {
    writeFileSync(file, 'the old and longer text');
    replaceFile(nodeFs, file, bytes('new'));
    expect(content()).toBe('new');
    expect(readdirSync(folder)).toEqual(['run.yaml']);
  });

  it('syncs the bytes before the rename and the folder after it', () => {
    const { fs, calls } = failingAt(-1, '');
    replaceFile(fs, file, bytes('new'));
    expect(calls).toEqual(['open', 'write', 'statOpen', 'sync', 'close', 'rename', 'syncFolder']);
  });

  it('keeps the old file whole and removes its temporary one, whichever call fails', () => {
    for (let n = 0; n < 6; n++) {
      for (const code of ['EIO', 'ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE']) {
        writeFileSync(file, 'old');
        expect(() => replaceFile(failingAt(n, code).fs, file, bytes('new')), `call ${n}`).toThrow(
          expect.objectContaining({ code }),
        );
        expect(content()).toBe('old');
        expect(readdirSync(folder)).toEqual(['run.yaml']);
      }
    }
  });

  it('tells when the folder could not be synced, with the new file in place', () => {
    expect(() => replaceFile(failingAt(6, 'EIO').fs, file, bytes('new'))).toThrow(
      expect.objectContaining({ code: 'EIO' }),
    );
    expect(content()).toBe('new');
    expect(readdirSync(folder)).toEqual(['run.yaml']);
  });

  it('goes on after an interrupted or split write', () => {
    let writes = 0;
    const choppy: FsPort = {
      ...nodeFs,
      write: (fd, part, position) => {
        if (writes++ % 2 === 0) throw Object.assign(new Error('EINTR'), { code: 'EINTR' });
        return nodeFs.write(fd, part.subarray(0, 3), position);
      },
    };
    replaceFile(choppy, file, bytes('a longer text'));
    expect(content()).toBe('a longer text');
  });

  it('does not believe a write that took its bytes and left a shorter file', () => {
    writeFileSync(file, 'old');
    const lying: FsPort = {
      ...nodeFs,
      write: (fd, part, position) => {
        nodeFs.write(fd, part.subarray(0, part.length - 1), position);
        return part.length;
      },
    };
    expect(() => replaceFile(lying, file, bytes('new text'))).toThrow(
      expect.objectContaining({ code: 'ENOSPC' }),
    );
    expect(content()).toBe('old');
    expect(readdirSync(folder)).toEqual(['run.yaml']);
  });

  it('replaces a symbolic link and not what it points to', () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, file);
    replaceFile(nodeFs, file, bytes('new'));
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(content()).toBe('new');
  });

  it('works with temporary names a reader can tell', () => {
    const names: string[] = [];
    const watching: FsPort = {
      ...nodeFs,
      open: (path, mode) => {
        names.push(path.slice(folder.length + 1));
        return nodeFs.open(path, mode);
      },
    };
    replaceFile(watching, file, bytes('1'));
    replaceFile(watching, file, bytes('2'));
    expect(names.every(isTempName)).toBe(true);
    expect(new Set(names).size).toBe(2);
    for (const name of ['run.yaml', '.run.yaml', 'x.tmp', '.tmp', '.run.yaml.0123.tmp', 'wal-1-1.log'])
      expect(isTempName(name)).toBe(false);
  });
});

describe('replacing a file by what comes piece by piece', () => {
  const fill =
    (fs: FsPort) =>
    // eslint-disable-next-line @typescript-eslint/require-await -- what writes pieces is asynchronous elsewhere
    async (fd: number): Promise<{ readonly bytes: number }> => ({ bytes: fs.write(fd, bytes('new'), 0) });

  it('does the same in the same order', async () => {
    const { fs, calls } = failingAt(-1, '');
    expect(await replaceBy(fs, file, fill(fs))).toEqual({ bytes: 3 });
    expect(calls).toEqual(['open', 'write', 'statOpen', 'sync', 'close', 'rename', 'syncFolder']);
    expect(content()).toBe('new');
  });

  it('keeps the old file whole and removes its temporary one, whichever call fails', async () => {
    for (let n = 0; n < 6; n++) {
      writeFileSync(file, 'old');
      const { fs } = failingAt(n, 'ENOSPC');
      await expect(replaceBy(fs, file, fill(fs)), `call ${n}`).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(content()).toBe('old');
      expect(readdirSync(folder)).toEqual(['run.yaml']);
    }
  });

  it('reports the first error when closing and removing fail as well', async () => {
    const refuse = (code: string) => () => {
      throw Object.assign(new Error(code), { code });
    };
    const fs = { ...nodeFs, sync: refuse('EIO'), close: refuse('EBADF'), remove: refuse('EROFS') };
    await expect(replaceBy(fs, file, fill(fs))).rejects.toMatchObject({ code: 'EIO' });
  });

  it('does not believe a length that the file does not have, and asks before the rename', async () => {
    writeFileSync(file, 'old');
    await expect(replaceBy(nodeFs, file, () => Promise.resolve({ bytes: 1 }))).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    const refuse = (temp: string): void => {
      throw new Error(readFileSync(temp, 'utf8'));
    };
    await expect(replaceBy(nodeFs, file, fill(nodeFs), refuse)).rejects.toThrow('new');
    expect(content()).toBe('old');
    expect(readdirSync(folder)).toEqual(['run.yaml']);
  });
});

describe('a temporary name', () => {
  it('has room for a file whose own name is as long as a name can be', () => {
    for (const base of ['x'.repeat(255), '表'.repeat(85), 'x'.repeat(237), 'x'.repeat(238)]) {
      const name = tempName(base);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      expect(isTempName(name)).toBe(true);
    }
    expect(tempName('run.yaml')).toMatch(/^\.run\.yaml\.[0-9a-f]{12}\.tmp$/);
  });
});

describe('reading a whole file', () => {
  it('returns its bytes, however the reads are split', () => {
    writeFileSync(file, 'hello world');
    const choppy: FsPort = { ...nodeFs, read: (fd, part, at) => nodeFs.read(fd, part.subarray(0, 2), at) };
    expect(Buffer.from(readWhole(choppy, file, 100)).toString()).toBe('hello world');
    expect(readWhole(nodeFs, file, 11)).toHaveLength(11);
  });

  it('returns nothing of an empty file', () => {
    writeFileSync(file, '');
    expect(readWhole(nodeFs, file, 0)).toHaveLength(0);
  });

  it('refuses one that is too large before reading it', () => {
    writeFileSync(file, 'hello world');
    expect(() => readWhole(nodeFs, file, 10)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', path: file }),
    );
  });

  it('says what the file system said when there is none', () => {
    expect(() => readWhole(nodeFs, file, 10)).toThrow(
      expect.objectContaining({ code: 'IO', path: file, errno: 'ENOENT' }),
    );
  });

  it('does not follow a symbolic link', () => {
    symlinkSync('/etc/hostname', file);
    expect(() => readWhole(nodeFs, file, 1000)).toThrow(
      expect.objectContaining({ code: 'IO', errno: 'ELOOP' }),
    );
  });

  it('refuses folders and pipes, and does not hang on them', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    mkdirSync(file);
    expect(() => readWhole(nodeFs, pipe, 10)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', path: pipe }),
    );
    expect(() => readWhole(nodeFs, file, 10)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', path: file }),
    );
  });

  it('closes what it opened, whatever happens', () => {
    writeFileSync(file, 'hello');
    let open = 0;
    const counting: FsPort = {
      ...nodeFs,
      open: (path, mode) => {
        open++;
        return nodeFs.open(path, mode);
      },
      read: () => {
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      },
      close: (fd) => {
        open--;
        nodeFs.close(fd);
      },
    };
    expect(() => readWhole(counting, file, 10)).toThrow(
      expect.objectContaining({ code: 'IO', errno: 'EIO' }),
    );
    expect(() => readWhole(counting, file, 1)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    expect(open).toBe(0);
  });
});
