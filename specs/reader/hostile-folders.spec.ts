import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openExperiments, openRun, setProject } from 'expman-rx/reader';
import { sweep, uniform } from 'expman-rx/sweep';
import { describe, expect, it } from 'vitest';
import { expmanHere } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('hostile-folders');
const TARGET = 'project: theirs\n# end\n';
const isFailure = expect.objectContaining({ name: 'ExpmanError' }) as Error;

const open = (base: string): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', base, { runName: 'r', environment: false }));

/** What may stand where a file is expected, none of which may be followed, waited for or read to its end. */
const STRANGERS: readonly (readonly [what: string, make: (path: string, target: string) => void])[] = [
  ['a link', (path, target) => symlinkSync(target, path)],
  ['a link to a device', (path) => symlinkSync('/dev/zero', path)],
  ['a pipe', (path) => execFileSync('mkfifo', [path])],
  ['a folder', (path) => mkdirSync(path)],
  ['a huge file', (path) => writeFileSync(path, 'x'.repeat(20_000_000))],
];

describe.skipIf(process.platform === 'win32')('the list of checkpoints', () => {
  it.each(STRANGERS.slice(0, -1))('is refused where it is %s', async (_what, make) => {
    const run = open(folder());
    await run.saveCheckpoint(1, { text: 'one' });
    await run.close();
    const list = join(run.runDir, 'checkpoints/manifest.ndjson');
    const target = join(folder(), 'target');
    writeFileSync(target, readFileSync(list));
    rmSync(list);
    make(list, target);
    await expect(openRun(run.runDir).checkpoints()).rejects.toEqual(isFailure);
    expect((await expmanHere('inspect', run.runDir)).stdout).toContain('FINISHED');
  });

  it('names no file that is a pipe, and a checkpoint is made of no device, pipe or folder', async () => {
    const run = open(folder());
    const { path } = await run.saveCheckpoint(1, new Uint8Array(0));
    const pipe = join(folder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const file of ['/dev/zero', pipe, folder(), join(pipe, 'x')])
      await expect(run.saveCheckpoint(2, { file })).rejects.toEqual(isFailure);
    for (const file of ['/dev/zero', pipe]) {
      await expect(run.saveArtifact(file)).rejects.toEqual(isFailure);
      await expect(run.logArtifact('m', file)).rejects.toEqual(isFailure);
      await expect(run.logArtifact('m', { w: file })).rejects.toEqual(isFailure);
    }
    await run.close();
    rmSync(path);
    execFileSync('mkfifo', [path]);
    expect(await openRun(run.runDir).checkpoints()).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('the file of an experiment', () => {
  it.each(STRANGERS)(
    'that is %s names no project, hides no run, and is not written through',
    async (_what, make) => {
      const base = folder();
      await open(base).close();
      const path = join(base, 'exp/experiment.yaml');
      const target = join(folder(), 'target');
      writeFileSync(target, TARGET);
      rmSync(path);
      make(path, target);
      const { runs } = await openExperiments(base, { cacheDir: null }).list();
      expect(runs).toMatchObject([{ run: 'r', project: null }]);
      await expect(setProject(join(base, 'exp'), 'mine')).rejects.toEqual(isFailure);
      const next = new LoggingEngine(new ExperimentConfig('exp', base, { environment: false }));
      await next.close();
      expect(readFileSync(target, 'utf8')).toBe(TARGET);
    },
  );
});

describe.skipIf(process.platform === 'win32')('a request to stop in the folder of a sweep', () => {
  it.each(STRANGERS)('that is %s stops nothing, and goes without its target', async (what, make) => {
    const target = join(folder(), 'target');
    writeFileSync(target, TARGET);
    const study = sweep(
      { x: uniform(0, 1) },
      async ({ run, signal }) => {
        make(join(study.dir, 'stop.request'), target);
        // Longer than between two looks.
        await new Promise((resolve) => setTimeout(resolve, 600));
        run.logMetrics({ loss: Number(signal.aborted) }, 0);
      },
      {
        ...{ name: 's', baseDir: folder(), metric: 'loss', trials: 1, handleSignals: false },
        run: { environment: false },
      },
    );
    const { best, status } = await study.result;
    expect([status, best.value]).toEqual(['FINISHED', 0]);
    // A folder is nobody's request, and may hold anything.
    expect(existsSync(join(study.dir, 'stop.request'))).toBe(what === 'a folder');
    expect(readFileSync(target, 'utf8')).toBe(TARGET);
  });
});
