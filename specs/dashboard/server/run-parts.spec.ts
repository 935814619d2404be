import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import type { Dashboard } from 'expman-rx/dashboard';
import { describe, expect, it } from 'vitest';
import * as api from '../../../dist/modules/dashboard/api.js';
import { checkpointsAnswer } from '../../../src/dashboard/data/checkpoints-answer.js';
import { ask, closedRun, dashboards, idOf, listen, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('dashboard-run-parts');
const serve = dashboards();

const runOf = async (dashboard: Dashboard, id: string): Promise<api.RunAnswer> => {
  const body: unknown = await (await ask(dashboard, `/api/runs/${id}`)).json();
  expect([...Value.Errors(api.RunAnswer, body)]).toEqual([]);
  return body as api.RunAnswer;
};

describe('the details of a run', () => {
  it('have its checkpoints, with sizes, rules, values, and what is wrong with their files', async () => {
    const base = folder();
    const run = openRun(base);
    for (const step of [0, 1, 2]) {
      run.logMetrics({ loss: step === 1 ? NaN : step }, step);
      await run.saveCheckpoint(step, { text: 'x'.repeat(step + 1) }, { keep: ['last 9', 'best 1 by loss'] });
    }
    await run.saveCheckpoint(2n ** 60n, { text: 'far' });
    await run.close();
    const list = join(run.runDir, 'checkpoints/manifest.ndjson');
    const [first = ''] = readFileSync(list, 'utf8').split('\n');
    rmSync(join(run.runDir, 'checkpoints', (JSON.parse(first) as { file: string }).file));
    const dashboard = await serve(base);
    const { checkpoints, checkpointsProblem } = await runOf(dashboard, idOf(run.runDir));
    const keep = ['last 9', 'best 1 by loss'];
    expect(checkpoints).toMatchObject([
      { step: 0, bytes: 1, keep, values: { loss: 0 }, problem: 'is missing' },
      { step: 1, bytes: 2, keep, values: { loss: 'NaN' }, problem: null },
      { step: 2, bytes: 3, keep, values: { loss: 2 }, problem: null },
      { step: String(2n ** 60n), bytes: 3, keep: [], values: {}, problem: null },
    ]);
    expect(checkpointsProblem).toBeNull();
    appendFileSync(list, 'no line\n');
    expect((await runOf(dashboard, idOf(run.runDir))).checkpointsProblem).toContain('1 damaged');
  });

  it('has the last 1,000 checkpoints, and counts the others', async () => {
    const base = folder();
    const run = openRun(base);
    await run.saveCheckpoint(0, { text: 'a' });
    await run.close();
    const list = join(run.runDir, 'checkpoints/manifest.ndjson');
    const line = readFileSync(list, 'utf8');
    writeFileSync(
      list,
      Array.from({ length: 1004 }, (_, at) => line.replace('"step":0', `"step":${at}`)).join(''),
    );
    const { checkpoints, checkpointsLeftOut } = checkpointsAnswer(run.runDir);
    expect([checkpoints.length, checkpoints[0]?.step, checkpointsLeftOut]).toEqual([1000, 4, 4]);
  });

  it('name the run that it was forked from where that is now, or say that it is not there', async () => {
    const base = folder();
    const parent = await closedRun(base, 10, { runName: 'parent' });
    const fork = openRun(base, { runName: 'fork', fork: { from: parent, step: 4 } });
    await fork.close();
    const dashboard = await serve(base);
    const lineage = async (): Promise<unknown> => (await runOf(dashboard, 'exp/fork')).lineage;
    const named = { experiment: 'exp', run: 'parent', step: 4, isCopy: false };
    expect(await lineage()).toEqual([{ ...named, id: 'exp/parent', problem: null }]);
    renameSync(parent, join(dirname(parent), 'moved'));
    expect(await lineage()).toEqual([{ ...named, id: 'exp/moved', problem: null }]);
    rmSync(join(dirname(parent), 'moved'), { recursive: true });
    expect(await lineage()).toEqual([
      { ...named, id: null, problem: 'it is not below the folder of experiments' },
    ]);
    expect((await runOf(dashboard, 'exp/fork')).facts.parent).toMatchObject({ run: 'parent', step: 4 });

    const away = await closedRun(folder(), 3, { runName: 'far' });
    const copied = openRun(base, { runName: 'copied', fork: { from: away, step: 1 } });
    await copied.close();
    expect((await runOf(dashboard, 'exp/copied')).lineage).toMatchObject([
      { run: 'far', id: null, isCopy: true, problem: null },
    ]);
  });

  it('have the project, and versions that it has logged and used; a new alert changes the list', async () => {
    const base = folder();
    const run = openRun(base, { project: 'vision' });
    await run.logArtifact('model', { a: { text: 'a' } });
    await run.flush();
    const dashboard = await serve(base);
    const { facts } = await runOf(dashboard, idOf(run.runDir));
    expect(facts.project).toBe('vision');
    expect(Object.keys(facts.loggedArtifacts ?? {})).toEqual(['model:v1']);
    const { experiments } = (await (await ask(dashboard, '/api/experiments')).json()) as {
      experiments: api.ExperimentFacts[];
    };
    expect(experiments).toMatchObject([{ name: 'exp', project: 'vision' }]);
    const client = await listen(dashboard, '');
    const known = client.heard.length;
    run.alert('Loss is NaN', { level: 'error' });
    await run.flush();
    await client.until((heard) => heard.slice(known).some(({ event }) => event === 'runs'));
    client.close();
    await run.close();
  });
});
