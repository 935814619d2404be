import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { join } from 'node:path';
import { serve } from 'expman-rx/dashboard';
import { exchangeRunOf, exportRun, importRuns, unarchiveRun } from 'expman-rx/interop';
import { observe } from 'expman-rx/otel';
import {
  type StoredRun,
  openExperiments,
  openRun,
  parseSort,
  parseWhere,
  queryRuns,
  readRun,
  streamQuery,
} from 'expman-rx/reader';
import { SummaryWriter } from 'expman-rx/tensorboard';
import { EMPTY, noop } from 'rxjs';
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

describe('a misspelt option', () => {
  it.each<[string, () => unknown, string]>([
    [
      'metrics',
      () => run.metrics({ colums: ['loss'] } as never),
      'unknown option "colums"; did you mean "columns"?',
    ],
    ['rows', () => run.rows({ fromSetp: 1 } as never).next(), 'did you mean "fromStep"?'],
    ['follow', () => run.follow({ frm: 'end' } as never), 'unknown option "frm"; did you mean "from"?'],
    ['logs', () => run.logs({ levle: 'warn' } as never), 'did you mean "level"?'],
    ['runs', () => openExperiments(base).runs({ wher: () => true } as never), 'did you mean "where"?'],
    ['openExperiments', () => openExperiments(base, { cachDir: null } as never), 'did you mean "cacheDir"?'],
    ['queryRuns', () => queryRuns(base, 'SELECT 1', { maxRow: 1 } as never), 'did you mean "maxRows"?'],
    [
      'exportRun',
      () => exportRun(run.runDir, 'csv', join(base, 'x'), { onRow: 1 } as never),
      'did you mean "onRows"?',
    ],
    ['importRuns', () => importRuns(base, { dir: base, fromat: 'csv' } as never), 'did you mean "format"?'],
    ['unarchiveRun', () => unarchiveRun(base, base, { maxFile: 1 } as never), 'did you mean "maxFiles"?'],
    [
      'SummaryWriter',
      () => new SummaryWriter(join(base, 'tb'), { flushInterval: 5 } as never),
      'did you mean "flushIntervalMs"?',
    ],
    [
      'observe',
      () => observe(engineLike, meterLike, { perod: 5 } as never),
      'Known options: prefix, attributes, periodMs',
    ],
  ])('is refused, with those there are: %s', async (_call, call, message) => {
    const refused = await refusal(call);
    expect(refused).toContain('INVALID_OPTION: ');
    expect(refused).toContain(message);
  });
});

const engineLike = { runDir: '/e/r', runName: 'r', live: () => EMPTY };
const meterLike = { createObservableGauge: () => ({ addCallback: noop, removeCallback: noop }) };

describe('an argument that is none', () => {
  it.each<[string, () => unknown]>([
    ['INVALID_OPTION metrics(null)', () => run.metrics(null as never)],
    ['INVALID_OPTION follow(null)', () => run.follow(null as never)],
    ['INVALID_OPTION logs(null)', () => run.logs(null as never)],
    ['INVALID_OPTION logs text', () => run.logs({ text: 5 as never })],
    ['INVALID_OPTION runs where', () => openExperiments(base).runs({ where: 5 as never })],
    ['INVALID_OPTION openExperiments()', () => openExperiments(undefined as never)],
    ['INVALID_OPTION openRun()', () => openRun(undefined as never)],
    ['INVALID_OPTION readRun()', () => readRun(undefined as never)],
    ['INVALID_OPTION parseWhere()', () => parseWhere(undefined as never)],
    ['INVALID_OPTION parseSort()', () => parseSort(undefined as never)],
    ['INVALID_OPTION queryRuns()', () => queryRuns(base, undefined as never)],
    ['INVALID_OPTION queryRuns of no folder', () => queryRuns(undefined as never, 'SELECT 1')],
    ['INVALID_OPTION importRuns without options', () => importRuns(base, undefined as never)],
    ['INVALID_OPTION importRuns without dir', () => importRuns(base, {})],
    ['INVALID_OPTION exportRun()', () => exportRun(undefined as never, 'csv', 'x')],
    ['INVALID_OPTION exchangeRunOf()', () => exchangeRunOf(undefined as never)],
    ['INVALID_OPTION serve()', () => serve(undefined as never)],
    ['INVALID_OPTION serve of no run', () => serve({ host: 5 } as never)],
    ['INVALID_OPTION serve of no text', () => serve('a\0b')],
    ['INVALID_OPTION observe no run', () => observe(null as never, meterLike)],
    ['INVALID_OPTION observe no meter', () => observe(engineLike, null as never)],
    ['INVALID_OPTION new SummaryWriter(null)', () => new SummaryWriter(null as never)],
    ['INVALID_VALUE addHistogram', () => writer().addHistogram('h', 5 as never)],
    ['INVALID_VALUE addScalars', () => writer().addScalars('s', null as never)],
    ['INVALID_VALUE addHparams', () => writer().addHparams(null as never, {})],
    ['INVALID_VALUE addText', () => writer().addText('t', 5 as never)],
  ])('is refused with a code: %s', async (what, call) => {
    expect(await refusal(call)).toMatch(new RegExp(`^${what.split(' ')[0] ?? ''}: .* must be .*; got`));
  });
});

const writer = (): SummaryWriter => new SummaryWriter(join(base, 'tb'));

describe('an option that breaks its rule', () => {
  it.each<[string, () => unknown, string | RegExp]>([
    [
      'columns',
      () => run.metrics({ columns: 'loss' as never }),
      'columns must be a list of metric names; got "loss" (string)',
    ],
    [
      'fromStep',
      () => run.metrics({ fromStep: NaN }),
      'fromStep must be a number or a bigint; got NaN (NaN)',
    ],
    [
      'toStep',
      () => run.metrics({ toStep: '9' as never }),
      'toStep must be a number or a bigint; got "9" (string)',
    ],
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
      "memoryLimit must be a size in DuckDB's notation, such as '1GB'; got 5 (number)",
    ],
  ])('is refused with what is allowed and what was given: %s', async (_option, call, message) => {
    const refused = await refusal(call);
    if (typeof message === 'string') expect(refused).toBe(`INVALID_OPTION: ${message}`);
    else expect(refused).toMatch(message);
  });
});
