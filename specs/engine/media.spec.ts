import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
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

const manifestIn = (runDir: string): string => readFileSync(join(runDir, 'media/manifest.ndjson'), 'utf8');
const filesIn = (runDir: string): string[] => readdirSync(join(runDir, 'media')).sort();
/** A call as a JavaScript caller makes it. */
const image = (run: LoggingEngine, ...args: unknown[]): unknown =>
  Reflect.apply(Reflect.get(run, 'logImage') as () => unknown, run, args);

describe('an image', () => {
  it('is in its file and in the manifest when the call returns', async () => {
    const run = open();
    const media = run.logImage('samples/cat', PNG, 7, { caption: 'after "warm-up"\n' });
    expect(media).toMatchObject({
      name: 'samples/cat',
      step: 7,
      file: 'samples_cat-7-1.png',
      kind: 'image',
      type: 'image/png',
      bytes: PNG.length,
      sha256: createHash('sha256').update(PNG).digest('hex'),
      caption: 'after "warm-up"\n',
    });
    expect(JSON.parse(manifestIn(run.runDir))).toEqual(media);
    expect(readFileSync(join(run.runDir, 'media', media?.file ?? '')).equals(PNG)).toBe(true);
    expect(await readMedia(run.runDir)).toEqual([
      { ...media, path: join(run.runDir, 'media', media?.file ?? '') },
    ]);
    await run.close();
    expect(await readMedia(run.runDir)).toHaveLength(1);
  });

  it('may come from a file, also through a link, and more than once for a step', async () => {
    const run = open();
    const base = folder();
    writeFileSync(join(base, 'a.dat'), PNG);
    symlinkSync(join(base, 'a.dat'), join(base, 'latest'));
    const files = [
      run.logImage('x', join(base, 'latest'), 1),
      run.logImage('x', PNG, 1),
      run.logImage('x', PNG),
    ];
    expect(files.map((media) => media?.file)).toEqual(['x-1-1.png', 'x-1-2.png', 'x-3.png']);
    expect((await readMedia(run.runDir)).map(({ step }) => step)).toEqual([1, 1, null]);
    await run.close();
  });

  it.each([
    ['pixels', 'x', new Uint8ClampedArray(16), undefined],
    ['a number', 'x', 3, undefined],
    ['nothing', 'x', undefined, undefined],
    ['a path to nowhere', 'x', '/nowhere/x.png', undefined],
    ['a folder', 'x', '/', undefined],
    ['a name that leaves the run', '../x', PNG, undefined],
    ['no name', undefined, PNG, undefined],
    ['a caption that is a number', 'x', PNG, { caption: 3 }],
    ['a caption that is a book', 'x', PNG, { caption: 'x'.repeat(5000) }],
    [
      'options whose getter throws',
      'x',
      PNG,
      Object.defineProperty({}, 'caption', { get: () => JSON.parse('{') as unknown }),
    ],
  ])('cannot be made of %s: counted, told once, and never an exception', async (_, name, bytes, options) => {
    const run = open();
    expect(image(run, name, bytes, 1, options)).toBeNull();
    expect(image(run, name, bytes, 2, options)).toBeNull();
    const { invalid } = await run.close();
    expect(invalid).toBe(2);
    expect(logLines(run.runDir).filter((line) => line.includes('was left out'))).toHaveLength(1);
    expect(await readMedia(run.runDir)).toEqual([]);
  });

  it('that is wrong is an exception where that is asked for', async () => {
    const run = open({ onInvalid: 'throw' });
    expect(() => image(run, '../x', PNG)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
    expect(() => image(run, 'x', new Uint8Array(4))).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
    expect(() => image(run, 'x', '/nowhere')).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_NOT_FOUND' }),
    );
    // The next row is not blamed for it.
    run.logMetrics({ loss: 1 });
    expect(await run.close()).toMatchObject({ rows: 1, invalid: 3 });
  });

  it('loses a step that is none, and is kept', async () => {
    const run = open();
    expect(image(run, 'x', PNG, 1.5)).toMatchObject({ step: null, file: 'x-1.png' });
    expect((await run.close()).invalid).toBe(1);
    const strict = open({ onInvalid: 'throw' });
    expect(() => image(strict, 'x', PNG, 'seven')).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
    expect(await readMedia(strict.runDir)).toHaveLength(1);
    await strict.close();
  });

  it('has a step of 64 bits, which the manifest has as text beyond 2^53', async () => {
    const run = open();
    const steps = [7n, 2n ** 53n + 1n, -(2n ** 63n)];
    for (const step of steps) run.logImage('x', PNG, step);
    await run.close();
    expect((await readMedia(run.runDir)).map(({ step }) => step)).toEqual([7, ...steps.slice(1)]);
    expect(manifestIn(run.runDir)).toContain('"step":"9007199254740993"');
  });

  it('is not taken after close', async () => {
    const run = open();
    await run.close();
    expect(run.logImage('x', PNG)).toBeNull();
    expect(existsSync(join(run.runDir, 'media'))).toBe(false);
  });
});

