import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Space, choice, sweep, uniform } from 'expman-rx/sweep';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('sweep-secrets');

/** All bytes of the files below a folder. */
const bytesBelow = (dir: string): string =>
  readdirSync(dir, { withFileTypes: true, recursive: true })
    .map((entry) =>
      entry.isFile() ? readFileSync(join(entry.parentPath, entry.name)).toString('latin1') : '',
    )
    .join('\n');

describe('a secret in the space of a sweep', () => {
  it('reaches its trials, also those of a resumed sweep, and no file', async () => {
    const baseDir = folder();
    const space = (key: string) =>
      ({
        openai: { key },
        pin: { password: 90_210 },
        db: choice(`postgres://ada:${key}@one/d`, `postgres://ada:${key}@two/d`),
        x: uniform(0, 1),
      }) satisfies Space;
    const seen: unknown[] = [];
    const written: string[] = [];
    const run = async (key: string, trials: number, failsAt: number): Promise<void> => {
      const study = sweep(
        space(key),
        ({ number, params, run: trial }) => {
          seen.push(params.openai.key, params.pin.password, /:s3cr3t-.@(one|two)/.test(params.db));
          if (number === failsAt) throw new Error(`no answer of ${params.db}`);
          trial.logMetrics({ loss: params.x });
        },
        {
          name: 'keys',
          metric: 'loss',
          baseDir,
          trials,
          seed: 7,
          resume: 'allow',
          maxFailures: 5,
          retries: 0,
        },
      );
      study.events$.subscribe(({ kind }) => {
        if (kind === 'started') written.push(bytesBelow(study.dir));
      });
      await study.result;
      written.push(bytesBelow(study.dir));
    };
    await run('s3cr3t-1', 2, 1);
    await run('s3cr3t-2', 4, -1);
    expect(written.length).toBe(6);
    for (const text of written) expect(text).not.toMatch(/s3cr3t|90210/);
    expect(seen).toEqual(
      ['s3cr3t-1', 's3cr3t-1', 's3cr3t-2', 's3cr3t-2'].flatMap((key) => [key, 90_210, true]),
    );
  });

  it('is refused where it is one of several that no file could tell apart', () => {
    const options = { name: 'keys', metric: 'loss', baseDir: folder() };
    for (const space of [
      { key: { api_key: choice('s3cr3t-1', 's3cr3t-2') } },
      { key: { password: choice(1, 2) } },
    ])
      expect(() => sweep(space as Space, () => undefined, options)).toThrow(
        expect.objectContaining({
          code: 'INVALID_OPTION',
          option: expect.stringMatching(/^space\.key\./) as string,
        }),
      );
  });
});
