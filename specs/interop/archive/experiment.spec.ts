import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { create } from 'tar';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { archiveExperiment, exportExperiment, unarchiveExperiment } from 'expman-rx/interop';
import { openExperiments, setProject } from 'expman-rx/reader';
import { randint, sweep } from 'expman-rx/sweep';
import { json, logged } from '../../cli/three-runs.js';
import { expmanHere as expman } from '../../support/cli-here.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('archive-experiment');

const bytesBelow = (dir: string): string =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(dir, name);
      const isFile = statSync(path).isFile();
      return `${name} ${isFile ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''}`;
    })
    .join('\n');

/** The folder of a sweep of two trials. */
async function swept(baseDir: string): Promise<string> {
  const study = sweep(
    { x: randint(0, 9) },
    (trial) => {
      trial.run.logMetrics({ loss: trial.params.x }, 0);
    },
    { name: 'swept', baseDir, metric: 'loss', trials: 2, seed: 1, concurrency: 1 },
  );
  await study.result;
  return study.dir;
}

/** An archive of the folder `exp`, by hand. */
async function byHand(cwd: string): Promise<string> {
  const path = join(folder(), 'hand.tar.gz');
  await create({ cwd, gzip: true, portable: true, file: path }, ['exp']);
  return path;
}

describe('archiveExperiment', () => {
  it('packs a whole experiment, and unarchiveExperiment brings it back byte for byte', async () => {
    const [base, elsewhere] = [folder(), folder()];
    const dir = join(base, 'exp');
    for (const name of ['one', 'two']) await logged(base, name, 0.1);
    await setProject(dir, 'vision');
    writeFileSync(join(dir, 'note.txt'), 'mine');
    const path = join(folder(), 'exp.tar.gz');
    expect(await archiveExperiment(dir, path)).toMatchObject({
      ...{ path, experiment: 'exp', runs: ['one', 'two'], skipped: ['note.txt'] },
    });
    const back = await unarchiveExperiment(path, elsewhere);
    expect(back).toMatchObject({ dir: join(elsewhere, 'exp'), experiment: 'exp', runs: ['one', 'two'] });
    expect(bytesBelow(back.dir)).toBe(bytesBelow(dir).replace(/note\.txt .*\n/, ''));
    await expect(unarchiveExperiment(path, elsewhere)).rejects.toMatchObject({ code: 'RUN_EXISTS' });
    const renamed = await unarchiveExperiment(path, elsewhere, { experiment: 'again' });
    const runs = await openExperiments(renamed.dir, { cacheDir: null }).runs();
    expect(runs.map(({ facts }) => [facts.experiment, facts.rows, facts.project])).toEqual([
      ['again', 20, 'vision'],
      ['again', 20, 'vision'],
    ]);
    expect(readFileSync(join(renamed.dir, 'one/run.yaml'), 'utf8')).toContain('experiment: again\n');
    expect(readdirSync(elsewhere).sort()).toEqual(['again', 'exp']);
    expect(await expman('verify', elsewhere)).toMatchObject({ exit: 0 });
  });

  it('keeps a sweep, which can be taken up again where it is unpacked', async () => {
    const [base, elsewhere] = [folder(), folder()];
    const dir = await swept(base);
    const path = join(folder(), 'swept.tar.gz');
    await archiveExperiment(dir, path);
    const back = await unarchiveExperiment(path, elsewhere);
    expect(bytesBelow(back.dir)).toBe(bytesBelow(dir));
    const [experiment] = await openExperiments(elsewhere, { cacheDir: null }).experiments();
    expect(await experiment?.sweep()).toMatchObject({ status: 'FINISHED' });
  });

  it('refuses an experiment with a run that is open, and one without runs', async () => {
    const base = folder();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'open' }));
    const path = join(base, 'x.tar.gz');
    await expect(archiveExperiment(join(base, 'exp'), path)).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    await run.close();
    mkdirSync(join(base, 'none'));
    symlinkSync(join(base, 'exp'), join(base, 'linked'));
    for (const dir of ['none', 'nothing', 'linked', '.'])
      await expect(archiveExperiment(join(base, dir), path)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(existsSync(path)).toBe(false);
  });

  it('unpacks nothing of an archive that is hostile or damaged in any of its runs', async () => {
    const evil: readonly ((dir: string) => void)[] = [
      (dir) => writeFileSync(join(dir, 'two/run.yaml'), 'uuid: 1\n# end\n'),
      (dir) => writeFileSync(join(dir, 'two/run.yaml'), '['.repeat(5000)),
      (dir) => symlinkSync('/etc/passwd', join(dir, 'two/link')),
      (dir) => symlinkSync('/etc', join(dir, 'three')),
      (dir) => writeFileSync(join(dir, 'two/run.lock'), '{}'),
      (dir) => writeFileSync(join(dir, 'sweep.yaml'), 'trials: 1\n# end\n'),
      (dir) => writeFileSync(join(dir, 'experiment.yaml'), 'cut off'),
      (dir) => writeFileSync(join(dir, 'other.txt'), 'belongs to no run'),
      (dir) => mkdirSync(join(dir, '..', 'exp', 'bad name')),
    ];
    for (const [index, spoil] of evil.entries()) {
      const [base, elsewhere] = [folder(), join(folder(), 'new')];
      for (const name of ['one', 'two']) await logged(base, name, 0.1);
      spoil(join(base, 'exp'));
      const path = await byHand(base);
      const code = expect.stringMatching(/^(UNSAFE_ARCHIVE|CORRUPT|UNSAFE_YAML)$/) as string;
      await expect(unarchiveExperiment(path, elsewhere), String(index)).rejects.toMatchObject({ code });
      expect(existsSync(elsewhere), String(index)).toBe(false);
    }
  });

  it('keeps its limits over all runs together', async () => {
    const base = folder();
    for (const name of ['one', 'two']) await logged(base, name, 0.1);
    const path = join(folder(), 'exp.tar.gz');
    const { files, bytes } = await archiveExperiment(join(base, 'exp'), path);
    for (const limit of [{ maxFiles: files - 1 }, { maxBytes: bytes - 1 }])
      await expect(unarchiveExperiment(path, join(base, 'new'), limit)).rejects.toMatchObject({
        code: 'UNSAFE_ARCHIVE',
      });
    expect(existsSync(join(base, 'new'))).toBe(false);
  });

  it('refuses a second experiment in the archive', async () => {
    const base = folder();
    await logged(base, 'one', 0.1);
    cpSync(join(base, 'exp'), join(base, 'exp2'), { recursive: true });
    const path = join(folder(), 'two.tar.gz');
    await create({ cwd: base, gzip: true, portable: true, file: path }, ['exp', 'exp2']);
    await expect(unarchiveExperiment(path, join(base, 'new'))).rejects.toMatchObject({
      code: 'UNSAFE_ARCHIVE',
      message: expect.stringContaining('second experiment') as string,
    });
  });
});