describe('a file of any type', () => {
  it('is what its bytes say, or what the caller says', async () => {
    const run = open();
    expect(run.logMedia('sound', Buffer.from('RIFF....WAVEfmt '))).toMatchObject({
      type: 'audio/wav',
      file: 'sound-1.wav',
    });
    expect(run.logMedia('raw', new Uint8Array(4), 1, { type: 'application/x-weights' })).toMatchObject({
      kind: 'media',
      type: 'application/x-weights',
      file: 'raw-1-2.bin',
      bytes: 4,
    });
    expect(run.logMedia('bad', PNG, 1, { type: 'Image/PNG\r\nX: y' })).toBeNull();
    await run.close();
  });

  it('is refused beyond 128 MB, with what takes more', async () => {
    const run = open();
    const path = join(folder(), 'sparse');
    writeFileSync(path, '');
    truncateSync(path, 128 * 1024 * 1024 + 1);
    expect(run.logMedia('big', path)).toBeNull();
    await run.close();
    expect(logLines(run.runDir).join()).toMatch(/134217729 bytes, more than the 134217728.*saveArtifact/);
  });

  it.skipIf(process.platform === 'win32')('is not waited for when it is a fifo', async () => {
    const run = open();
    const fifo = join(folder(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(run.logMedia('x', fifo)).toBeNull();
    await run.close();
  });

  it('is in a file that every system takes, whatever its name is', () => {
    const runDir = folder();
    const media = new MediaFolder(nodeFs, runDir, false);
    const facts = {
      step: null,
      kind: 'media',
      type: 'a/b',
      caption: null,
      timestamp: '2026-01-01T00:00:00.000Z',
      extension: 'bin',
    } as const;
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (name) => {
        const { file } = media.keep({ ...facts, name, content: new Uint8Array() });
        expect(file).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]*\.bin$/);
        expect(file).not.toMatch(/^(?:con|nul|aux|prn)\./i);
      }),
    );
    expect(mediaOf(nodeFs, runDir)).toHaveLength(filesIn(runDir).length - 1);
  });
});

describe('a table', () => {
  it('is a file of JSON lines that DuckDB opens', async () => {
    const run = open();
    const media = run.logTable(
      'worst',
      {
        columns: ['id', 'loss', 'label'],
        rows: [
          [1, 0.5, 'cat'],
          [2, 0.25, NaN],
        ],
      },
      3,
    );
    expect(media).toMatchObject({
      kind: 'table',
      type: 'application/x-ndjson',
      file: 'worst-3-1.ndjson',
      step: 3,
    });
    run.logTable('worst', [{ id: 3 }], 4);
    await run.close();
    expect(
      await query(
        'SELECT id, loss, label FROM read_json_auto($1)',
        join(run.runDir, 'media/worst-3-1.ndjson'),
      ),
    ).toEqual([
      [1n, 0.5, 'cat'],
      [2n, 0.25, 'NaN'],
    ]);
    const sql = 'SELECT name, step, file, kind, typeof(timestamp) FROM read_json_auto($1) ORDER BY step';
    expect(await query(sql, join(run.runDir, 'media/manifest.ndjson'))).toEqual([
      ['worst', 3n, 'worst-3-1.ndjson', 'table', 'TIMESTAMP'],
      ['worst', 4n, 'worst-4-2.ndjson', 'table', 'TIMESTAMP'],
    ]);
  });

  it('loses rows beyond its bound, which is told', async () => {
    const run = open();
    expect(
      run.logTable(
        't',
        Array.from({ length: 10_001 }, (_, a) => ({ a })),
      ),
    ).not.toBeNull();
    expect((await run.close()).invalid).toBe(1);
    expect(logLines(run.runDir).join()).toContain('1 are more than a table has');
  });
});

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
      /manifest\.ndjson is full, it may have 67108864 bytes; saveArtifact/,
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
    expect(logLines(run.runDir).filter((line) => line.includes('x was not kept'))).toHaveLength(1);
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

async function query(sql: string, path: string): Promise<unknown[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql, [path])).getRowsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
