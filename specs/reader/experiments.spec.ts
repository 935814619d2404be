import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, RunStatus } from '../../dist/modules/index.js';
import { openExperiments } from '../../dist/modules/reader/index.js';
import { tempFolders } from '../support/temp-folder.js';

const newFolder = tempFolders('experiments');

async function logged(base: string, experiment: string, runName: string, lr: number): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig(experiment, base, { runName, tags: [runName], environment: false }),
  );
  run.logParams({ lr, model: { name: 'mlp' } });
  for (let step = 0; step < 10; step++) run.logMetrics({ loss: lr / (step + 1) }, step);
  return (await run.close(RunStatus.Finished)).runDir;
}

/** Copies of a closed run under other names: what a listing of many needs. */
function copies(runDir: string, base: string, count: number): void {
  for (let index = 0; index < count; index++) {
    const folder = join(base, 'many', `run${String(index).padStart(4, '0')}`);
    mkdirSync(folder, { recursive: true });
    for (const name of ['run.yaml', 'config.yaml'])
      writeFileSync(join(folder, name), readFileSync(join(runDir, name)));
  }
}

describe('a folder of experiments', () => {
  it('lists its runs with what they are found by', async () => {
    const base = newFolder();
    await logged(base, 'b', 'one', 0.1);
    await logged(base, 'a', 'two', 0.2);
    const runs = await openExperiments(base, { cacheDir: null }).runs();
    expect(runs.map(({ facts }) => [facts.experiment, facts.run, facts.status, facts.rows])).toEqual([
      ['a', 'two', 'FINISHED', 10],
      ['b', 'one', 'FINISHED', 10],
    ]);
    expect(runs[0]?.facts).toMatchObject({ tags: ['two'], params: { lr: 0.2, model: { name: 'mlp' } } });
    expect(runs[0]?.facts.metrics.get('loss')).toMatchObject({ min: 0.02, max: 0.2, count: 10, minStep: 9 });
  });

  it('has its runs by experiment, by name and by what holds for them', async () => {
    const base = newFolder();
    for (const [index, name] of ['one', 'two', 'three'].entries()) await logged(base, 'exp', name, index);
    const lab = openExperiments(base, { cacheDir: null });
    const [experiment] = await lab.experiments();
    expect(experiment?.name).toBe('exp');
    expect(experiment?.runs.map(({ facts }) => facts.run)).toEqual(['one', 'three', 'two']);
    expect((await experiment?.about())?.['name']).toBe('exp');
    expect(await experiment?.sweep()).toBeNull();
    expect((await lab.run('exp', 'two')).facts.params['lr']).toBe(1);
    const low = await lab.runs({ where: ({ params }) => Number(params['lr']) < 1 });
    expect(low.map(({ facts }) => facts.run)).toEqual(['one']);
    await expect(lab.run('exp', '../exp/two')).rejects.toMatchObject({ code: 'INVALID_NAME' });
    await expect(lab.run('exp', 'four')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('shows a run that cannot be read beside all others', async () => {
    const base = newFolder();
    const runDir = await logged(base, 'exp', 'good', 1);
    for (const [name, text] of [
      ['cut', 'uuid: x\n'],
      ['bomb', `${'- '.repeat(1000)}1\n# end\n`],
    ] as const) {
      mkdirSync(join(base, 'exp', name));
      writeFileSync(join(base, 'exp', name, 'run.yaml'), text);
    }
    const { runs, unreadable } = await openExperiments(base, { cacheDir: null }).list();
    expect(runs.map((facts) => facts.runDir)).toEqual([runDir]);
    expect(unreadable.map(({ run, code }) => [run, code])).toEqual([
      ['bomb', 'UNSAFE_YAML'],
      ['cut', 'CORRUPT'],
    ]);
  });

  it('follows no link', async () => {
    const [base, elsewhere] = [newFolder(), newFolder()];
    await logged(elsewhere, 'exp', 'secret', 1);
    symlinkSync(join(elsewhere, 'exp'), join(base, 'linked'));
    mkdirSync(join(base, 'exp'));
    symlinkSync(join(elsewhere, 'exp/secret'), join(base, 'exp/linked'));
    expect(await openExperiments(base, { cacheDir: null }).runs()).toEqual([]);
    await expect(openExperiments(base).run('linked', 'secret')).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
    });
  });

  it('says of a run that is open that it is, with the rows that are not published', async () => {
    const base = newFolder();
    const run = new LoggingEngine(new ExperimentConfig('exp', base, { flushIntervalMs: 60_000 }));
    run.logMetrics({ loss: 1 }, 0);
    run.logParams({ lr: 3 });
    await run.flush();
    const [open] = await openExperiments(base, { cacheDir: null }).runs();
    expect(open?.facts).toMatchObject({ status: 'RUNNING', rows: 1, params: { lr: 3 } });
    await run.close();
    expect((await open?.refresh())?.facts.status).toBe('FINISHED');
  });
});

describe('a listing that is remembered', () => {
  async function many(): Promise<{ readonly base: string; readonly cacheDir: string }> {
    const [base, other, cacheDir] = [newFolder(), newFolder(), newFolder()];
    const run = new LoggingEngine(new ExperimentConfig('exp', other, { environment: false }));
    run.logParams({ lr: 1 });
    run.logMetrics({ loss: 0.5, big: 2n ** 60n }, 0);
    run.summary({ pass_rate: 0.5, seen: 2n ** 60n, worst: NaN }, { headline: true });
    run.defineMetric('loss', { goal: 'min', summary: 'best' });
    await run.close();
    copies(run.runDir, base, 120);
    return { base, cacheDir };
  }

  /** Makes the runs old enough to be remembered: what was changed a moment ago may change again unseen. */
  const aged = (base: string): number => {
    const later = Date.now() + 60_000;
    expect(readdirSync(join(base, 'many'))).toHaveLength(120);
    return later;
  };

  it('is the same as one that is not', async () => {
    const { base, cacheDir } = await many();
    const plain = await openExperiments(base, { cacheDir: null }).list();
    aged(base);
    for (let time = 0; time < 3; time++)
      expect(await openExperiments(base, { cacheDir }).list()).toStrictEqual(plain);
  });

  it('sees a run that has changed, one that is new and one that is gone', async () => {
    const { base, cacheDir } = await many();
    await openExperiments(base, { cacheDir }).list();
    const changed = join(base, 'many/run0007/run.yaml');
    writeFileSync(changed, readFileSync(changed, 'utf8').replace('status: FINISHED', 'status: FAILED'));
    rmSync(join(base, 'many/run0008'), { recursive: true });
    await logged(base, 'exp', 'new', 1);
    const { runs } = await openExperiments(base, { cacheDir }).list();
    expect(runs).toHaveLength(120);
    expect(runs.filter(({ status }) => status === 'FAILED').map(({ run }) => run)).toEqual(['run0007']);
  });

  it('is taken anew when its file is deleted or makes no sense', async () => {
    const { base, cacheDir } = await many();
    const plain = await openExperiments(base, { cacheDir }).list();
    for (const name of readdirSync(cacheDir))
      writeFileSync(join(cacheDir, name), 'expman-rx listing 3\n"x"\t\t{');
    expect(await openExperiments(base, { cacheDir }).list()).toStrictEqual(plain);
    for (const name of readdirSync(cacheDir)) rmSync(join(cacheDir, name));
    expect(await openExperiments(base, { cacheDir }).list()).toStrictEqual(plain);
  });
});
