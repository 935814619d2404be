import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openArtifacts } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('cli-artifacts');
const open = (base: string, runName: string): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName }));

/** A dataset, of which a run has made two versions of a model. */
async function lab(): Promise<string> {
  const base = folder();
  const prepare = open(base, 'prepare');
  await prepare.logArtifact(
    'data',
    { 'd.csv': { text: 'a,b\n' }, far: { url: 'https://h/far', sha256: 'a'.repeat(64) } },
    { type: 'dataset' },
  );
  await prepare.close();
  const train = open(base, 'train');
  await train.useArtifact('data:latest');
  await train.logArtifact('model', { 'w.bin': Uint8Array.of(1) }, { type: 'model', aliases: ['best'] });
  await train.logArtifact('model', { 'w.bin': Uint8Array.of(2, 2) });
  await train.close();
  return base;
}

describe('expman artifacts', () => {
  it('lists artifacts, the versions of one, and one version with its lineage', async () => {
    const base = await lab();
    const all = await expmanHere('artifacts', '--dir', base);
    expect(all).toMatchObject({ exit: 0, stderr: '' });
    expect(all.stdout).toMatch(/artifact +type +versions +size +newest +logged +by +aliases/);
    expect(all.stdout).toMatch(/model +model +2 +3 B +v2 .* exp\/train +best v1, latest v2/);
    const model = await expmanHere('artifacts', 'model', '--dir', base);
    expect(model.stdout).toMatch(/model:v1 +1 +1 B .* exp\/train +best/);
    const data = await expmanHere('artifacts', 'data:v1', '--dir', base);
    expect(data.stdout).toMatch(/^data:v1 {2}dataset$/m);
    expect(data.stdout).toMatch(/by +exp\/prepare\n.*used by +exp\/train\n.*led to +model:v1, model:v2\n/);
    expect(data.stdout).toMatch(/far +aaaaaaaaaaaa… +https:\/\/h\/far/);
  });

  it('prints JSON', async () => {
    const base = await lab();
    const json = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await expmanHere('artifacts', ...args, '--dir', base, '--json')).stdout);
    expect(await json()).toMatchObject([
      { name: 'data', versions: 1 },
      { name: 'model', newest: { ref: 'model:v2' } },
    ]);
    expect(await json('data')).toMatchObject([{ ref: 'data:v1', usedBy: ['exp/train'] }]);
    expect(await json('model:best')).toMatchObject({
      ref: 'model:v1',
      files: [{ path: 'w.bin', bytes: 1, url: null }],
      lineage: { loggedBy: [{ run: 'train', used: ['data:v1'] }], ancestors: ['data:v1'] },
    });
    expect(await json('--verify')).toEqual({ versions: 3, checkedBytes: 7, problems: [] });
    expect(await json('--prune')).toMatchObject({ dryRun: true, contents: 0 });
  });

  it('writes the files of a version into a folder, and says what it did not fetch', async () => {
    const base = await lab();
    const dir = join(folder(), 'out');
    const { stdout, exit } = await expmanHere('artifacts', 'data', '--dir', base, '--output', dir);
    expect([exit, readdirSync(dir)]).toEqual([0, ['d.csv']]);
    expect(readFileSync(join(dir, 'd.csv'), 'utf8')).toBe('a,b\n');
    expect(stdout).toMatch(/^data:v1: 1 file in .*\n {2}not fetched: far is at https:\/\/h\/far\n$/);
  });

  it('moves and removes aliases', async () => {
    const base = await lab();
    await expmanHere('artifacts', 'model:v2', '--alias', 'best, prod', '--dir', base);
    expect((await openArtifacts(base).open('model:best')).version).toBe(2);
    await expmanHere('artifacts', 'model', '--remove-alias', 'prod', '--dir', base);
    const { stderr, exit } = await expmanHere('artifacts', 'model:prod', '--dir', base);
    expect([exit, stderr]).toEqual([
      2,
      'expman: ARTIFACT_NOT_FOUND: no version of model has the alias prod; versions go up to model:v2, aliases are best, latest\n',
    ]);
  });

  it('ends with 2 where something is damaged', async () => {
    const base = await lab();
    const { files } = await openArtifacts(base).open('model:v1');
    const sha256 = files[0]?.sha256 ?? '';
    unlinkSync(join(base, '.artifacts/blobs/sha256', sha256.slice(0, 2), sha256));
    const { exit, stderr, stdout } = await expmanHere('artifacts', '--verify', '--dir', base);
    expect([exit, stdout]).toEqual([2, '3 versions, 6 B checked  CORRUPT\n']);
    expect(stderr).toMatch(/^expman: model:v1 "w.bin": CORRUPT: the content of "?w.bin"? is missing: /);
    writeFileSync(join(base, '.artifacts/names/model/v2.json'), 'no');
    expect(await expmanHere('artifacts', '--dir', base)).toMatchObject({ exit: 2 });
    expect(await expmanHere('artifacts', '--prune', '--dir', base)).toMatchObject({ exit: 2 });
  });

  it('shows 40 files, and says how many more there are', async () => {
    const base = folder();
    const run = open(base, 'many');
    const files = Object.fromEntries(
      Array.from({ length: 43 }, (_, at) => [`${'x'.repeat(100)}${at}`, { text: '' }]),
    );
    await run.logArtifact('many', files);
    await run.close();
    const { stdout } = await expmanHere('artifacts', 'many:v1', '--dir', base);
    expect(stdout.match(/x{79}…/g)).toHaveLength(40);
    expect(stdout).toMatch(/… and 3 more\n$/);
  });

  it('names some runs of a lineage, and counts the others', async () => {
    const base = await lab();
    for (let n = 0; n < 11; n++) {
      const run = open(base, `user${n}`);
      await run.useArtifact('model');
      await run.close();
    }
    expect((await expmanHere('artifacts', 'model:v2', '--dir', base)).stdout).toMatch(
      /used by .*… and 1 more\n/,
    );
    expect((await expmanHere('artifacts', 'model', '--dir', base)).stdout).toMatch(/11 runs/);
  });

  it('says how it is used', async () => {
    const base = folder();
    mkdirSync(join(base, 'exp'));
    const wrong = async (...args: string[]): Promise<string> => {
      const { exit, stderr } = await expmanHere('artifacts', ...args, '--dir', base);
      expect(exit).toBe(1);
      return stderr;
    };
    expect(await wrong('--verify', '--prune')).toMatch(/--verify and --prune cannot be combined/);
    expect(await wrong('--force')).toMatch(/--force belongs to --prune/);
    expect(await wrong('--output', 'x')).toMatch(/say which artifact/);
    expect(await wrong('model', '--alias', 'x')).toMatch(/--alias needs a version/);
    expect(await wrong('model', '--prune')).toMatch(/leave the name out/);
    expect((await expmanHere('artifacts', '--dir', base)).stdout).toMatch(
      /^no artifacts with versions below /,
    );
    expect(await expmanHere('artifacts', '--dir', join(base, 'none'))).toMatchObject({ exit: 2 });
  });
});
