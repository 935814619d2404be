import { lutimesSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openRun, readMedia } from 'expman-rx/reader';
import { lastValueFrom } from 'rxjs';
import { expect } from 'vitest';
import { ExpmanError } from '../../../dist/modules/model/errors.js';
import type { Lab } from './lab.js';

/** A text as it may stand in the name of a test. */
export const title = (text: string): string =>
  JSON.stringify(text)
    .replace(/[^ -~]/g, '.')
    .slice(0, 40);

/** What anybody would do with a folder of experiments. */
export async function lookAtAll(lab: Lab): Promise<void> {
  await lab.expectGoodIsListed();
  await lab.expman('list', lab.base, '--columns', 'params.lr,metrics.loss.min,notes,error');
  for (const command of ['inspect', 'tail', 'verify', 'plot', 'compare']) await lab.expman(command, lab.bad);
  await lab.expman('compare', lab.base, '--markdown', '--all');
  await lab.expman('inspect', lab.bad, '--json');
  await lab.expman('doctor', lab.base);
  await lab.expman('clean', lab.base, '--keep', '0');
  await lab.expman('export', lab.bad, '-f', 'json', '-o', join(lab.outside, 'out/a.json'));
}

/** The same for a program: a run is read, or refused with an error of ours. */
export async function readAll(runDir: string): Promise<void> {
  try {
    const run = openRun(runDir);
    await run.metrics({ fromStep: 1, downsample: 10 });
    await run.logs({ last: 10 });
    for await (const row of run.rows()) expect(row.values).toBeDefined();
    await lastValueFrom(run.follow(), { defaultValue: null });
    await readMedia(runDir);
  } catch (error) {
    expect(error).toBeInstanceOf(ExpmanError);
  }
}

/** What changes a run, or tries to. */
export async function mendAll(lab: Lab): Promise<void> {
  await lab.expman('tag', lab.bad, '--add', 'x');
  await lab.expman('archive', lab.bad, '-o', join(lab.outside, 'out/a.tar.gz'));
  await lab.expman('recover', lab.base);
  await lab.expman('clean', lab.base, '--keep', '1', '--force');
}

/** A lock that is not new is nobody's who lives. */
export const age = (path: string): void => {
  lutimesSync(path, new Date(0), new Date(0));
};

/** The name of a run's file; 'wal' stands for its first log. */
export const nameIn = (runDir: string, name: string): string =>
  name === 'wal' ? (readdirSync(runDir).find((each) => each.startsWith('wal-')) ?? 'wal-0-0.log') : name;
