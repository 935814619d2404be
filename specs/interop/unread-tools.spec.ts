import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importRuns } from 'expman-rx/interop';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('unread-tools');

function files(...names: readonly string[]): string {
  const path = join(folder(), 'given');
  for (const name of names) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(
      join(path, name),
      name.endsWith('.log') ? '{"op_code":0,"worker_id":"a-1","study_name":"s"}\n' : 'x',
    );
  }
  return path;
}

describe('what is not read', () => {
  it.each([
    ['Aim', ['.aim/VERSION'], '', /Aim.*query_metrics.*CSV/],
    ['Aim', ['.aim/VERSION'], '.aim', /Aim.*query_metrics.*CSV/],
    ['SwanLab', ['swanlog/run-1/backup.swanlab'], '', /SwanLab.*swanlab sync/],
    ['SwanLab', ['swanlog/run-1/backup.swanlab'], 'swanlog', /SwanLab.*swanlab sync/],
    ['SwanLab', ['swanlog/run-1/backup.swanlab'], 'swanlog/run-1', /SwanLab.*swanlab sync/],
    ['ClearML', ['task.json', 'metrics.jsonl'], '', /ClearML.*--import-offline-session/],
    ['ClearML', ['offline-0a1b.zip'], 'offline-0a1b.zip', /ClearML.*--import-offline-session/],
    ['a journal of Optuna', ['journal.log'], 'journal.log', /Optuna.*trials_dataframe/],
    [
      'Lightning',
      ['version_0/metrics.csv', 'version_0/hparams.yaml'],
      '',
      /Lightning; give the file metrics.csv/,
    ],
  ] as const)('of %s is told, with what to do: %j at "%s"', async (_, names, given, advice) => {
    await expect(importRuns(join(files(...names), given), { dir: folder() })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(advice) as unknown,
    });
  });

  it('of other databases is told', async () => {
    const path = join(folder(), 'study.db');
    const refused = (words: string): Promise<unknown> => {
      writeFileSync(
        path,
        Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(100), Buffer.from(words)]),
      );
      return importRuns(path, { dir: folder() }).catch((error: unknown) => (error as Error).message);
    };
    expect(await refused('TABLE study_directions TABLE trial_intermediate_values')).toMatch(
      /storage of Optuna/,
    );
    expect(await refused('TABLE other')).toMatch(/database of SQLite, and neither/);
  });

  it('of links is told', async ({ skip }) => {
    skip(process.platform === 'win32', 'links need rights there');
    const [runs, path] = [files('a/x'), folder()];
    symlinkSync(join(runs, 'a'), join(path, 'a'));
    await expect(importRuns(path, { dir: folder() })).rejects.toThrow(/a folder of links.*give the folder/);
    await expect(importRuns(folder(), { dir: folder() })).rejects.toThrow(/is not recognised/);
  });
});
