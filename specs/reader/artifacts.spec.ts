import { existsSync, readdirSync, renameSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openArtifacts, type Artifacts } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('artifacts-read');
const open = (base: string): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false }));
const LONG_AGO = new Date('2020-01-01');

/** Makes everything below the artifacts old, as it is some days later. */
function age(base: string): void {
  const home = join(base, '.artifacts');
  for (const entry of readdirSync(home, { recursive: true, encoding: 'utf8' }))
    utimesSync(join(home, entry), LONG_AGO, LONG_AGO);
}

const blobsIn = (base: string): string[] =>
  readdirSync(join(base, '.artifacts/blobs'), { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(/[\\/]/).at(-1) ?? '')
    .filter((name) => /^[0-9a-f]{64}$/.test(name));

/** Three versions, of which the first is used by a run, and a content that nothing refers to. */
async function threeVersions(base: string): Promise<Artifacts> {
  const maker = open(base);
  for (const text of ['1', '2', '3']) await maker.logArtifact('m', { w: { text } });
  const user = open(base);
  await user.useArtifact('m:v1');
  await user.close();
  await maker.close();
  rmSync(maker.runDir, { recursive: true });
  return openArtifacts(base);
}

describe('pruning', () => {
  it('removes what no version refers to, and says so before it does', async () => {
    const base = folder();
    const artifacts = await threeVersions(base);
    unlinkSync(join(base, '.artifacts/names/m/v3.json'));
    writeFileSync(join(base, '.artifacts/names/m/.draft.0123456789ab.tmp'), '{');
    age(base);
    const said = { versions: [], contents: 1, bytes: 1, leftovers: 1 };
    expect(await artifacts.prune()).toEqual({ dryRun: true, ...said });
    expect(blobsIn(base)).toHaveLength(3);
    expect(await artifacts.prune({ force: true })).toEqual({ dryRun: false, ...said });
    expect(blobsIn(base)).toHaveLength(2);
    expect(await artifacts.prune({ force: true })).toMatchObject({ contents: 0, leftovers: 0 });
    expect((await artifacts.verify()).problems).toEqual([]);
  });

  it('leaves alone what is younger than a day', async () => {
    const base = folder();
    const artifacts = await threeVersions(base);
    unlinkSync(join(base, '.artifacts/names/m/v3.json'));
    expect(await artifacts.prune({ force: true, versions: true })).toMatchObject({
      versions: [],
      contents: 0,
    });
  });

  it('removes versions only if asked, and never one that a run or an alias refers to', async () => {
    const base = folder();
    const artifacts = await threeVersions(base);
    age(base);
    expect(await artifacts.prune({ force: true })).toMatchObject({ versions: [], contents: 0 });
    // v1 is used, v3 is the latest.
    expect(await artifacts.prune({ versions: true })).toMatchObject({
      dryRun: true,
      versions: ['m:v2'],
      contents: 1,
    });
    expect(await artifacts.prune({ force: true, versions: true })).toMatchObject({
      versions: ['m:v2'],
      contents: 1,
    });
    await expect(artifacts.open('m:v2')).rejects.toThrow(/m:v2 was pruned on 20/);
    expect((await artifacts.versions('m')).map(({ version }) => version)).toEqual([1, 3]);
    expect((await artifacts.verify()).problems).toEqual([]);
  });

  it('gives a number away once, whatever was pruned', async () => {
    const base = folder();
    const artifacts = await threeVersions(base);
    await artifacts.addAliases('m:v1', ['keep']);
    const run = open(base);
    await run.logArtifact('m', { w: { text: '1' } });
    age(base);
    await artifacts.prune({ force: true, versions: true });
    expect((await artifacts.versions('m')).map(({ version }) => version)).toEqual([1]);
    expect((await run.logArtifact('m', { w: { text: '3' } })).ref).toBe('m:v4');
    await run.close();
  });

  it('puts back what an interrupted prune has put aside', async () => {
    const base = folder();
    const artifacts = await threeVersions(base);
    const [sha256 = ''] = blobsIn(base);
    const place = join(base, '.artifacts/blobs/sha256', sha256.slice(0, 2));
    renameSync(join(place, sha256), join(place, `.removing-${sha256}.0123456789ab.tmp`));
    age(base);
    expect((await artifacts.verify()).problems).toEqual([]); // Readers find it there.
    await artifacts.prune({ force: true });
    expect(readdirSync(place)).toEqual([sha256]);
  });

  it('removes nothing if a version cannot be read, or a run', async () => {
    const base = folder();
    const artifacts = await threeVersions(base);
    age(base);
    const broken = join(base, 'exp', 'broken');
    const { mkdirSync } = await import('node:fs');
    mkdirSync(broken);
    writeFileSync(join(broken, 'run.yaml'), 'cut');
    await expect(artifacts.prune({ force: true, versions: true })).rejects.toMatchObject({ code: 'CORRUPT' });
    rmSync(broken, { recursive: true });
    writeFileSync(join(base, '.artifacts/names/m/v2.json'), '{"format":1');
    await expect(artifacts.prune({ force: true })).rejects.toThrow(/m:v2 cannot be read/);
    expect(blobsIn(base)).toHaveLength(3);
  });

  it('is for a folder with artifacts, and needs none', async () => {
    expect(await openArtifacts(folder()).prune({ force: true })).toMatchObject({ contents: 0 });
    await expect(openArtifacts(join(folder(), 'none')).prune()).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
    });
  });
});

