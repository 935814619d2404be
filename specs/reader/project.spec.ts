import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openExperiments, openRun, parseSort, parseWhere, queryRuns, setProject } from 'expman-rx/reader';
import { json, logged, names } from '../cli/three-runs.js';
import { expmanHere as expman } from '../support/cli-here.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('project');

const open = (base: string, experiment: string, project?: string) =>
  new LoggingEngine(new ExperimentConfig(experiment, base, { environment: false, project })).close();

const projects = async (base: string) => {
  const runs = await openExperiments(base, { cacheDir: null }).runs();
  return runs.map(({ facts: { experiment, project } }) => `${experiment} ${project}`);
};

describe('the project of an experiment', () => {
  it('is set by the first run that names one, and is a fact of all its runs', async () => {
    const base = folder();
    await open(base, 'a', 'vision');
    await open(base, 'a');
    await open(base, 'b');
    expect(await projects(base)).toEqual(['a vision', 'a vision', 'b null']);
    await open(base, 'b', 'vision');
    expect(await projects(base)).toEqual(['a vision', 'a vision', 'b vision', 'b vision']);
    expect(() => new LoggingEngine(new ExperimentConfig('a', base, { project: 'text' }))).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option: 'project' }) as Error,
    );
    const [experiment] = await openExperiments(base, { cacheDir: null }).experiments();
    expect(await experiment?.about()).toMatchObject({ name: 'a', project: 'vision' });
    for (const project of ['', 'x'.repeat(129), 5 as unknown as string])
      expect(() => new ExperimentConfig('a', base, { project })).toThrow(
        /project must be a string of 1 to 128/,
      );
  });

  it('can be filtered, sorted and queried by', async () => {
    const base = folder();
    await logged(base, 'one', 0.1, 'a');
    await logged(base, 'two', 0.1, 'b');
    await setProject(join(base, 'b'), 'vision');
    const { runs } = await openExperiments(base, { cacheDir: null }).list();
    expect(
      runs.filter((facts) => parseWhere("project = 'vision'").matches(facts)).map(({ run }) => run),
    ).toEqual(['two']);
    expect([...runs].sort(parseSort('project')).map(({ run }) => run)).toEqual(['two', 'one']);
    expect(openRun(join(base, 'b/two')).facts.project).toBe('vision');
    const { rows } = await queryRuns(base, "SELECT run FROM runs WHERE project = 'vision'");
    expect(rows).toEqual([['two']]);
    expect((await expman('list', base)).stdout).toMatch(/project {2}run .*\n.*a\/one.*\n +vision {2,}b\/two/);
    expect(names(await expman('list', base, '--where', "project = 'vision'", '--json'))).toEqual(['two']);
    expect((await expman('inspect', join(base, 'b/two'))).stdout).toMatch(/project +vision/);
  });

  it('changes for all runs, remembered listings included', async () => {
    const [base, cacheDir] = [folder(), folder()];
    for (let n = 0; n < 101; n++) {
      const runDir = join(base, 'a', `r${n}`);
      mkdirSync(runDir, { recursive: true });
      const uuid = String(n).padStart(32, '0');
      writeFileSync(
        join(runDir, 'run.yaml'),
        `format: 2\nexperiment: a\nrun: r${n}\nuuid: "${uuid}"\nstartedAt: 2026-01-01T00:00:00.000Z\nstatus: FINISHED\ncounts:\n  rows: 0\n  accepted: 0\n# end\n`,
      );
    }
    const lab = openExperiments(base, { cacheDir });
    expect((await lab.runs({ where: ({ project }) => project === null })).length).toBe(101);
    await setProject(join(base, 'a'), 'vision');
    expect((await lab.runs({ where: ({ project }) => project === 'vision' })).length).toBe(101);
    await setProject(join(base, 'a'), null);
    expect((await lab.runs({ where: ({ project }) => project === null })).length).toBe(101);
  });

  it('leaves the rest of experiment.yaml as it is', async () => {
    const base = folder();
    await open(base, 'a');
    const path = join(base, 'a/experiment.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('# end', 'mine:\n  - 1\n# end'));
    await setProject(join(base, 'a'), 'vision');
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('mine:\n  - 1\n');
    expect(text).toContain('project: vision\n');
    await setProject(join(base, 'a'), null);
    expect(readFileSync(path, 'utf8')).not.toContain('project');
  });

  it('is null where a file says anything else, and hides no run', async () => {
    const base = folder();
    await open(base, 'a');
    const path = join(base, 'a/experiment.yaml');
    const evil = [
      'project: 5\n',
      'project:\n  a: 1\n',
      `project: ${'x'.repeat(200)}\n`,
      'project: ""\n',
      '[[[[',
      '',
    ];
    for (const text of evil) {
      writeFileSync(path, `${text}# end\n`);
      expect(await projects(base)).toEqual(['a null']);
    }
    writeFileSync(path, 'project: "\\e[31mred\\u202E"\n# end\n');
    for (const command of ['list', 'inspect'])
      expect(
        (
          await expman(
            command,
            command === 'list'
              ? base
              : (readdirSync(join(base, 'a'))
                  .map((run) => join(base, 'a', run))
                  .find((path) => existsSync(join(path, 'run.yaml'))) ?? ''),
          )
        ).stdout,
      ).not.toMatch(/\u001b\[31m|\u202e/);
    writeFileSync(path, '[[[[');
    await expect(setProject(join(base, 'a'), 'x')).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(() => new LoggingEngine(new ExperimentConfig('a', base, { project: 'x' }))).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }) as Error,
    );
  });

  it('is set by a command, on the folder of an experiment and nothing else', async () => {
    const base = folder();
    const runDir = await logged(base, 'one', 0.1, 'a');
    symlinkSync(join(base, 'a'), join(base, 'linked'));
    const dir = join(base, 'a');
    expect((await expman('project', dir)).stdout).toBe('no project\n');
    expect(json(await expman('project', dir, 'vision', '--json'))).toEqual({ dir, project: 'vision' });
    expect((await expman('project', dir, '--remove')).stdout).toBe('no project\n');
    for (const wrong of [base, runDir, join(base, 'linked'), join(base, 'none')])
      expect(await expman('project', wrong, 'vision'), wrong).toMatchObject({ exit: 2 });
    expect(await expman('project', dir, 'x', '--remove')).toMatchObject({ exit: 1 });
    expect(await expman('project', dir, 'x'.repeat(129))).toMatchObject({ exit: 2 });
    await expect(setProject(dir, undefined as unknown as null)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});
