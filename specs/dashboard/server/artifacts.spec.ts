import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TSchema, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Dashboard } from 'expman-rx/dashboard';
import { describe, expect, it } from 'vitest';
import * as api from '../../../dist/modules/dashboard/api.js';
import { LineageIndex } from '../../../src/reader/artifacts/lineage.js';
import { readVersion } from '../../../src/dashboard/data/read-artifacts.js';
import { ask, dashboards, openRun } from '../../support/dashboard.js';
import { tempFolders } from '../../support/temp-folder.js';

const folder = tempFolders('dashboard-artifacts');
const serve = dashboards();

const answerOf = async <T extends TSchema>(
  dashboard: Dashboard,
  path: string,
  schema: T,
): Promise<Static<T>> => {
  const body: unknown = await (await ask(dashboard, path)).json();
  expect([...Value.Errors(schema, body)]).toEqual([]);
  return body as Static<T>;
};

/** A dataset, two versions of a model made of it, and a run that used the second. */
async function logged(base: string): Promise<void> {
  const train = openRun(base, { runName: 'r1' }, 'train');
  await train.logArtifact('digits', { 'a.csv': { text: 'a' } }, { type: 'dataset' });
  await train.useArtifact('digits:latest');
  await train.logArtifact('model', { 'w.json': { json: [1] } }, { type: 'model', aliases: ['best'] });
  await train.logArtifact('model', { 'w.json': { json: [2] }, 'x/y.bin': { text: 'y' } });
  await train.close();
  const use = openRun(base, { runName: 'r2' }, 'use');
  await use.useArtifact('model:v2');
  await use.close();
}

describe('the API of artifacts with versions', () => {
  it('lists artifacts, their versions with aliases, and who made and used each', async () => {
    const base = folder();
    await logged(base);
    const dashboard = await serve(base);
    const by = { experiment: 'train', run: 'r1', isThere: true };

    const list = await answerOf(dashboard, '/api/artifacts', api.ArtifactsAnswer);
    expect(list).toMatchObject({ total: 2, offset: 0 });
    expect(list.artifacts.map(({ name, type, versions }) => [name, type, versions])).toEqual([
      ['digits', 'dataset', 1],
      ['model', 'model', 2],
    ]);
    expect(list.artifacts[1]?.newest).toMatchObject({ version: 2, aliases: ['latest'], createdBy: by });

    const model = await answerOf(dashboard, '/api/artifacts/model?limit=1', api.ArtifactAnswer);
    expect(model).toMatchObject({ total: 2, versions: [{ version: 2, files: 2, users: 1, createdBy: by }] });
    const older = await answerOf(dashboard, '/api/artifacts/model?offset=1', api.ArtifactAnswer);
    expect(older.versions).toMatchObject([{ version: 1, aliases: ['best'], users: 0 }]);

    const second = await answerOf(dashboard, '/api/artifacts/model/v2', api.ArtifactVersionDetails);
    expect(second.lineage).toEqual({
      loggedBy: { first: [by], left: 0 },
      usedBy: { first: [{ experiment: 'use', run: 'r2', isThere: true }], left: 0 },
      ancestors: { first: ['digits:v1'], left: 0 },
      descendants: { first: [], left: 0 },
      leftOut: 0,
    });
    expect(second.files.map(({ path }) => path)).toEqual(['w.json', 'x/y.bin']);
    const page = await answerOf(
      dashboard,
      '/api/artifacts/model/v2?offset=1&limit=1',
      api.ArtifactVersionDetails,
    );
    expect([page.total, page.files.map(({ path }) => path)]).toEqual([2, ['x/y.bin']]);

    rmSync(join(base, 'train'), { recursive: true });
    const orphan = await serve(base);
    const made = await answerOf(orphan, '/api/artifacts/model/v2', api.ArtifactVersionDetails);
    expect(made.version.createdBy).toEqual({ ...by, isThere: false });
  });

  it('has none in a folder without any, and not those that are not there', async () => {
    const base = folder();
    const dashboard = await serve(base);
    const empty = { total: 0, offset: 0, artifacts: [] };
    expect(await answerOf(dashboard, '/api/artifacts', api.ArtifactsAnswer)).toEqual(empty);
    await logged(base);
    for (const [path, status] of [
      ['/api/artifacts/none', 404],
      ['/api/artifacts/model/v3', 404],
      ['/api/artifacts/model/v0', 404],
      ['/api/artifacts/model/latest', 404],
      ['/api/artifacts/..%2f..', 400],
      ['/api/artifacts/%2e%2e', 404],
      ['/api/artifacts?limit=1001', 400],
    ] as const) {
      const response = await ask(dashboard, path);
      expect([path, response.status]).toEqual([path, status]);
      expect(await response.text()).not.toContain(base);
    }
  });

  it('tells which versions cannot be read beside the others, and not where they lie', async () => {
    const base = folder();
    await logged(base);
    writeFileSync(join(base, '.artifacts/names/model/v1.json'), 'no manifest');
    const dashboard = await serve(base);
    const model = await answerOf(dashboard, '/api/artifacts/model', api.ArtifactAnswer);
    expect(model.versions.map(({ version }) => version)).toEqual([2]);
    expect(model.problems).toMatchObject([{ ref: 'model:v1', code: 'CORRUPT' }]);
    expect(JSON.stringify(model)).not.toContain(base);
    const list = await answerOf(dashboard, '/api/artifacts', api.ArtifactsAnswer);
    expect(list.artifacts[1]?.problems).toHaveLength(1);
    expect((await ask(dashboard, '/api/artifacts/model/v1')).status).toBe(422);
  });

  it('names 100 runs of a lineage, and counts the others', async () => {
    const base = folder();
    await logged(base);
    const used = { 'model:v2': { type: 'model', digest: '', at: '' } };
    const { digest } = await answerOf(
      await serve(base),
      '/api/artifacts/model/v2',
      api.ArtifactVersionDetails,
    );
    const runs = Array.from({ length: 104 }, (_, at) => ({
      ...{ experiment: 'exp', run: `r${at}`, uuid: `u${at}`, runDir: `/r${at}` },
      ...{ loggedArtifacts: {}, usedArtifacts: { 'model:v2': { ...used['model:v2'], digest } } },
      artifactLinksLeftOut: 0,
    }));
    const index = new LineageIndex(runs as never);
    const text = await readVersion(base, { name: 'model', version: 2 }, index, { offset: 0, limit: 1 });
    const { lineage, total, files } = JSON.parse(text) as api.ArtifactVersionDetails;
    expect([lineage.usedBy.first.length, lineage.usedBy.left, total, files.length]).toEqual([100, 4, 2, 1]);
  });
});
