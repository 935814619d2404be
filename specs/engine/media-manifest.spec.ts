import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions } from 'expman-rx';
import { readMedia } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { MediaFolder } from '../../src/engine/files/media-folder.js';
import { parseMediaFile } from '../../src/model/media.js';
import { mediaOf } from '../../src/reader/read-media.js';
import type { FsPort } from '../../src/storage/fs-port.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { runChild } from '../support/child.js';
import { logLines, yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('media');
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

function open(options: ExperimentOptions = {}, base = folder()): LoggingEngine {
  return new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, ...options }));
}
const filesIn = (runDir: string): string[] => readdirSync(join(runDir, 'media')).sort();

describe('media', () => {
  it('go on behind those of an earlier owner, and a line that was cut off', async () => {
    const base = folder();
    const run = open({ runName: 'r' }, base);
    run.logImage('x', PNG, 1);
    await run.close();
    appendFileSync(join(run.runDir, 'media/manifest.ndjson'), '{"name":"x","step":2,"file":"x-2');
    expect(await readMedia(run.runDir)).toHaveLength(1);
    const again = open({ runName: 'r', resume: 'must' }, base);
    again.logImage('x', PNG, 1);
    again.logImage('x', PNG, 2);
    await again.close();
    const media = await readMedia(run.runDir);
    expect(media.map(({ step }) => step)).toEqual([1, 1, 2]);
    expect(new Set(media.map(({ file }) => file)).size).toBe(3);
  });

  it('that were logged are there after a SIGKILL in a loop that never yields', async () => {
    const code = `
      const run = open();
      for (let step = 0; ; step++) {
        run.logImage('x', Buffer.from('89504e470d0a1a0a' + '00'.repeat(5000), 'hex'), step);
        say(String(step));
      }`;
    const { runDir, said, ended } = await runChild(folder(), code, {
      killWhen: (lines) => lines.length > 50,
    });
    expect(ended).toBe('SIGKILL');
    const media = await readMedia(runDir);
    const last = Number(said.at(-1));
    expect(media.length).toBeGreaterThan(last);
    expect(media.map(({ step }) => step)).toEqual(media.map((_, at) => at));
  });

  it('stay in their run: a link in the place of the folder or of a file is not followed', async () => {
    const run = open();
    const outside = folder();
    symlinkSync(outside, join(run.runDir, 'media'));
    expect(run.logImage('x', PNG)).toBeNull();
    expect(readdirSync(outside)).toEqual([]);
    await run.close();
  });

  it('are refused where their manifest would be larger than readers take', async () => {
    const run = open();
    run.logImage('x', PNG, 1);
    const manifest = join(run.runDir, 'media/manifest.ndjson');
    const line = readFileSync(manifest);
    truncateSync(manifest, 64 * 1024 * 1024 - 1000);
    expect(run.logImage('x', PNG, 2)).toBeNull();
    writeFileSync(manifest, line);
    const { invalid, runDir } = await run.close();
    expect(invalid).toBe(1);
    expect(logLines(runDir).join()).toMatch(
      /manifest\.ndjson is full: it may have at most 67108864 bytes; use saveArtifact/,
    );
    expect(await readMedia(runDir)).toHaveLength(1);
    expect(readdirSync(join(runDir, 'media'))).toHaveLength(2);
  });

  it('are as if they had not been when the disk is full, and go on when it is not', () => {
    const runDir = folder();
    // Every write after this many bytes fails, as on a full disk: a part of it first.
    let room = Infinity;
    const write: FsPort['write'] = (fd, bytes, position) => {
      if (room <= 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      const taken = nodeFs.write(fd, bytes.subarray(0, Math.min(bytes.length, room)), position);
      room -= taken;
      return taken;
    };
    const media = new MediaFolder({ ...nodeFs, write }, runDir, false);
    const facts = {
      name: 'x',
      kind: 'media',
      type: 'a/b',
      caption: null,
      timestamp: '2026-01-01T00:00:00.000Z',
      extension: 'bin',
    } as const;
    const keep = (step: number): unknown => media.keep({ ...facts, step, content: Buffer.alloc(100, 'x') });
    keep(0);
    for (let bytes = 0; bytes < 250; bytes += 10) {
      room = bytes;
      expect(() => keep(1)).toThrow(expect.objectContaining({ code: 'IO', errno: 'ENOSPC' }));
    }
    room = Infinity;
    keep(2);
    expect(mediaOf(nodeFs, runDir).map(({ step }) => step)).toEqual([0, 2]);
    expect(filesIn(runDir)).toHaveLength(3);
  });

  it('that cannot be written are told once in run.log, and are no error of the caller', async () => {
    const run = open({ onInvalid: 'throw' });
    writeFileSync(join(run.runDir, 'media'), 'in the way');
    expect(run.logImage('x', PNG)).toBeNull();
    expect(run.logImage('x', PNG)).toBeNull();
    expect((await run.close()).invalid).toBe(0);
    expect(logLines(run.runDir).filter((line) => line.includes('x was not saved'))).toHaveLength(1);
    expect(yamlOf(run.runDir)['status']).toBe('FINISHED');
  });
});

describe('a manifest from somebody else', () => {
  const good = {
    name: 'x',
    step: 1,
    file: 'x-1.png',
    kind: 'image',
    type: 'image/png',
    bytes: 16,
    sha256: 'a'.repeat(64),
    caption: null,
    timestamp: '2026-01-01T00:00:00.000Z',
  };

  it.each([
    { file: '../run.yaml' },
    { file: '/etc/passwd' },
    { file: 'a/b.png' },
    { file: 'a\\b.png' },
    { file: '.hidden.png' },
    { file: 'manifest.ndjson\0.png' },
    { file: '-rf.png' },
    { file: 'x.png\n' },
    { file: 3 },
    { name: 'x'.repeat(5000) },
    { step: 1.5 },
    { step: '1' },
    { kind: 'program' },
    { type: 'text/html; charset=x' },
    { type: 'text/html\r\nX: y' },
    { bytes: -0.5 },
    { sha256: 'A'.repeat(64) },
    { caption: {} },
    { timestamp: 'yesterday' },
  ])('has a line that is none: %j', (wrong) => {
    expect(parseMediaFile(JSON.stringify(good))).toEqual(good);
    expect(parseMediaFile(JSON.stringify({ ...good, ...wrong }))).toBeNull();
  });

  it('lists no link, folder, missing file, or file of another size', async () => {
    const runDir = folder();
    const media = join(runDir, 'media');
    mkdirSync(media);
    mkdirSync(join(media, 'folder-1.png'));
    writeFileSync(join(runDir, 'secret'), PNG);
    symlinkSync(join(runDir, 'secret'), join(media, 'link-1.png'));
    writeFileSync(join(media, 'short-1.png'), 'x');
    writeFileSync(join(media, 'good-1.png'), PNG);
    const lines = ['link', 'folder', 'missing', 'short', 'good'].map((name) =>
      JSON.stringify({ ...good, file: `${name}-1.png` }),
    );
    writeFileSync(join(media, 'manifest.ndjson'), `[[[[\nnull\n\n${lines.join('\n')}\n`);
    expect((await readMedia(runDir)).map(({ file }) => file)).toEqual(['good-1.png']);
  });

  it('is not read through a link, and is none where there is none', async () => {
    const runDir = folder();
    expect(await readMedia(runDir)).toEqual([]);
    symlinkSync(folder(), join(runDir, 'media'));
    expect(await readMedia(runDir)).toEqual([]);
    const other = folder();
    mkdirSync(join(other, 'media'));
    symlinkSync('/etc/passwd', join(other, 'media/manifest.ndjson'));
    await expect(readMedia(other)).rejects.toMatchObject({ code: 'IO' });
  });
});
