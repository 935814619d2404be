import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyArtifact, writeArtifact } from '../../src/engine/files/artifacts.js';
import { openFilesIn } from '../support/own-process.js';

let folder: string;
let runDir: string;
let source: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'expman-artifacts-'));
  runDir = join(folder, 'run');
  source = join(folder, 'model.json');
  mkdirSync(runDir);
  writeFileSync(source, '{"w":1}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const kept = (name: string): string => readFileSync(join(runDir, 'artifacts', name), 'utf8');
/** Every file and folder under the run's artifacts. */
const tree = (): string[] =>
  readdirSync(join(runDir, 'artifacts'), { recursive: true, encoding: 'utf8' }).sort();
const failure = (facts: object): unknown => expect.objectContaining(facts);

describe('an artifact', () => {
  it('is a copy under its own name', async () => {
    expect(await copyArtifact(runDir, source)).toEqual({
      name: 'model.json',
      bytes: 7,
      sha256: sha256('{"w":1}'),
    });
    expect(kept('model.json')).toBe('{"w":1}');
    expect(tree()).toEqual(['model.json']);
  });

  it('may have a name with folders in it, which are made', async () => {
    const { name } = await copyArtifact(runDir, source, 'checkpoints//./epoch-3/model:v0.json');
    expect(name).toBe('checkpoints/epoch-3/model:v0.json');
    expect(kept(name)).toBe('{"w":1}');
    await writeArtifact(runDir, 'checkpoints/epoch-3/b', 'b');
    expect(kept('checkpoints/epoch-3/b')).toBe('b');
  });

  it('may have as long a name as a file can have', async () => {
    const name = 'x'.repeat(255);
    await writeArtifact(runDir, name, 'x');
    expect(tree()).toEqual([name]);
  });

  it('may be larger than any buffer, or empty', async () => {
    const large = Buffer.alloc(3_000_001, 'abcdefg');
    writeFileSync(source, large);
    expect(await copyArtifact(runDir, source)).toMatchObject({ bytes: large.length, sha256: sha256(large) });
    expect(readFileSync(join(runDir, 'artifacts/model.json')).equals(large)).toBe(true);
    expect(await writeArtifact(runDir, 'empty', '')).toMatchObject({ bytes: 0, sha256: sha256('') });
    expect(kept('empty')).toBe('');
  });

  it('may be a text or bytes, as they are when it is called', async () => {
    expect(await writeArtifact(runDir, 'a.txt', 'é\n')).toMatchObject({ bytes: 3, sha256: sha256('é\n') });
    const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
    const writing = writeArtifact(runDir, 'b.bin', bytes);
    bytes.fill(9);
    expect(await writing).toMatchObject({ bytes: 2, sha256: sha256(new Uint8Array([2, 3])) });
    expect([...readFileSync(join(runDir, 'artifacts/b.bin'))]).toEqual([2, 3]);
  });

  it('takes the place of an older one, whole', async () => {
    await copyArtifact(runDir, source);
    writeFileSync(source, 'v2');
    await copyArtifact(runDir, source);
    await copyArtifact(runDir, join(runDir, 'artifacts/model.json')); // of itself
    expect(kept('model.json')).toBe('v2');
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(500_000));
    await Promise.all(texts.map((text) => writeArtifact(runDir, 'model.json', text)));
    expect(texts).toContain(kept('model.json'));
    expect(tree()).toEqual(['model.json']);
  });
});