describe('a version that cannot be read', () => {
  it('is reported, hides no other, and hands its aliases to nobody', async () => {
    const base = folder();
    const artifacts = await threeVersions(base);
    writeFileSync(join(base, '.artifacts/names/m/v3.json'), '{}');
    expect((await artifacts.open('m:v1')).version).toBe(1);
    await expect(artifacts.open('m:v3')).rejects.toMatchObject({ code: 'CORRUPT' });
    await expect(artifacts.open('m')).rejects.toThrow(/v3.json does not say its format/);
    // Whether v3 was the best is not known.
    await expect(artifacts.open('m:best')).rejects.toThrow(
      /m:v3 cannot be read, so the versions of the aliases/,
    );
    await expect(artifacts.addAliases('m:v1', ['best'])).rejects.toMatchObject({ code: 'CORRUPT' });
    expect((await artifacts.list())[0]).toMatchObject({
      versions: 2,
      problems: [{ ref: 'm:v3', code: 'CORRUPT' }],
    });
    expect((await artifacts.verify()).problems).toMatchObject([{ ref: 'm:v3', file: null }]);
    const run = open(base);
    expect((await run.logArtifact('m', { w: { text: '1' } }, { aliases: ['best'] })).ref).toBe('m:v4');
    await run.close();
    expect((await artifacts.open('m:best')).version).toBe(4);
  });

  it('is refused by name where a later version of this package wrote it', async () => {
    const base = folder();
    const artifacts = await threeVersions(base);
    writeFileSync(join(base, '.artifacts/names/m/v3.json'), '{"format":2,"writtenBy":"9.0.0"}');
    await expect(artifacts.open('m:v3')).rejects.toThrow(/Install expman-rx 9.0.0 or later/);
  });
});

describe('verifying artifacts', () => {
  it('reads every content, of all or of one, and names the damaged', async () => {
    const base = folder();
    const artifacts = await threeVersions(base);
    const { files } = await artifacts.open('m:v2');
    const sha256 = files[0]?.sha256 ?? '';
    const blob = join(base, '.artifacts/blobs/sha256', sha256.slice(0, 2), sha256);
    unlinkSync(blob);
    writeFileSync(blob, 'X');
    expect(await artifacts.verify()).toMatchObject({
      versions: 3,
      problems: [{ ref: 'm:v2', file: 'w', code: 'CORRUPT' }],
    });
    expect((await artifacts.verify('m:v1')).problems).toEqual([]);
    expect((await artifacts.verify('m')).problems).toHaveLength(1);
    await expect(artifacts.verify('none')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    expect(existsSync(blob)).toBe(true);
  });
});

describe('the lineage of a version', () => {
  it('goes over many runs, in both directions, and ends in a circle', async () => {
    const base = folder();
    const step = async (used: readonly string[], name: string, text: string): Promise<void> => {
      const run = open(base);
      for (const ref of used) await run.useArtifact(ref);
      await run.logArtifact(name, { w: { text } });
      await run.close();
    };
    await step([], 'raw', 'r');
    await step(['raw'], 'data', 'd');
    await step(['data', 'raw'], 'model', 'm');
    await step(['model', 'data'], 'report', 'p');
    await step(['report'], 'raw', 'r'); // The content that began it all.
    const artifacts = openArtifacts(base);
    expect(await artifacts.lineage('model')).toMatchObject({
      ancestors: ['data:v1', 'raw:v1', 'report:v1'],
      descendants: ['report:v1', 'raw:v1', 'data:v1'],
    });
    expect((await artifacts.lineage('raw')).loggedBy).toHaveLength(2);
  });
});
