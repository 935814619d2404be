import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { queryRuns } from 'expman-rx/reader';
import { describe, expect, it } from 'vitest';
import { tempFolders } from '../../support/temp-folder.js';
import { open, rowsOf } from './runs-to-query.js';

const folder = tempFolders('query-artifacts');

async function logged(base: string): Promise<void> {
  const train = open(base, 'train');
  await train.logArtifact('digits', { 'a.csv': { text: 'abc' } }, { type: 'dataset' });
  await train.useArtifact('digits:v1');
  await train.logArtifact('model', { w: { text: '1' } }, { type: 'model', aliases: ['best'] });
  await train.logArtifact('model', { w: { text: '22' }, v: { text: '3' } });
  await train.close();
  const use = open(base, 'use');
  await use.useArtifact('model:best');
  await use.close();
}

describe('the views of artifacts', () => {
  it('have a row per version, and a row per version that a run has logged or used', async () => {
    const base = folder();
    await logged(base);
    const versions =
      'SELECT ref, name, version, type, run, aliases, bytes, files FROM artifact_versions ORDER BY ref';
    expect(await rowsOf(base, versions)).toEqual([
      ['digits:v1', 'digits', 1n, 'dataset', 'train', ['latest'], 3n, 1n],
      ['model:v1', 'model', 1n, 'model', 'train', ['best'], 1n, 1n],
      ['model:v2', 'model', 2n, 'model', 'train', ['latest'], 3n, 2n],
    ]);
    const links = 'SELECT run, link, ref, name, version, type FROM artifact_links ORDER BY run, link, ref';
    expect(await rowsOf(base, links)).toEqual([
      ['train', 'logged', 'digits:v1', 'digits', 1n, 'dataset'],
      ['train', 'logged', 'model:v1', 'model', 1n, 'model'],
      ['train', 'logged', 'model:v2', 'model', 2n, 'model'],
      ['train', 'used', 'digits:v1', 'digits', 1n, 'dataset'],
      ['use', 'used', 'model:v1', 'model', 1n, 'model'],
    ]);
    const joined = `SELECT u.run, v.run FROM artifact_links u JOIN artifact_versions v USING (ref, digest)
      JOIN runs r ON r.uuid = u.run_uuid WHERE u.link = 'used' AND v.created_at <= u.at ORDER BY u.run`;
    expect(await rowsOf(base, joined)).toEqual([
      ['train', 'train'],
      ['use', 'train'],
    ]);
  });

  it('are empty in a folder without artifacts, and leave out and report a version that cannot be read', async () => {
    const base = folder();
    await open(base, 'a').close();
    const count = 'SELECT count(*) FROM artifact_versions UNION ALL SELECT count(*) FROM artifact_links';
    expect(await rowsOf(base, count)).toEqual([[0n], [0n]]);
    await logged(base);
    writeFileSync(join(base, '.artifacts/names/model/v1.json'), 'no manifest');
    const { rows, skipped } = await queryRuns(
      base,
      "SELECT version FROM artifact_versions WHERE name = 'model'",
    );
    expect(rows).toEqual([[2n]]);
    expect(skipped).toMatchObject([
      { runDir: base, code: 'CORRUPT', reason: expect.stringContaining('model:v1') as string },
    ]);
  });
});
