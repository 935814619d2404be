import { describe, expect, it } from 'vitest';
import { type Scheduler, type Train, type TrialReport, sweep, uniform } from 'expman-rx/sweep';
import { tempFolders } from '../support/temp-folder.js';
import { warningsOf } from '../support/warnings-of.js';
import { optionsIn, type Params, SPACE, square } from './small-sweep.js';

const folder = tempFolders('judged');
/** Logs some losses, until it is stopped. */
const logging =
  (
    losses: (number: number) => readonly (number | string)[],
    stepOf = (at: number): number => at,
  ): Train<Params> =>
  ({ run, number, signal }) => {
    for (const [at, loss] of losses(number).entries()) {
      if (signal.aborted) return;
      run.logMetrics({ loss }, stepOf(at));
    }
  };

describe('a trial that reports no number', () => {
  it.each(['asha', 'median'] as const)('is stopped early by %s', async (scheduler) => {
    const train = logging((number) =>
      Array.from({ length: 64 }, (_, at) => (number % 2 ? NaN : 1 / (at + 1))),
    );
    const study = sweep(SPACE, train, optionsIn(folder(), { trials: 16, scheduler }));
    const reports = Array<number>(16).fill(0);
    study.events$.subscribe((event) => {
      if (event.kind === 'reported') reports[event.number] = (reports[event.number] ?? 0) + 1;
    });
    const { trials } = await study.result;
    const late = trials.filter(({ number }) => number % 2 === 1 && number > 10);
    expect(late.map(({ status, value }) => [status, value])).toEqual(late.map(() => ['stopped', null]));
    expect(late.every(({ number }) => (reports[number] ?? 0) <= 6)).toBe(true);
  });

  it('at its end is no result, be it NaN or a text', async () => {
    const lasts = [NaN, 'nan', 5];
    const train = logging((number) => [1, lasts[number] ?? 0]);
    const { best, trials } = await sweep(SPACE, train, optionsIn(folder(), { trials: 3 })).result;
    expect(trials.map(({ status, error }) => [status, error])).toEqual([
      ['failed', 'the metric "loss" was NaN at the end'],
      ['failed', 'the metric "loss" was a text at the end'],
      ['finished', undefined],
    ]);
    expect(best.value).toBe(5);
  });
});

describe('steps on another scale', () => {
  it.each<[string, RegExp, (at: number) => number]>([
    ['that do not grow', /do not grow/, () => 0],
    ['that are negative', /negative/, (at) => at - 100],
    ['that begin far beyond minResource', /minResource/, (at) => 1000 * (at + 1)],
  ])('%s are told once', async (_, text, stepOf) => {
    const train = logging(() => Array<number>(8).fill(1), stepOf);
    const warnings = await warningsOf(
      () => sweep(SPACE, train, optionsIn(folder(), { trials: 3, scheduler: 'asha' })).result,
    );
    expect(warnings).toEqual([expect.stringMatching(text)]);
  });
});

describe('a scheduler of one’s own', () => {
  it('decides, is kept across a restart, and forgets an attempt that failed', async () => {
    const calls: unknown[] = [];
    const make = (): Scheduler => ({
      stops: ({ trial, resource }: TrialReport) => trial === 1 && resource === 2,
      courseOf: (trial) => [[1, trial]],
      recall: (trial, course) => calls.push([trial, course]),
    });
    const options = optionsIn(folder(), { trials: 2, retries: 1, scheduler: make() });
    const train: Train<Params> = (trial) => {
      if (trial.number === 0 && trial.attempt === 0) throw new Error('flaky');
      return square(trial);
    };
    const { trials } = await sweep(SPACE, train, options).result;
    expect(trials.map(({ status }) => status)).toEqual(['finished', 'stopped']);
    expect(calls.splice(0)).toEqual([[0, []]]);
    await sweep(SPACE, square, { ...options, scheduler: make() }).result;
    expect(calls).toEqual([
      [0, [[1, 0]]],
      [1, [[1, 1]]],
    ]);
  });

  it.each<[string, Partial<Scheduler>]>([
    ['throws', { stops: () => expect.fail('no more') }],
    ['returns a promise', { stops: (() => Promise.resolve(false)) as never }],
    ['keeps no pairs', { courseOf: () => [[1, '2']] as never }],
  ])('that %s ends the sweep, whose runs are closed', async (_, wrong) => {
    const scheduler = { stops: () => false, ...wrong };
    const space = { x: uniform(0, 1) };
    const study = sweep(space, ({ run }) => run.logMetrics({ loss: 1 }, 0), {
      name: 's',
      baseDir: folder(),
      metric: 'loss',
      trials: 2,
      handleSignals: false,
      scheduler,
    });
    await expect(study.result).rejects.toThrow(/no more|scheduler\.stops|scheduler\.courseOf/);
  });
});
