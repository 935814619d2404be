import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { type StoredRun, openRun } from 'expman-rx/reader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('reader-options', afterAll);
let run: StoredRun;

beforeAll(async () => {
  const logged = new LoggingEngine(
    new ExperimentConfig('exp', folder(), { environment: false, runName: 'r' }),
  );
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
  it.each<[string, () => unknown, string]>([
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
    ['pollMs', () => run.follow({ pollMs: 0 }), 'pollMs must be a number from 1 up; got 0 (number)'],
    [
      'from',
      () => run.follow({ from: -1 }),
      "from must be 'start', 'end', or a number from 0 up; got -1 (number)",
    ],
  ])('is refused with what is allowed and what was given: %s', async (_option, call, message) => {
    expect(await refusal(call)).toBe(`INVALID_OPTION: ${message}`);
  });
});