describe('expman archive and unarchive with an experiment', () => {
  it('tell by themselves what they are given', async () => {
    const [base, elsewhere] = [folder(), folder()];
    for (const name of ['one', 'two']) await logged(base, name, 0.1);
    const path = join(elsewhere, 'exp.tar.gz');
    expect(json(await expman('archive', join(base, 'exp'), '-o', path, '--json'))).toMatchObject({
      runs: ['one', 'two'],
    });
    const dir = join(elsewhere, 'runs');
    expect(await expman('unarchive', path, '--dir', dir, '--run-name', 'x')).toMatchObject({ exit: 1 });
    expect((await expman('unarchive', path, '--dir', dir)).stdout).toBe(`${join(dir, 'exp')}\n`);
    expect(await expman('unarchive', path, '--dir', dir)).toMatchObject({ exit: 2 });
    expect(await expman('archive', base, '-o', join(elsewhere, 'no'))).toMatchObject({ exit: 2 });
  });
});

describe('exportExperiment', () => {
  it('writes a file for each run, and the files of the experiment', async () => {
    const base = folder();
    await logged(base, 'one', 0.1);
    const dir = await swept(base);
    const path = join(folder(), 'out');
    expect(await exportExperiment(dir, 'ndjson', path)).toEqual({ path, runs: ['trial-0000', 'trial-0001'] });
    expect(readdirSync(path).sort()).toEqual([
      ...['experiment.yaml', 'sweep.yaml', 'trial-0000.ndjson', 'trial-0001.ndjson'],
    ]);
    await expect(exportExperiment(dir, 'csv', path)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(exportExperiment(base, 'csv', `${path}2`)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    const end = json(await expman('export', join(base, 'exp'), '-f', 'csv', '-o', `${path}3`, '--json'));
    expect(end).toMatchObject({ dir: join(base, 'exp'), runs: ['one'], format: 'csv' });
    expect(readdirSync(`${path}3`).sort()).toEqual(['experiment.yaml', 'one.csv', 'one.csv.run.ndjson']);
  });

  it('leaves nothing if one of the runs cannot be exported', async () => {
    const base = folder();
    for (const name of ['one', 'two']) await logged(base, name, 0.1);
    writeFileSync(join(base, 'exp/two/metrics.parquet'), 'damaged');
    const [out, name] = [folder(), 'x'];
    await expect(exportExperiment(join(base, 'exp'), 'csv', join(out, name))).rejects.toMatchObject({
      code: 'CORRUPT',
    });
    expect(readdirSync(out).map((each) => basename(each))).toEqual([]);
  });
});
