import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, type ExperimentOptions, LoggingEngine } from '../../src/index.js';
import { inspectRun, openArtifacts, openRun } from '../../src/reader/index.js';
import { logLines } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('artifact-versions');
const open = (base = folder(), options: ExperimentOptions = {}): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, ...options }));
const baseOf = (run: LoggingEngine): string => join(run.runDir, '..', '..');
const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex');
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
/** Every file below the artifacts of a base folder, temporary ones included. */
const tree = (base: string): string[] =>
  readdirSync(join(base, '.artifacts'), { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(base, '.artifacts', name)).isFile())
    .map((name) => name.replaceAll('\\', '/'))
    .sort();

describe('a version of an artifact', () => {
  it('gets the next number for other content, and the number it has for the same', async () => {
    const run = open();
    const first = await run.logArtifact('model', { 'w.json': { json: [1] } }, { type: 'model' });
    const second = await run.logArtifact('model', { 'w.json': { json: [2] } });
    const again = await run.logArtifact('model', { 'w.json': { json: [1] } });
    expect([first.ref, second.ref, again.ref]).toEqual(['model:v1', 'model:v2', 'model:v1']);
    expect(second).toMatchObject({ name: 'model', version: 2, type: 'model', aliases: ['latest'] });
    expect(again.aliases).toEqual(['latest']);
    expect(first.createdBy).toEqual({
      experiment: 'exp',
      run: run.runName,
      uuid: openRun(run.runDir).facts.uuid,
    });
    await run.close();
  });

  it('keeps each content once, under its checksum, and nothing else', async () => {
    const run = open();
    const base = baseOf(run);
    await run.logArtifact('one', { a: { text: 'same' }, b: { text: 'same' } });
    await run.logArtifact('two', { c: { text: 'same' }, d: { text: 'other' } });
    await run.close();
    const [same, other] = [sha256('same'), sha256('other')];
    expect(tree(base)).toEqual(
      [
        `blobs/sha256/${same.slice(0, 2)}/${same}`,
        `blobs/sha256/${other.slice(0, 2)}/${other}`,
        'names/one/v1.json',
        'names/two/v1.json',
      ].sort(),
    );
    expect(readFileSync(join(base, '.artifacts/blobs/sha256', same.slice(0, 2), same), 'utf8')).toBe('same');
  });

  it('takes a file, a folder, several paths, or a map of all kinds', async () => {
    const run = open();
    const from = folder();
    mkdirSync(join(from, 'out/deep'), { recursive: true });
    writeFileSync(join(from, 'out/a.txt'), 'a');
    writeFileSync(join(from, 'out/deep/b.txt'), 'b');
    writeFileSync(join(from, 'c.txt'), 'c');
    const paths = async (files: Parameters<LoggingEngine['logArtifact']>[1]): Promise<string[]> =>
      (await run.logArtifact('files', files)).files.map(({ path }) => path);
    expect(await paths(join(from, 'c.txt'))).toEqual(['c.txt']);
    expect(await paths(join(from, 'out'))).toEqual(['a.txt', 'deep/b.txt']);
    expect(await paths([join(from, 'out'), join(from, 'c.txt')])).toEqual([
      'c.txt',
      'out/a.txt',
      'out/deep/b.txt',
    ]);
    expect(
      await paths({
        'x/y': join(from, 'out'),
        bytes: Uint8Array.of(1),
        t: { text: 't' },
        j: { json: {} },
        far: { url: 'https://host/far.bin', sha256: sha256('far') },
      }),
    ).toEqual(['bytes', 'far', 'j', 't', 'x/y/a.txt', 'x/y/deep/b.txt']);
    await run.close();
  });

  it('holds the bytes as they are when it is called', async () => {
    const run = open();
    const bytes = Uint8Array.of(1, 2, 3);
    const logging = run.logArtifact('bytes', { b: bytes });
    bytes.fill(9);
    expect([...(await (await logging).read('b'))]).toEqual([1, 2, 3]);
    await run.close();
  });

  it('moves its aliases from the version that had them', async () => {
    const run = open();
    const artifacts = openArtifacts(baseOf(run));
    await run.logArtifact('m', { w: { text: '1' } }, { aliases: ['best', 'first'] });
    await run.logArtifact('m', { w: { text: '2' } }, { aliases: ['best'] });
    expect((await artifacts.open('m:best')).version).toBe(2);
    expect((await artifacts.open('m:first')).version).toBe(1);
    await run.logArtifact('m', { w: { text: '1' } }, { aliases: ['best'] });
    expect(await artifacts.open('m')).toMatchObject({ version: 1, aliases: ['best', 'first', 'latest'] });
    await artifacts.addAliases('m:v2', ['prod']);
    await run.logArtifact('m', { w: { text: '3' } }, { aliases: ['prod'] });
    expect((await artifacts.open('m:prod')).version).toBe(3);
    await artifacts.removeAliases('m', ['prod', 'first']);
    await expect(artifacts.open('m:prod')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    for (const slip of [artifacts.open('mm:v1'), artifacts.versions('mm')])
      await expect(slip).rejects.toMatchObject({
        code: 'ARTIFACT_NOT_FOUND',
        message: `there is no artifact mm below ${baseOf(run)}; did you mean m?`,
      });
    expect((await artifacts.list())[0]?.aliases).toEqual({ best: 1, latest: 3 });
    await run.close();
  });

  it('keeps its aliases through many versions, and after their moves', async () => {
    const run = open();
    const artifacts = openArtifacts(baseOf(run));
    for (let n = 1; n <= 40; n++)
      await run.logArtifact(
        'm',
        { w: { text: String(n) } },
        { aliases: [`n${n}`, ...(n % 7 === 0 ? ['seven'] : [])] },
      );
    const [{ aliases } = { aliases: {} }] = await artifacts.list();
    expect(Object.entries(aliases)).toHaveLength(42);
    expect(aliases).toMatchObject({ latest: 40, seven: 35, n1: 1, n17: 17, n40: 40 });
    await run.close();
  });

  it('has one type for all versions', async () => {
    const run = open();
    await run.logArtifact('m', { w: { text: '1' } }, { type: 'model' });
    const other = run.logArtifact('m', { w: { text: '2' } }, { type: 'dataset' });
    await expect(other).rejects.toMatchObject({ code: 'INVALID_OPTION', option: 'type' });
    await expect(other).rejects.toThrow(/the artifact m has the type "model"/);
    expect((await run.logArtifact('m', { w: { text: '2' } })).type).toBe('model');
    expect((await run.logArtifact('other', { w: { text: '2' } })).type).toBe('artifact');
    await run.close();
  });

  it('survives the run that made it, and is found by others', async () => {
    const run = open();
    const base = baseOf(run);
    await run.logArtifact('m', { w: { text: 'kept' } });
    await run.close();
    rmSync(run.runDir, { recursive: true });
    const next = open(base);
    expect(text(await (await next.useArtifact('m')).read('w'))).toBe('kept');
    await next.close();
  });

  it('is private where its run is', async () => {
    if (process.platform === 'win32') return;
    const run = open(folder(), { fileMode: 'private' });
    await run.logArtifact('m', { w: { text: 'secret' } });
    await run.close();
    const base = baseOf(run);
    for (const name of tree(base))
      expect(statSync(join(base, '.artifacts', name)).mode & 0o077, name).toBe(0);
  });

  it('can be logged while the run is closing, which waits for it', async () => {
    const run = open();
    const logging = run.logArtifact('m', { w: { text: 'x' } });
    await run.close();
    expect((await logging).ref).toBe('m:v1');
    expect(Object.keys(openRun(run.runDir).facts.loggedArtifacts)).toEqual(['m:v1']);
    await expect(run.logArtifact('m', { w: { text: 'y' } })).rejects.toMatchObject({ code: 'RUN_CLOSED' });
    await expect(run.useArtifact('m')).rejects.toMatchObject({ code: 'RUN_CLOSED' });
  });
});

describe('what a run says of artifacts', () => {
  it('is in its log at once, in run.yaml and in the facts', async () => {
    const run = open();
    const data = await run.logArtifact('data', { d: { text: 'd' } }, { type: 'dataset' });
    await run.useArtifact('data:latest');
    const { loggedArtifacts, usedArtifacts } = await inspectRun(run.runDir);
    expect(loggedArtifacts).toEqual({
      'data:v1': { type: 'dataset', digest: data.digest, at: expect.any(String) as string },
    });
    expect(Object.keys(usedArtifacts)).toEqual(['data:v1']);
    await run.close();
    const { facts } = openRun(run.runDir);
    expect(facts).toMatchObject({
      artifactLinksLeftOut: 0,
      loggedArtifacts: { 'data:v1': { digest: data.digest } },
    });
    expect(readFileSync(join(run.runDir, 'run.yaml'), 'utf8')).toContain('usedArtifacts:\n  "data:v1":\n');
  });

  it('leads from a version to the runs around it, also when they are gone', async () => {
    const first = open();
    const base = baseOf(first);
    await first.logArtifact('data', { d: { text: 'd' } });
    const second = open(base);
    await second.useArtifact('data:v1');
    await second.logArtifact('model', { m: { text: 'm' } });
    await first.close();
    await second.close();
    const artifacts = openArtifacts(base);
    expect(await artifacts.lineage('data')).toMatchObject({
      ref: 'data:v1',
      loggedBy: [{ run: first.runName, runDir: first.runDir, logged: ['data:v1'], used: [] }],
      usedBy: [{ run: second.runName, used: ['data:v1'], logged: ['model:v1'] }],
    });
    rmSync(first.runDir, { recursive: true });
    expect((await artifacts.lineage('data')).loggedBy).toMatchObject([{ run: first.runName, runDir: null }]);
  });

  it('is reported in the log if it fails', async () => {
    const run = open();
    await expect(run.useArtifact('none')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    void run.logArtifact('m', './does-not-exist');
    await run.close();
    const lines = logLines(run.runDir).join('\n');
    expect(lines).toMatch(/an artifact was not used: there is no artifact none/);
    expect(lines).toMatch(/an artifact was not logged: .*does-not-exist does not exist/);
  });
});

describe('the content of a version', () => {
  it('comes out as it went in, in memory, in place and in a folder', async () => {
    const run = open();
    const version = await run.logArtifact('m', {
      'a/b.txt': { text: 'b' },
      empty: { text: '' },
      big: Buffer.alloc(3_000_001, 'xyz'),
    });
    expect(text(await version.read('a/b.txt'))).toBe('b');
    expect((await version.read('empty')).length).toBe(0);
    expect(readFileSync(await version.path('big')).equals(Buffer.alloc(3_000_001, 'xyz'))).toBe(true);
    const dir = join(folder(), 'new/out');
    expect(await version.checkout(dir)).toEqual({ dir, files: ['a/b.txt', 'big', 'empty'], references: [] });
    expect(readdirSync(dir, { recursive: true }).sort()).toEqual(['a', join('a', 'b.txt'), 'big', 'empty']);
    expect(readFileSync(join(dir, 'a/b.txt'), 'utf8')).toBe('b');
    await version.checkout(dir); // Again: what is there stays.
    await run.close();
  });

  it('is refused where it has changed', async () => {
    const run = open();
    const version = await run.logArtifact('m', { w: { text: 'right' } });
    await run.close();
    const blob = await version.path('w');
    rmSync(blob);
    writeFileSync(blob, 'wrong');
    const dir = folder();
    for (const attempt of [() => version.read('w'), () => version.path('w'), () => version.checkout(dir)])
      await expect(attempt()).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(readdirSync(dir)).toEqual([]);
    rmSync(blob);
    await expect(version.read('w')).rejects.toThrow(/m:v1: "w" is missing/);
  });

  it('never replaces another file, nor follows a link on the way', async () => {
    const run = open();
    const version = await run.logArtifact('m', { 'a/w': { text: 'new' } });
    await run.close();
    const [dir, elsewhere] = [folder(), folder()];
    mkdirSync(join(dir, 'a'));
    writeFileSync(join(dir, 'a/w'), 'old');
    await expect(version.checkout(dir)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      path: join(dir, 'a/w'),
    });
    expect(readFileSync(join(dir, 'a/w'), 'utf8')).toBe('old');
    rmSync(join(dir, 'a'), { recursive: true });
    symlinkSync(elsewhere, join(dir, 'a'));
    await expect(version.checkout(dir)).rejects.toMatchObject({ code: 'INVALID_NAME' });
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('is not fetched where it is only referred to', async () => {
    const run = open();
    const file = { url: 's3://bucket/data.parquet', sha256: sha256('x'), bytes: 1 };
    const version = await run.logArtifact('data', { 'data.parquet': file, note: { text: 'n' } });
    await run.close();
    await expect(version.read('data.parquet')).rejects.toThrow(
      /is a reference to s3:\/\/bucket\/data.parquet/,
    );
    const { files, references } = await version.checkout(folder());
    expect(files).toEqual(['note']);
    expect(references).toEqual([{ path: 'data.parquet', ...file }]);
    expect(version.bytes).toBe(1);
  });

  it('names the files it has', async () => {
    const run = open();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const version = await run.logArtifact(
      'm',
      Object.fromEntries(names.map((name) => [name, { text: name }])),
    );
    await run.close();
    await expect(version.read('h')).rejects.toThrow('"a", "b", "c", "d", "e" and 2 more');
  });

  it('is written again where a file of the wrong size stands in its place', async () => {
    const run = open();
    const version = await run.logArtifact('m', { w: { text: 'right' } });
    const blob = await version.path('w');
    rmSync(blob);
    writeFileSync(blob, 'cut');
    await run.logArtifact('other', { w: { text: 'right' } });
    expect(text(await version.read('w'))).toBe('right');
    await run.close();
  });
});

describe('a listing of runs', () => {
  it('does not look into the artifacts', async () => {
    const run = open();
    await run.logArtifact('m', { 'run.yaml': { text: 'status: FINISHED\n# end\n' } });
    await run.close();
    const hidden = join(baseOf(run), '.artifacts', 'names', 'm');
    writeFileSync(join(hidden, 'run.yaml'), 'status: FINISHED\n# end\n');
    const { openExperiments } = await import('../../src/reader/index.js');
    const { runs, unreadable } = await openExperiments(baseOf(run), { cacheDir: null }).list();
    expect([runs.length, unreadable.length]).toEqual([1, 0]);
    expect(existsSync(join(baseOf(run), 'exp'))).toBe(true);
  });
});
