import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, currentRun, withRun } from 'expman-rx';
import { duckdb } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('current-run');
const open = (): LoggingEngine =>
  new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));

describe('the current run', () => {
  it('is none outside of a run', () => {
    expect(currentRun()).toBeUndefined();
  });

  it('is never what is no run', () => {
    const refused = expect.objectContaining({ code: 'INVALID_OPTION', option: 'run' }) as Error;
    for (const wrong of [{}, null, undefined, 'run'])
      expect(() => withRun(wrong as never, () => expect.fail('called'))).toThrow(refused);
  });

  it('is the innermost, and again the outer one when that is over, also when it throws', async () => {
    const [outer, inner] = [open(), open()];
    withRun(outer, () => {
      expect(withRun(inner, () => currentRun())).toBe(inner);
      expect(() =>
        withRun(inner, () => {
          throw new Error('boom');
        }),
      ).toThrow('boom');
      expect(currentRun()).toBe(outer);
    });
    await Promise.all([outer.close(), inner.close()]);
  });

  it('never crosses between runs that work at the same time', async () => {
    const library = async (of: number): Promise<void> => {
      for (let step = 0; step < 20; step++) {
        await turn();
        currentRun()?.logMetrics({ of }, step);
      }
    };
    const runs = Array.from({ length: 8 }, open);
    await Promise.all(runs.map((run, of) => withRun(run, () => library(of))));
    await Promise.all(runs.map((run) => run.close()));
    for (const [of, run] of runs.entries())
      expect(
        await duckdb(
          run.runDir,
          'SELECT count(*)::INT AS rows, min("of")::INT AS least, max("of")::INT AS most FROM read_parquet($1)',
        ),
      ).toEqual([{ rows: 20, least: of, most: of }]);
  });
});
