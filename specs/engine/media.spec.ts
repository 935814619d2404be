import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { ExperimentConfig, LoggingEngine, type ExperimentOptions } from 'expman-rx';
import { readMedia } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { MediaFolder } from '../../src/engine/files/media-folder.js';
import { mediaOf } from '../../src/reader/read-media.js';
import { nodeFs } from '../../src/storage/node-fs.js';
import { logLines } from '../support/read-back.js';
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
    expect(logLines(run.runDir).join()).toMatch(
      /134217729 bytes, more than the limit of 134217728.*saveArtifact/,
    );
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
    expect(logLines(run.runDir).join()).toContain('1 of its rows exceed the limit of a table');
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
