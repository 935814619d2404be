import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { type StoredRun, openRun, queryRuns, streamQuery } from 'expman-rx/reader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('reader-options', afterAll);
let base: string;
let run: StoredRun;

beforeAll(async () => {
  base = folder();
  const logged = new LoggingEngine(new ExperimentConfig('exp', base, { environment: false, runName: 'r' }));
  logged.logMetrics({ loss: 1 }, 0);
  logged.logger.info('done');
  await logged.close();
  run = openRun(logged.runDir);
});

/** What a call is refused with, thrown or as a rejection. */
async function refusal(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    return `${code ?? 'no code'}: ${message}`;
  }
  return 'taken';
}

describe('an option that breaks its rule', () => {
  it.each<[string, () => unknown, string | RegExp]>([
    [
      'columns',
      () => run.metrics({ columns: 'loss' as never }),
      'columns must be a list of metric names; got "loss" (string)',
    ],
    ['fromStep', () => run.metrics({ fromStep: NaN }), 'fromStep must be a number; got NaN (NaN)'],
    ['toStep', () => run.metrics({ toStep: '9' as never }), 'toStep must be a number; got "9" (string)'],
    ['where', () => run.metrics({ where: 1 as never }), 'where must be a function of a row; got 1 (number)'],
    [
      'downsample',
      () => run.metrics({ downsample: 0 }),
      'downsample must be an integer from 1 up; got 0 (number)',
    ],
    [
      'pollMs',
      () => run.follow({ pollMs: 0 }),
      'pollMs must be a number of milliseconds from 1 to 2147483647; got 0 (number)',
    ],
    [
      'from',
      () => run.follow({ from: -1 }),
      "from must be 'start', 'end', or a number from 0 up; got -1 (number)",
    ],
    [
      'from, misspelt',
      () => run.follow({ from: 'strat' as never }),
      `from must be 'start', 'end', or a number from 0 up; got "strat" (string)`,
    ],
    [
      'pollMs that no timer waits',
      () => run.follow({ pollMs: 1e12 }),
      'pollMs must be a number of milliseconds from 1 to 2147483647; got 1000000000000 (number)',
    ],
    [
      'level',
      () => run.logs({ level: 'bogus' }),
      `level must be one of 'silly', 'debug', 'verbose', 'http', 'info', 'warn', 'error'; got "bogus" (string)`,
    ],
    ['last', () => run.logs({ last: -1 }), 'last must be an integer from 0 up; got -1 (number)'],
    ...(['x', 1e12, 0, NaN] as never[]).map((timeoutMs): [string, () => unknown, RegExp] => [
      'timeoutMs',
      () => queryRuns(base, 'SELECT 1', { timeoutMs }),
      /timeoutMs must be a number of milliseconds from 1 to 2147483647; got /,
    ]),
    [
      'maxRows',
      () => queryRuns(base, 'SELECT 1', { maxRows: '2' as never }),
      'maxRows must be an integer from 0 up; got "2" (string)',
    ],
    [
      'memoryLimit',
      () => streamQuery(base, 'SELECT 1', { memoryLimit: 5 as never }),
      "memoryLimit must be a size as DuckDB writes it, such as '1GB'; got 5 (number)",
    ],
  ])('is refused with what is allowed and what was given: %s', async (_option, call, message) => {
    const refused = await refusal(call);
    if (typeof message === 'string') expect(refused).toBe(`INVALID_OPTION: ${message}`);
    else expect(refused).toMatch(message);
  });
});