describe('an artifact that cannot be kept', () => {
  it.each(['../x', '/x', 'a/../../x', 'a\\b', 'C:/x', '', '.', 'a/', 'a\0', '\u202ex'])(
    'has a name that leads elsewhere: %j',
    async (name) => {
      await expect(copyArtifact(runDir, source, name)).rejects.toEqual(
        failure({ code: 'INVALID_NAME', value: name }),
      );
      await expect(writeArtifact(runDir, name, 'x')).rejects.toEqual(failure({ code: 'INVALID_NAME' }));
      expect(existsSync(join(runDir, 'artifacts'))).toBe(false);
    },
  );

  it('is not there, or is no regular file', async () => {
    const missing = join(folder, 'missing');
    await expect(copyArtifact(runDir, missing)).rejects.toEqual(
      failure({ code: 'ARTIFACT_NOT_FOUND', path: missing }),
    );
    await expect(copyArtifact(runDir, folder)).rejects.toEqual(failure({ code: 'ARTIFACT_NOT_FOUND' }));
    expect(existsSync(join(runDir, 'artifacts'))).toBe(false);
  });

  it.skipIf(process.platform === 'win32')('is a fifo, which does not hang', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    await expect(copyArtifact(runDir, fifo)).rejects.toEqual(
      failure({ code: 'ARTIFACT_NOT_FOUND', path: fifo }),
    );
  });

  it.each(['artifacts', 'artifacts/sub', 'artifacts/sub/deep'])(
    'would go through a link at %s',
    async (link) => {
      const outside = join(folder, 'outside');
      mkdirSync(outside);
      mkdirSync(join(runDir, link, '..'), { recursive: true });
      symlinkSync(outside, join(runDir, link), 'dir');
      await expect(writeArtifact(runDir, 'sub/deep/x', 'x')).rejects.toEqual(
        failure({ code: 'INVALID_NAME', path: join(runDir, link) }),
      );
      expect(readdirSync(outside)).toEqual([]);
    },
  );

  it('replaces a link of its name, not what the link points to', async () => {
    mkdirSync(join(runDir, 'artifacts'));
    symlinkSync(source, join(runDir, 'artifacts/x'));
    await writeArtifact(runDir, 'x', 'new');
    expect(readFileSync(source, 'utf8')).toBe('{"w":1}');
    expect(kept('x')).toBe('new');
  });

  it('leaves nothing behind when its place is taken by a folder or a file', async () => {
    mkdirSync(join(runDir, 'artifacts/x/y'), { recursive: true });
    await expect(writeArtifact(runDir, 'x', 'x')).rejects.toEqual(
      failure({ code: 'IO', errno: expect.any(String) as string }),
    );
    expect(tree()).toEqual(['x', join('x', 'y')]);
    await writeArtifact(runDir, 'file', 'f');
    await expect(writeArtifact(runDir, 'file/x', 'x')).rejects.toEqual(
      failure({ code: 'IO', errno: 'ENOTDIR' }),
    );
    expect(kept('file')).toBe('f');
  });

  it.runIf(process.platform === 'linux')(
    'leaves the old one as it was when its source fails half-way',
    async () => {
      await writeArtifact(runDir, 'mem', 'old');
      // A regular file, by its looks; what is at address 0 cannot be read.
      await expect(copyArtifact(runDir, '/proc/self/mem')).rejects.toEqual(
        failure({ code: 'IO', errno: 'EIO', path: '/proc/self/mem', cause: expect.any(Error) as Error }),
      );
      expect(tree()).toEqual(['mem']);
      expect(kept('mem')).toBe('old');
    },
  );

  it.runIf(process.platform === 'linux')('leaves no descriptor open', async () => {
    for (let i = 0; i < 20; i++) {
      await copyArtifact(runDir, source);
      await copyArtifact(runDir, folder).catch(() => undefined);
      await copyArtifact(runDir, '/proc/self/mem').catch(() => undefined);
    }
    // Of these files: the process closes others meanwhile, which earlier specs left to be collected.
    expect([openFilesIn(folder), openFilesIn(`/proc/${process.pid}/mem`)]).toEqual([0, 0]);
  });

  it('has no run to be kept in', async () => {
    await expect(writeArtifact(join(folder, 'gone'), 'x', 'x')).rejects.toEqual(
      failure({ code: 'IO', errno: 'ENOENT' }),
    );
    expect(existsSync(join(folder, 'gone'))).toBe(false);
  });
});
